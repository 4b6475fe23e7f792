"""Tokens that must not count, each for one reason, and the memory of those that did."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from nautilus.core.errors import ParameterError
from nautilus.server.auth import REMEMBERED, Authenticator, TokenError, authenticator_of
from nautilus.server.keys import Keys, _jwks
from nautilus.server.settings import Settings

SECRET = b"thirty-two bytes or more of secret"
NOW = 1_800_000_000.0
CLAIMS = {"sub": "alice", "iss": "nautilus", "aud": "nautilus", "scope": "read risk:write other:x"}


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def claims(**changed):
    now = int(time.time())
    return {**CLAIMS, "iat": now, "exp": now + 60, **changed}


def without(name):
    return {key: value for key, value in claims().items() if key != name}


def signed(payload, key=SECRET, algorithm="HS256", **headers):
    return jwt.encode(payload, key, algorithm=algorithm, headers=headers)


def by_hand(header, payload, secret=SECRET, digest="sha256"):
    """A token as an attacker makes one, without a library that refuses to."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=") for p in (header, payload)
    ]
    body = b".".join(parts)
    signature = hmac.new(secret, body, digest).digest() if secret else b""
    return (body + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def authenticator(keys=None, algorithm="HS256", **options):
    return Authenticator(
        keys or Keys.fixed(SECRET),
        algorithm=algorithm,
        issuer="nautilus",
        audience="nautilus",
        **options,
    )


def identity(token, checking=None):
    return asyncio.run((checking or authenticator()).identity(token))


def refused(token, match, checking=None, code="invalid_token"):
    with pytest.raises(TokenError, match=match) as caught:
        identity(token, checking)
    assert caught.value.code == code
    assert len(token) < 12 or token not in str(caught.value)


def test_a_good_token_says_who_and_what():
    found = identity(signed(claims(portfolios=["p1"])))
    assert (found.subject, found.scopes) == ("alice", frozenset({"read", "risk:write"}))
    assert found.portfolios == ("p1",)
    assert 0 < found.expires_at - time.time() <= 70


@pytest.mark.parametrize("name", ["scopes", "scp"])
def test_scopes_may_be_a_list_under_other_names(name):
    payload = without("scope") | {name: ["read", "metrics:read"]}
    assert identity(signed(payload)).scopes == {"read", "metrics:read"}


def test_without_scopes_a_token_allows_nothing():
    assert identity(signed(without("scope"))).scopes == frozenset()


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
def test_an_unsigned_token_is_none(algorithm):
    refused(by_hand({"alg": algorithm, "typ": "JWT"}, claims(), secret=b""), "must be signed")


@pytest.mark.parametrize(("algorithm", "digest"), [("HS384", "sha384"), ("HS512", "sha512")])
def test_another_algorithm_of_the_same_family_is_refused(algorithm, digest):
    refused(by_hand({"alg": algorithm}, claims(), digest=digest), "must be signed by HS256")


def test_a_public_key_is_no_secret():
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    checking = authenticator(Keys.fixed(private.public_key()), "RS256")
    refused(by_hand({"alg": "HS256"}, claims(), secret=pem), "must be signed by RS256", checking)
    assert identity(signed(claims(), private, "RS256"), checking).subject == "alice"


def test_an_algorithm_in_the_header_does_not_change_ours():
    refused(by_hand({"alg": "RS256"}, claims()), "must be signed by HS256")


@pytest.mark.parametrize("name", ["exp", "iat", "aud", "iss", "sub"])
def test_every_required_claim_is_required(name):
    refused(signed(without(name)), "must have exp, iat, aud, iss, sub")


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"aud": "other"}, "another audience"),
        ({"aud": []}, "must have"),
        ({"iss": "other"}, "another issuer"),
        ({"nbf": 4_000_000_000}, "not valid yet"),
        ({"iat": 4_000_000_000}, "not valid yet"),
        ({"sub": ""}, "`sub` must be"),
        ({"sub": "a\nb"}, "`sub` must be"),
        ({"sub": "x" * 201}, "`sub` must be"),
        ({"scope": 7}, "`scope` must be"),
        ({"scope": ["read", 1]}, "`scope` must be"),
        ({"portfolios": "p1"}, "`portfolios` must be"),
        ({"portfolios": [1]}, "`portfolios` must be"),
        ({"portfolios": ["p"] * 1001}, "at most 1000"),
        ({"exp": "soon"}, "wrong type"),
        ({"exp": float("inf")}, "no JSON Web Token"),
        ({"exp": float("nan")}, "no JSON Web Token|wrong type"),
        ({"exp": [1]}, "no JSON Web Token|wrong type"),
    ],
)
def test_a_claim_that_is_wrong_is_refused(changed, match):
    refused(by_hand({"alg": "HS256"}, claims(**changed)), match)


