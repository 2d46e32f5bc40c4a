"""Money is exact, and of one currency at a time."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from pilothouse import Money
from pilothouse.errors import InvalidInput

AMOUNTS = st.decimals(-(10**9), 10**9, allow_nan=False, places=4)


@given(AMOUNTS, AMOUNTS)
def test_adding_and_taking_away_are_exact(first: Decimal, second: Decimal) -> None:
    assert Money(first) + Money(second) - Money(second) == Money(first)
    assert (Money(first) < Money(second)) is (first < second)


@given(AMOUNTS)
def test_it_is_the_same_after_json(amount: Decimal) -> None:
    adapter = TypeAdapter(Money)
    assert adapter.validate_json(adapter.dump_json(Money(amount, "EUR"))) == Money(amount, "EUR")


def test_json_holds_a_string_and_the_currency() -> None:
    assert (
        TypeAdapter(Money).dump_json(Money(Decimal("12.50"), "EUR")) == b'{"amount":"12.50","currency":"EUR"}'
    )


def test_currencies_are_never_mixed() -> None:
    dollar, euro = Money(Decimal(1)), Money(Decimal(1), "EUR")
    for mixed in (Money.__add__, Money.__sub__, Money.__lt__, Money.__le__):
        with pytest.raises(InvalidInput, match="different currencies"):
            mixed(dollar, euro)


def test_cents_and_two_decimals_round_half_up() -> None:
    assert Money(Decimal("0.125")).cents == 13
    assert str(Money(Decimal("1234.005"), "EUR")) == "1,234.01 EUR"
    assert Money(Decimal(2)) * 3 == Money(Decimal(6))


def test_a_currency_is_three_capital_letters() -> None:
    with pytest.raises(ValidationError):
        Money(Decimal(1), "euro")


def test_what_was_computed_is_the_same_money() -> None:
    made = Money.computed(Decimal("1.10"), "EUR")
    assert (made, hash(made), repr(made)) == (
        Money(Decimal("1.10"), "EUR"),
        hash(Money(Decimal("1.10"), "EUR")),
        repr(Money(Decimal("1.10"), "EUR")),
    )
    with pytest.raises(FrozenInstanceError):
        made.amount = Decimal(2)  # type: ignore[misc]  # that it is refused is what is tested
    with pytest.raises(ValidationError):
        made * Decimal("NaN")
