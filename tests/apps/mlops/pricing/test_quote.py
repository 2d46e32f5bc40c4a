"""Tiers are cut where the provider cuts them, and what is not known is a line of its own."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apps.mlops.pricing.book import PriceBook
from pilothouse.apps.mlops.pricing.model import Resource
from pilothouse.apps.mlops.pricing.quote import Quote, split

TIERS = ((Decimal(10), Decimal(3)), (Decimal(100), Decimal(2)), (None, Decimal(1)))
amounts = st.decimals(min_value=0, max_value=10_000, places=3)


@pytest.mark.parametrize(
    ("quantity", "parts"),
    [
        (0, [(0, 3)]),
        (9, [(9, 3)]),
        (10, [(10, 3)]),
        (11, [(10, 3), (1, 2)]),
        (100, [(10, 3), (90, 2)]),
        (101, [(10, 3), (90, 2), (1, 1)]),
    ],
)
def test_a_quantity_is_cut_at_each_bound(quantity: int, parts: list[tuple[int, int]]) -> None:
    assert list(split(Decimal(quantity), TIERS)) == [(Decimal(a), Decimal(b)) for a, b in parts]


@given(amounts)
def test_the_parts_add_up_to_the_quantity(quantity: Decimal) -> None:
    assert sum(part for part, _ in split(quantity, TIERS)) == quantity


@given(amounts, amounts)
def test_more_never_costs_less(one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    cost = [sum(part * unit for part, unit in split(quantity, TIERS)) for quantity in (less, more)]
    assert cost[0] <= cost[1]


@pytest.fixture
def quote(book: PriceBook) -> Quote:
    resource = Resource(type="t", address="t.one", region="us-east-1", count=Decimal(3))
    return Quote(resource, {}, book)


def test_a_missing_price_is_an_unknown_line_that_names_what_is_missing(quote: Quote) -> None:
    quote.fixed("aws/ebs", "gp9", "storage", Decimal(8))
    (line,) = quote.done()
    assert line.monthly is None
    assert line.unit_price is None
    assert line.quantity == 24
    assert line.assumption == "no price for aws/ebs gp9 in us-east-1"


def test_a_missing_quantity_is_an_unknown_line_that_shows_the_unit_price(quote: Quote) -> None:
    quote.metered("aws/s3", "standard.storage", "storage", None)
    (line,) = quote.done()
    assert line.monthly is None
    assert line.unit_price == Decimal("0.023")
    assert line.usage_priced
    assert line.assumption == "usage not stated"


def test_an_optional_line_is_absent_without_usage(quote: Quote) -> None:
    quote.optional("aws/s3", "standard.storage", "storage", None)
    assert quote.done() == ()


def test_tiers_become_lines_multiplied_by_the_number_of_resources(quote: Quote) -> None:
    quote.metered("aws/s3", "standard.storage", "storage", Decimal(51_201))
    first, second = quote.done()
    assert (first.description, second.description) == ("storage (tier 1)", "storage (tier 2)")
    assert (first.quantity, first.monthly) == (Decimal(153_600), Decimal("3532.8"))
    assert (second.quantity, second.monthly) == (Decimal(3), Decimal("0.066"))
    assert first.source is not None
    assert first.source.region == "us-east-1"
