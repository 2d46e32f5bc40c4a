from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.throttling.addresses import counted_as
from pilothouse.throttling.local import LocalBuckets
from pilothouse.throttling.schemas import Claim, Rate


class Still:
    def __init__(self) -> None:
        self.at = 1_000.0

    def now(self) -> dt.datetime:
        return dt.datetime.fromtimestamp(self.at, dt.UTC)

    def monotonic(self) -> float:
        return self.at


USER = Rate("user", 100, 60, 150)
COSTLY = Rate("costly", 10, 60, 10, 300)


def test_the_burst_passes_at_once_and_the_next_one_is_told_when_to_come() -> None:
    buckets = LocalBuckets(Still())
    verdicts = [buckets.take([Claim("a", USER)]) for _ in range(151)]
    assert [said.allowed for said in verdicts] == [True] * 150 + [False]
    assert verdicts[0].remaining == 149
    assert verdicts[-1].headers()["retry-after"] == "1"
    assert verdicts[0].headers()["ratelimit-policy"] == '"user";q=100;w=60'
    assert verdicts[0].headers()["ratelimit"] == '"user";r=149;t=1'


def test_whoever_keeps_asking_gets_the_rate_and_no_less() -> None:
    clock = Still()
    buckets = LocalBuckets(clock)
    allowed = 0
    for _ in range(6_000):
        clock.at += 0.1
        allowed += buckets.take([Claim("a", USER)]).allowed
    assert abs(allowed - (150 + 1_000)) <= 1


def test_who_exceeds_a_costly_rate_is_blocked_and_asking_again_does_not_prolong_it() -> None:
    clock = Still()
    buckets = LocalBuckets(clock)
    for _ in range(10):
        assert buckets.take([Claim("a", COSTLY)]).allowed
    assert buckets.take([Claim("a", COSTLY)]).retry_after == 300
    clock.at += 200
    assert buckets.take([Claim("a", COSTLY)]).retry_after == 100
    clock.at += 101
    assert buckets.take([Claim("a", COSTLY)]).allowed


def test_a_request_that_one_rate_refuses_costs_nothing_of_the_others() -> None:
    buckets = LocalBuckets(Still())
    small, large = Claim("small", Rate("small", 1, 60, 1)), Claim("large", USER)
    assert buckets.take([small, large]).allowed
    for _ in range(5):
        assert buckets.take([small, large]).rate.name == "small"
    assert buckets.take([large]).remaining == 148


def test_memory_is_bounded() -> None:
    buckets = LocalBuckets(Still(), most=100)
    for number in range(1_000):
        buckets.take([Claim(str(number), USER)])
    assert len(buckets) == 100


@given(
    st.lists(st.floats(0, 30), min_size=1, max_size=200),
    st.integers(1, 50),
    st.integers(1, 60),
    st.integers(1, 80),
)
def test_never_more_than_burst_and_rate_in_any_time(
    pauses: list[float], amount: int, window: int, burst: int
) -> None:
    clock = Still()
    buckets, rate = LocalBuckets(clock), Rate("r", amount, window, burst)
    allowed, began = 0, clock.at
    for pause in pauses:
        clock.at += pause
        allowed += buckets.take([Claim("a", rate)]).allowed
        assert allowed <= burst + (clock.at - began) * amount / window + 1e-6


def test_a_network_of_ipv6_is_one_address() -> None:
    assert counted_as("2001:db8:1:2::1") == counted_as("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert counted_as("2001:db8:1:3::1") != counted_as("2001:db8:1:2::1")
    assert counted_as("::ffff:192.0.2.1") == counted_as("192.0.2.1") == "192.0.2.1"
    assert counted_as("fe80::1%eth0") == "fe80::/64"
    assert counted_as("") == counted_as("x" * 100) == "unknown"
