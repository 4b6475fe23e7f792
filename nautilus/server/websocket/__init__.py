"""Live messages to clients: encode once, write to each, wait for nobody.

`protocol` writes prepared frames past the ASGI queue, `links` does the same where another server
runs; `prepared` is a message as it goes out, `kinds` its type and what a slow client loses of it;
`filters` thin a subscription; `client` holds what one connection is owed; `logs` number the
messages of a topic and keep the last; `hub` joins them to the bus; `session` speaks with a client.
"""