def test_an_audience_among_several_counts():
    assert identity(signed(claims(aud=["other", "nautilus"]))).subject == "alice"


def test_an_expired_token_says_so_and_the_leeway_is_small():
    now = int(time.time())
    refused(signed(claims(exp=now - 11)), "expired", code="token_expired")
    assert identity(signed(claims(exp=now - 1)), authenticator(leeway=30.0)).subject == "alice"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a",
        "a.b",
        "a.b.c",
        "....",
        "é.é.é",
        "x" * 9000,
        "e30.e30.",
        "bnVsbA.bnVsbA.",
        "W10.W10.",
    ],
)
def test_what_is_no_token_is_refused(token):
    refused(token, "no JSON Web Token|must be signed")


def test_a_header_that_is_nested_deeply_is_refused():
    deep = base64.urlsafe_b64encode(b"[" * 3000 + b"]" * 3000).decode().rstrip("=")
    refused(f"{deep}.e30.x", "no JSON Web Token")


def test_every_changed_character_breaks_a_token():
    token = signed(claims())
    checking = authenticator()
    for place in range(0, len(token) - 1, 7):  # the last one holds bits that no byte takes
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(TokenError):
            identity(token[:place] + other + token[place + 1 :], checking)


def test_an_extension_that_must_be_understood_is_refused():
    header = {"alg": "HS256", "crit": ["b64"], "b64": False}
    refused(by_hand(header, claims()), "no JSON Web Token")


# Keys by `kid`


def key_set(**privates):
    rows = []
    for kid, private in privates.items():
        row = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))
        rows.append({**row, "kid": kid, "use": "sig", "alg": "RS256"})
    return {"keys": rows}


@pytest.fixture(scope="module")
def rsa_keys():
    return [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def settings(tmp_path, keys, **options):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(keys))
    return Settings(auth_jwks=str(file), **options)


def test_a_key_is_chosen_by_kid(tmp_path, rsa_keys):
    first, second = rsa_keys
    checking = authenticator_of(settings(tmp_path, key_set(a=first, b=second)))
    assert identity(signed(claims(), second, "RS256", kid="b"), checking).subject == "alice"
    refused(signed(claims(), second, "RS256", kid="a"), "signature", checking)
    refused(signed(claims(), first, "RS256", kid="c"), "names no key", checking)
    refused(signed(claims(), first, "RS256"), "names no key", checking)


def test_only_listed_keys_of_a_set_count(tmp_path, rsa_keys):
    first, second = rsa_keys
    checking = authenticator_of(settings(tmp_path, key_set(a=first, b=second), auth_key_ids="a"))
    assert identity(signed(claims(), first, "RS256", kid="a"), checking).subject == "alice"
    refused(signed(claims(), second, "RS256", kid="b"), "names no key", checking)


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk"])
def test_a_key_that_a_token_brings_along_is_not_used(tmp_path, rsa_keys, name):
    ours, theirs = rsa_keys
    checking = authenticator_of(settings(tmp_path, key_set(a=ours)))
    value = key_set(a=theirs)["keys"][0] if name == "jwk" else "https://evil.example/keys.json"
    token = signed(claims(), theirs, "RS256", **{"kid": "a", name: value})
    refused(token, "signature", checking)


