from __future__ import annotations

import pytest

from nautilus.core.errors import UnavailableError
from nautilus.server.identity import Identity, identified
from nautilus.server.tickets import SCOPE_KEY, Tickets, redeemed

ALICE = Identity("alice", frozenset({"read"}))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_ticket_is_good_once():
    tickets = Tickets()
    ticket = tickets.issue(ALICE, {"client_id": "a"})
    found = tickets.redeem(ticket)
    assert (found.identity, found.payload) == (ALICE, {"client_id": "a"})
    assert tickets.redeem(ticket) is None


def test_a_ticket_is_good_for_a_minute():
    clock = Clock()
    tickets = Tickets(clock=clock)
    early, late = tickets.issue(ALICE, 1), tickets.issue(ALICE, 2)
    clock.now = 59.9
    assert tickets.redeem(early).payload == 1
    clock.now = 60.0
    assert tickets.redeem(late) is None


def test_tickets_cannot_be_guessed():
    tickets = Tickets()
    made = {tickets.issue(None, None) for _ in range(1000)}
    assert len(made) == 1000
    assert {len(one) for one in made} == {len("conn_") + 32}  # 24 bytes in base64
    assert tickets.redeem("conn_001") is None


def test_open_tickets_are_bounded_and_ended_ones_make_room():
    clock = Clock()
    tickets = Tickets(most=2, clock=clock)
    tickets.issue(None, 1), tickets.issue(None, 2)
    with pytest.raises(UnavailableError, match="try again in 60 s"):
        tickets.issue(None, 3)
    clock.now = 61.0
    tickets.issue(None, 3)


@pytest.fixture
def asking():
    yield identified
    identified(None)


def test_the_ticket_of_a_handshake_is_found_whoever_redeemed_it(asking):
    tickets = Tickets()
    ticket = tickets.issue(ALICE, "payload")
    found = redeemed(tickets, {}, ticket)
    assert found.payload == "payload"
    assert redeemed(tickets, {SCOPE_KEY: found}, ticket) is found
    assert redeemed(tickets, {}, ticket) is None


def test_a_ticket_of_somebody_else_is_none(asking):
    tickets = Tickets()
    asking(Identity("mallory", frozenset({"read"})))
    assert redeemed(tickets, {}, tickets.issue(ALICE, 1)) is None
    asking(ALICE)
    assert redeemed(tickets, {}, tickets.issue(ALICE, 1)).payload == 1
