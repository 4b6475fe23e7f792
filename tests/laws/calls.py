"""Arguments of what is no series function: readers, ledgers, attribution, optimisers, records."""

CALLS = []
