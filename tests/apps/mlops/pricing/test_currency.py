"""Exchange rates are dated reference rates; a currency without one is an error, never a guess."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from pilothouse.apps.mlops.pricing.book import PriceBook
from pilothouse.apps.mlops.pricing.currency import Rates, UnknownCurrencyError

RATES = Rates(
    date=dt.date(2026, 1, 2),
    url="https://example.org",
    read="a file",
    per_euro={"USD": Decimal("1.2"), "GBP": Decimal("0.8"), "EUR": Decimal(1)},
)


def test_a_currency_is_converted_through_the_euro() -> None:
    assert RATES.usd_per("USD") == 1
    assert RATES.usd_per("EUR") == Decimal("1.2")
    assert RATES.usd_per("GBP") == Decimal("1.5")


def test_a_currency_without_a_rate_names_those_that_have_one() -> None:
    with pytest.raises(UnknownCurrencyError, match=r"No reference rate for XXX on 2026-01-02.*EUR, GBP, USD"):
        RATES.usd_per("XXX")


def test_the_shipped_rates_are_the_central_banks(book: PriceBook) -> None:
    assert "europa.eu" in book.rates.url
    assert book.rates.usd_per("EUR") == Decimal("1.1172")
    assert {"GBP", "CHF", "JPY", "SEK", "EUR", "CNY"} <= set(book.rates.per_euro)