def test_a_secret_in_a_public_set_is_no_key(tmp_path, rsa_keys):
    secret = {"kty": "oct", "kid": "s", "k": base64.urlsafe_b64encode(SECRET).decode().rstrip("=")}
    keys = key_set(a=rsa_keys[0])
    keys["keys"].append(secret)
    checking = authenticator_of(settings(tmp_path, keys))
    refused(by_hand({"alg": "HS256", "kid": "s"}, claims()), "must be signed by RS256", checking)
    with pytest.raises(ParameterError, match="with a `kid` for RS256"):
        authenticator_of(settings(tmp_path, {"keys": [secret]}))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": []}', '{"keys": [{}]}', '{"keys": 1}'])
def test_a_set_without_keys_is_refused_at_the_start(tmp_path, text):
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(ParameterError, match="`auth_jwks` must be a JSON Web Key Set"):
        authenticator_of(Settings(auth_jwks=str(file)))


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [
        (lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256"),
        (lambda: ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ed25519.Ed25519PrivateKey.generate, "EdDSA"),
    ],
)
def test_a_public_key_in_a_file_checks_tokens_of_its_kind(tmp_path, make, algorithm):
    private, file = make(), tmp_path / "key.pem"
    file.write_bytes(pem(private))
    checking = authenticator_of(Settings(auth_public_key_file=file, auth_algorithm=algorithm))
    assert identity(signed(claims(), private, algorithm), checking).subject == "alice"
    refused(signed(claims(), make(), algorithm), "signature", checking)


@pytest.mark.parametrize(
    ("make", "algorithm"),
    [
        (lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024), "RS256"),
        (lambda: ec.generate_private_key(ec.SECP384R1()), "ES256"),
        (ed25519.Ed25519PrivateKey.generate, "RS256"),
    ],
)
def test_a_key_of_another_kind_or_too_short_is_refused_at_the_start(tmp_path, make, algorithm):
    file = tmp_path / "key.pem"
    file.write_bytes(pem(make()))
    with pytest.raises(ParameterError, match=f"holds no public key for {algorithm}"):
        authenticator_of(Settings(auth_public_key_file=file, auth_algorithm=algorithm))


def test_a_file_that_is_no_key_or_not_there_is_refused_at_the_start(tmp_path):
    file = tmp_path / "key.pem"
    with pytest.raises(ParameterError, match="cannot be read"):
        authenticator_of(Settings(auth_public_key_file=file))
    file.write_text("no key")
    with pytest.raises(ParameterError, match="must be a public key in PEM"):
        authenticator_of(Settings(auth_public_key_file=file))


def pem(private):
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


# What was verified is remembered


def counted(monkeypatch):
    calls = []
    decode = jwt.decode
    monkeypatch.setattr(jwt, "decode", lambda *a, **o: calls.append(1) or decode(*a, **o))
    return calls


def test_a_verified_token_is_verified_once_until_it_expires(monkeypatch):
    calls, clock = counted(monkeypatch), Clock(time.time())
    checking = authenticator(clock=clock, leeway=0.0)
    token = signed(claims())
    assert identity(token, checking) is identity(token, checking)
    assert len(calls) == 1
    clock.now += 61
    refused(token, "expired", checking, code="token_expired")
    assert len(calls) == 1


def test_the_memory_is_bounded_and_forgets_the_least_used():
    checking = authenticator()
    first = signed(claims(jti="first"))
    kept = identity(first, checking)
    for number in range(REMEMBERED):
        checking._remembered(str(number).encode(), kept)
    assert len(checking._verified) == REMEMBERED
    assert hashlib.sha256(first.encode()).digest() not in checking._verified


def test_a_changed_key_ends_every_token_of_the_old_one(tmp_path):
    file, clock = tmp_path / "secret", Clock(0.0)
    file.write_bytes(SECRET)
    keys = Keys(lambda text: {None: text}, path=file, clock=clock)
    checking = authenticator(keys)
    old, new = signed(claims()), signed(claims(), b"another secret of 32 bytes or so..")
    assert identity(old, checking).subject == "alice"
    file.write_bytes(b"another secret of 32 bytes or so..")
    clock.now += 6.0
    refused(old, "signature", checking)
    assert identity(new, checking).subject == "alice"


