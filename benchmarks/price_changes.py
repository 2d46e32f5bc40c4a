"""Published price changes between the dates of the check cases and of the price book.

A difference counts as dated only where putting the earlier published price of a named item in the place of
the book's brings the total within the tolerance.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from pilothouse.apps.mlops.pricing.model import CostLine


@dataclass(frozen=True)
class PriceChange:
    """A published change: lines of `type` whose description contains `item` cost `before` until `date`.

    `before` is the earlier price divided by the later one.
    """

    type: str
    item: str
    date: dt.date
    before: Decimal
    source: str


CHANGES: tuple[PriceChange, ...] = ()


def explained(kind: str, lines: Sequence[CostLine], known: Decimal, tolerance: Decimal) -> str | None:
    """The change that explains the difference between the lines' sum and `known`, in words, or None."""
    changes = [change for change in CHANGES if change.type == kind]
    if not changes:
        return None
    total = Decimal(0)
    for line in lines:
        factor = next((one.before for one in changes if one.item in line.description), Decimal(1))
        total += (line.monthly or Decimal(0)) * factor
    if abs(total - known) > known * tolerance:
        return None
    return "; ".join(sorted({f"{one.item}: price until {one.date} ({one.source})" for one in changes}))
