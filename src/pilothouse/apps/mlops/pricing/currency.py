"""Dated reference exchange rates, so that a budget in euros can be held against prices in dollars."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

from pilothouse.apps.mlops.requirements import Frozen


class UnknownCurrencyError(ValueError):
    """The table of reference rates has no rate for this currency."""


class Rates(Frozen):
    """Units of each currency per euro on one day, as the European Central Bank published them."""

    date: dt.date
    url: str
    read: str
    per_euro: dict[str, Decimal]

    def usd_per(self, currency: str) -> Decimal:
        """US dollars for one unit of `currency`. Raises `UnknownCurrencyError` for one without a rate."""
        if currency == "USD":
            return Decimal(1)
        if currency not in self.per_euro:
            known = ", ".join(sorted(self.per_euro))
            raise UnknownCurrencyError(
                f"No reference rate for {currency} on {self.date}; state the budget in one of: {known}."
            )
        return self.per_euro["USD"] / self.per_euro[currency]


def load_rates(root: Path) -> Rates:
    """Reads `rates.json` of a price book's folder."""
    return Rates.model_validate_json((root / "rates.json").read_bytes())