def test_keys_that_cannot_be_read_again_stay(tmp_path, caplog):
    file, clock = tmp_path / "secret", Clock(0.0)
    file.write_bytes(SECRET)
    checking = authenticator(Keys(lambda text: {None: text}, path=file, clock=clock))
    token = signed(claims())
    identity(token, checking)
    file.unlink()
    clock.now += 6.0
    assert identity(token, checking).subject == "alice"
    assert "were not read (FileNotFoundError)" in caplog.text


# Keys at an address


class KeyServer(BaseHTTPRequestHandler):
    """Serves what the class holds, and counts who asks."""

    body = b""
    asked = 0
    status = 200

    def do_GET(self):
        type(self).asked += 1
        self.send_response(self.status)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def key_server():
    class Own(KeyServer):
        pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Own, f"http://127.0.0.1:{server.server_port}/keys.json"
    server.shutdown()
    thread.join()
    server.server_close()


def at_address(url, clock):
    keys = Keys(lambda b: _jwks(b, "RS256", frozenset()), url=url, clock=clock)
    return authenticator(keys, "RS256")


def test_keys_at_an_address_are_fetched_once_and_again_for_a_new_kid(key_server, rsa_keys):
    served, url = key_server
    first, second = rsa_keys
    served.body = json.dumps(key_set(a=first)).encode()
    clock = Clock(1000.0)
    checking = at_address(url, clock)
    old, new = signed(claims(), first, "RS256", kid="a"), signed(claims(), second, "RS256", kid="b")
    assert identity(old, checking).subject == "alice"
    assert identity(old, checking).subject == "alice"
    assert served.asked == 1
    served.body = json.dumps(key_set(b=second)).encode()
    refused(new, "names no key", checking)  # too soon to ask again: a flood asks nobody
    assert served.asked == 1
    clock.now += 31.0
    assert identity(new, checking).subject == "alice"
    refused(old, "names no key", checking)  # gone from the set, so gone from the memory
    assert served.asked == 2


def test_a_key_that_is_withdrawn_ends_its_tokens_within_minutes(key_server, rsa_keys):
    served, url = key_server
    first, second = rsa_keys
    served.body = json.dumps(key_set(a=first)).encode()
    clock = Clock(1000.0)
    checking = at_address(url, clock)
    token = signed(claims(), first, "RS256", kid="a")
    assert identity(token, checking).subject == "alice"
    served.body = json.dumps(key_set(b=second)).encode()
    clock.now += 301.0
    refused(token, "names no key", checking)


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"{}"), (302, b"")])
def test_an_address_that_fails_leaves_the_keys_as_they_are(
    key_server, rsa_keys, status, body, caplog
):
    served, url = key_server
    served.body = json.dumps(key_set(a=rsa_keys[0])).encode()
    clock = Clock(1000.0)
    checking = at_address(url, clock)
    token = signed(claims(), rsa_keys[0], "RS256", kid="a")
    assert identity(token, checking).subject == "alice"
    served.status, served.body = status, body
    clock.now += 301.0
    assert identity(token, checking).subject == "alice"
    assert served.asked == 2
    assert "were not read" in caplog.text


def test_without_any_key_every_token_is_refused(key_server, rsa_keys):
    served, url = key_server
    served.status = 500
    checking = at_address(url, Clock(1000.0))
    refused(signed(claims(), rsa_keys[0], "RS256", kid="a"), "names no key", checking)


def test_whoever_comes_while_keys_are_on_their_way_waits_for_them(key_server, rsa_keys):
    served, url = key_server
    served.body = json.dumps(key_set(a=rsa_keys[0])).encode()
    checking = at_address(url, Clock(1000.0))

    async def all_at_once():
        tokens = [signed(claims(sub=f"s{n}"), rsa_keys[0], "RS256", kid="a") for n in range(20)]
        return await asyncio.gather(*map(checking.identity, tokens))

    assert len({found.subject for found in asyncio.run(all_at_once())}) == 20
    assert served.asked == 1
