"""Windows hold what a naive list would hold, whatever comes and whenever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pilothouse.resilience import CountWindow, TimeWindow, Totals

OUTCOMES = st.integers(0, 3)


def totals(outcomes: list[int]) -> Totals:
    return Totals(len(outcomes), sum(one & 1 for one in outcomes), sum(one >> 1 for one in outcomes))


@given(st.integers(1, 12), st.lists(OUTCOMES, max_size=60))
def test_a_window_of_calls_holds_the_last_ones(size: int, outcomes: list[int]) -> None:
    window = CountWindow(size)
    for number, outcome in enumerate(outcomes):
        assert window.add(outcome, 0.0) == totals(outcomes[: number + 1][-size:])
    window.clear()
    assert window.totals(0.0) == Totals()


@given(
    st.integers(1, 8),
    st.lists(st.tuples(st.floats(0, 5, allow_nan=False), OUTCOMES), max_size=60),
    st.floats(0, 20, allow_nan=False),
)
def test_a_window_of_time_holds_the_calls_of_the_last_seconds(
    size: int, steps: list[tuple[float, int]], later: float
) -> None:
    window, now, seen = TimeWindow(size), 0.0, list[tuple[int, int]]()

    def held() -> Totals:
        return totals([outcome for second, outcome in seen if second > int(now // 1) - size])

    for wait, outcome in steps:
        now += wait
        seen.append((int(now // 1), outcome))
        assert window.add(outcome, now) == held()
    now += later
    assert window.totals(now) == held()


def test_rates_are_parts_of_the_calls() -> None:
    assert (Totals(4, 1, 2).failure_rate, Totals(4, 1, 2).slow_rate) == (0.25, 0.5)
    assert (Totals().failure_rate, Totals().slow_rate) == (0.0, 0.0)
