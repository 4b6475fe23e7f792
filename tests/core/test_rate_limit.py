import pytest
from hypothesis import given
from hypothesis import strategies as st

from nautilus.core.errors import ParameterError
from nautilus.core.rate_limit import TokenBucket, WindowLimit

ticks = st.lists(st.integers(0, 40).map(lambda eighths: eighths / 8), min_size=1, max_size=60)


def clock(waits):
    now = 0.0
    for wait in waits:
        now += wait
        yield now


@given(ticks)
def test_a_bucket_never_lets_more_through_than_burst_and_refill(waits):
    limit, admitted = TokenBucket(capacity=3, per_second=0.5), []
    state = limit.full(at=0.0)
    for now in clock(waits):
        state, allowed, _ = limit.step(state, now)
        admitted += [now] if allowed else []
    for i, start in enumerate(admitted):
        for j in range(i, len(admitted)):
            assert j - i + 1 <= 3 + 0.5 * (admitted[j] - start)


@given(ticks, st.integers(1, 3))
def test_a_bucket_says_exactly_how_long_to_wait(waits, cost):
    limit = TokenBucket(capacity=4, per_second=0.5)
    state = limit.full(at=0.0)
    for now in clock(waits):
        state, allowed, wait = limit.step(state, now, cost)
        assert allowed == (wait == 0.0)
        if not allowed:
            assert limit.step(state, now + wait, cost).allowed
            assert not limit.step(state, now + wait - 0.25, cost).allowed or wait <= 0.25


@given(ticks, st.integers(1, 2))
def test_no_window_ever_holds_more_than_its_count(waits, cost):
    limit, admitted = WindowLimit(((3, 2.0), (5, 10.0))), []
    state = limit.empty()
    for now in clock(waits):
        state, allowed, _ = limit.step(state, now, cost)
        admitted += [now] if allowed else []
    for count, seconds in limit.windows:
        for end in admitted:
            inside = sum(cost for at in admitted if end - seconds < at <= end)
            assert inside <= count


@given(ticks, st.integers(1, 2))
def test_windows_say_exactly_how_long_to_wait(waits, cost):
    limit = WindowLimit(((3, 2.0), (5, 10.0)))
    state = limit.empty()
    for now in clock(waits):
        state, allowed, wait = limit.step(state, now, cost)
        assert allowed == (wait == 0.0)
        if not allowed:
            assert limit.step(state, now + wait, cost).allowed
            assert not limit.step(state, now + wait - 0.125, cost).allowed


@given(ticks)
def test_a_refused_request_changes_nothing_and_old_ones_are_forgotten(waits):
    limit = WindowLimit(((2, 1.0),))
    state = limit.empty()
    for now in clock(waits):
        after, allowed, _ = limit.step(state, now)
        assert allowed or after is state
        state = after
        assert len(state) <= 2 + 1


def test_a_clock_set_back_gives_no_tokens_and_frees_no_window():
    bucket = TokenBucket(capacity=1, per_second=1.0)
    state = bucket.step(bucket.full(at=10.0), 10.0).state
    assert bucket.step(state, 5.0) == (state, False, 1.0)
    windows = WindowLimit(((1, 60.0),))
    state = windows.step(windows.empty(), 10.0).state
    assert windows.step(state, 5.0).retry_after == 60.0


def test_words_of_the_documented_limits():
    assert WindowLimit.parse("5/minute, 500 per day").windows == ((5.0, 60.0), (500.0, 86400.0))
    with pytest.raises(
        ParameterError, match="`text` must be like \"5/minute, 500/day\", got 'often'"
    ):
        WindowLimit.parse("5/minute, often")


def test_what_could_never_be_allowed_is_refused():
    bucket, windows = TokenBucket(capacity=2, per_second=1.0), WindowLimit(((2, 1.0), (5, 9.0)))
    with pytest.raises(ParameterError, match="`cost` must be at most 2, the whole limit, got 3"):
        bucket.step(bucket.full(at=0.0), 0.0, 3)
    with pytest.raises(ParameterError, match="`cost` must be at most 2, the whole limit, got 3"):
        windows.step(windows.empty(), 0.0, 3)
    with pytest.raises(ParameterError, match="`cost` must be at least 0, got -1"):
        bucket.step(bucket.full(at=0.0), 0.0, -1)


def test_limits_without_meaning_are_refused():
    with pytest.raises(ParameterError, match="`capacity` must be above 0, got 0"):
        TokenBucket(capacity=0, per_second=1.0)
    with pytest.raises(ParameterError, match="`windows` must name at least one window"):
        WindowLimit(())
    with pytest.raises(ParameterError, match="`seconds` must be above 0, got -1"):
        WindowLimit(((1, -1),))
