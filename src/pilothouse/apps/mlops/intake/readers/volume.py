"""How much data there is, and how fast it grows."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.readers.load import rated
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.intake.units import SECONDS

GIGABYTES_PER_ROW = Decimal("0.000001")
"""One kilobyte per row where only rows are stated: a planning default of this project."""
_SMALLEST_GB = Decimal("0.05")
"""Less than this is the size of one item."""


def read_volume(reading: Reading) -> Iterator[Candidate]:
    """Gigabytes kept (decimal), from sizes or, less surely, from a number of rows."""
    for quantity in reading.quantities:
        value, confidence, note = quantity.value, 0.93, ""
        if quantity.measure is Measure.DATA:
            if quantity.per or _of_one_item(reading, quantity):
                continue
        elif quantity.measure is Measure.COUNT and quantity.unit == "row" and not rated(reading, quantity):
            value, confidence, note = value * GIGABYTES_PER_ROW, 0.5, "one kilobyte per row is assumed"
        else:
            continue
        if value > 0 and not quantity.negative:
            low = None if quantity.low is None or note else float(quantity.low)
            high = None if low is None else float(value)
            yield Candidate(
                "data_volume_gb",
                float(value),
                confidence,
                quantity.first,
                quantity.last,
                "GB",
                low,
                high,
                note,
            )


def _of_one_item(reading: Reading, quantity: Quantity) -> bool:
    """Whether it is the size of a file, a model or a machine's memory rather than of the data."""
    memory = reading.near("memory", quantity.first, quantity.last, back=3, ahead=2) < FAR
    return memory or quantity.value < _SMALLEST_GB


def read_growth(reading: Reading) -> Iterator[Candidate]:
    """Gigabytes a month, from "100 GB a month" or, with a volume, from "20 % a year"."""
    volume = next((float(item.value) for item in read_volume(reading) if isinstance(item.value, float)), 0.0)
    month = SECONDS["month"]
    for quantity in reading.quantities:
        spot = (quantity.first, quantity.last)
        if quantity.value <= 0 or quantity.negative:
            continue
        if quantity.measure is Measure.DATA and quantity.per and not _of_one_item(reading, quantity):
            value = float(quantity.value * month / SECONDS[quantity.per])
            yield Candidate("data_growth_gb_per_month", value, 0.92, *spot, "GB/month")
        grows = reading.near("growth", *spot, back=5, ahead=4) < FAR
        if quantity.measure is Measure.PERCENT and volume and grows and quantity.value <= 1000:
            share = float(quantity.value / 100 * month / SECONDS[quantity.per or "year"])
            note = f"{quantity.value} % a {quantity.per or 'year'} of {volume:g} GB"
            yield Candidate("data_growth_gb_per_month", volume * share, 0.85, *spot, "GB/month", note=note)
