"""A bill adds up, states its range and never lets an unknown pass for nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from pilothouse.apps.mlops.pricing import PriceBook, bill, load_book
from pilothouse.apps.mlops.pricing.billing import UNKNOWN_SHARE
from pilothouse.apps.mlops.pricing.currency import UnknownCurrencyError
from pilothouse.apps.mlops.pricing.model import PlannedResource, Resource
from pilothouse.apps.mlops.requirements import Budget

D = Decimal
BOOK = load_book()
QUEUE = Resource(type="aws_sqs_queue", address="q", region="us-east-1")
KEY = Resource(type="aws_kms_key", address="k", region="us-east-1")


def requests(number: int) -> dict[str, JsonValue]:
    return {"monthly_requests": number}


def planned(low: int, expected: int, high: int) -> PlannedResource:
    return PlannedResource(
        component="queue",
        resource=QUEUE,
        low=requests(low),
        expected=requests(expected),
        high=requests(high),
        assumption="as the traffic is",
    )


MILLION = 1_000_000
KNOWN = planned(MILLION, 2 * MILLION, 10 * MILLION)
UNKNOWN = PlannedResource(
    component="new", resource=Resource(type="aws_new_thing", address="n", region="us-east-1")
)


def dollars(monthly: str, currency: str = "USD") -> Budget:
    return Budget(monthly=D(monthly), currency=currency, stated_amount=D(monthly))


def test_the_range_comes_from_all_three_usages(book: PriceBook) -> None:
    found = bill([KNOWN, PlannedResource(component="key", resource=KEY)], None, book)
    assert (found.low, found.expected, found.high) == (D("1.4"), D("1.8"), D(5))
    assert found.unknown == ()
    assert found.budget_usd is None
    assert found.within_budget is None
    assert found.notes == ()


def test_lines_name_their_component_and_the_assumption_of_usage(book: PriceBook) -> None:
    queue, key = bill(
        [KNOWN, PlannedResource(component="key", resource=KEY, assumption="x")], None, book
    ).lines
    assert (queue.component, queue.assumption) == ("queue", "as the traffic is")
    assert (key.component, key.assumption) == ("key", "")


@pytest.mark.parametrize(("budget", "within"), [("1.79", False), ("1.8", True), ("5", True)])
def test_the_expected_total_is_held_against_the_budget(book: PriceBook, budget: str, within: bool) -> None:
    found = bill([KNOWN, PlannedResource(component="key", resource=KEY)], dollars(budget), book)
    assert found.within_budget is within
    assert found.budget_usd == D(budget)


def test_an_unknown_line_raises_the_high_end_and_leaves_the_budget_open(book: PriceBook) -> None:
    found = bill([KNOWN, UNKNOWN], dollars("100"), book)
    assert found.expected == D("0.8")
    assert found.high == D(4) * (1 + UNKNOWN_SHARE)
    assert [line.description for line in found.unknown] == ["unpriced: type aws_new_thing"]
    assert found.within_budget is None
    assert "1 lines have no known cost" in found.notes[0]
    assert bill([KNOWN, UNKNOWN], dollars("0.5"), book).within_budget is False


def test_usage_that_only_one_end_lacks_falls_back_to_the_expected(book: PriceBook) -> None:
    half = PlannedResource(component="queue", resource=QUEUE, expected=requests(MILLION))
    found = bill([half], None, book)
    assert (found.low, found.expected, found.high) == (D("0.4"), D("0.4"), D("0.4"))


def test_a_budget_in_euros_is_converted_at_a_dated_rate(book: PriceBook) -> None:
    found = bill([KNOWN], dollars("100", "EUR"), book)
    assert found.budget_usd == D("111.72")
    assert found.within_budget is True
    assert "reference rate of 2026-10-30" in found.notes[0]
    with pytest.raises(UnknownCurrencyError):
        bill([KNOWN], dollars("100", "XXX"), book)


numbers = st.integers(min_value=0, max_value=10**10)
sizes = st.lists(numbers, min_size=3, max_size=3).map(sorted)


@settings(deadline=None)  # the first example reads the price files
@given(usages=st.lists(sizes, min_size=1, max_size=4), unknowns=st.integers(min_value=0, max_value=3))
def test_low_is_never_above_expected_nor_expected_above_high(usages: list[list[int]], unknowns: int) -> None:
    found = bill([planned(*one) for one in usages] + [UNKNOWN] * unknowns, None, BOOK)
    assert found.low <= found.expected <= found.high


@settings(deadline=None)  # the first example reads the price files
@given(usages=st.lists(sizes, min_size=1, max_size=4), budget=st.integers(min_value=1, max_value=10**6))
def test_an_unknown_lowers_nothing_and_never_makes_a_budget_hold(
    usages: list[list[int]], budget: int
) -> None:
    known = [planned(*one) for one in usages]
    without = bill(known, dollars(str(budget)), BOOK)
    found = bill([*known, UNKNOWN], dollars(str(budget)), BOOK)
    assert found.low == without.low
    assert found.expected == without.expected
    assert found.high >= without.high
    assert found.within_budget is not True
    assert len(found.unknown) == len(without.unknown) + 1
