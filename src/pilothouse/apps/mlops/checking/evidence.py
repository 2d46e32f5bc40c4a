"""Whether the words that a constraint was read from say its value: numbers, units, names, places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from pilothouse.apps.mlops.intake import units
from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.lexicon.places import area
from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.reading import Reading, look
from pilothouse.apps.mlops.intake.tokens import Kind
from pilothouse.apps.mlops.requirements import Budget, Constraint

NEAR = Decimal("0.01")
"""The share by which a number may differ from what the words say: months are not all of one length."""
DAY, WEEK, MONTH = (units.SECONDS[name] for name in ("day", "week", "month"))


def evidence_problems(name: str, item: Constraint[object]) -> list[str]:
    """What the words of a constraint do not say of its value. It has words."""
    assert item.span is not None  # noqa: S101 - who calls has looked
    value, words = item.value, item.span.text
    if isinstance(value, Budget):
        return list(_budget(value, words))
    if isinstance(value, bool):
        return []
    if isinstance(value, int | float):
        return list(_number(name, item, words))
    if isinstance(value, tuple):
        return [
            f"{str(one)[:60]!r} does not stand in {words[:80]!r}"
            for one in value
            if not (area(str(one)) if name == "regions" else _named(str(one), words))
        ]
    return []


def _number(name: str, item: Constraint[object], words: str) -> Iterator[str]:
    known = list(_said(name, look(words)))
    for value in (item.value, item.low, item.high):
        if value is not None and not any(_close(Decimal(str(value)), one) for one in known):
            said = ", ".join(f"{float(one):g}" for one in known) or "no such number"
            yield f"{value} {item.unit or ''} is not what {words[:80]!r} says: {said}"


def _said(name: str, reading: Reading) -> Iterator[Decimal]:
    """The numbers that words say, in the unit of a field."""
    convert = _IN_UNIT.get(name, _plain)
    for quantity in reading.quantities:
        ends = [quantity.value] if quantity.low is None else [quantity.low, quantity.value]
        for end in ends:
            yield from convert(quantity, end)
    for token in reading.tokens:
        if name == "retraining_days" and token.text in vocabulary("adverb"):
            yield units.SECONDS[vocabulary("adverb")[token.text]] / DAY
        if name == "latency_percentile" and token.kind is Kind.PERCENTILE:
            digits = token.text[1:].replace(",", ".")
            yield Decimal(digits)
            yield Decimal(f"{digits[:2]}.{digits[2:]}") if digits.isdigit() else Decimal(digits)


def _plain(quantity: Quantity, value: Decimal) -> Iterator[Decimal]:
    if quantity.measure in {Measure.COUNT, Measure.PERCENT}:
        yield value


def _lasting(seconds: Decimal) -> Callable[[Quantity, Decimal], Iterator[Decimal]]:
    """A duration in units of so many seconds."""

    def convert(quantity: Quantity, value: Decimal) -> Iterator[Decimal]:
        if quantity.measure is Measure.DURATION:
            yield value * units.SECONDS[quantity.unit] / seconds

    return convert


def _rate(quantity: Quantity, value: Decimal) -> Iterator[Decimal]:
    if quantity.measure is Measure.COUNT:
        yield value / units.SECONDS[quantity.per or "second"]


def _share(quantity: Quantity, value: Decimal) -> Iterator[Decimal]:
    if quantity.measure is Measure.PERCENT:
        yield value / 100


def _data(quantity: Quantity, value: Decimal) -> Iterator[Decimal]:
    if quantity.measure is Measure.DATA:
        yield value


def _growth(quantity: Quantity, value: Decimal) -> Iterator[Decimal]:
    if quantity.measure is Measure.DATA:
        yield value * MONTH / units.SECONDS[quantity.per or "month"]


_IN_UNIT: Mapping[str, Callable[[Quantity, Decimal], Iterator[Decimal]]] = {
    "latency_ms": _lasting(units.SECONDS["ms"]),
    "throughput_rps": _rate,
    "data_volume_gb": _data,
    "data_growth_gb_per_month": _growth,
    "retraining_days": _lasting(DAY),
    "retention_days": _lasting(DAY),
    "deadline_weeks": _lasting(WEEK),
    "availability": _share,
}
"""How a quantity becomes a field's number; the others are counts."""


def _budget(value: Budget, words: str) -> Iterator[str]:
    said = [one for one in look(words).quantities if one.measure is Measure.MONEY]
    if not any(_close(value.stated_amount, one.value) and one.unit == value.currency for one in said):
        yield f"{value.stated_amount} {value.currency} is not what {words[:80]!r} says"
    per = units.SECONDS.get(value.stated_period)
    if per is None or not _close(value.monthly, value.stated_amount * MONTH / per):
        yield f"{value.monthly} a month is not {value.stated_amount} a {value.stated_period[:20]}"


def _named(name: str, words: str) -> bool:
    """Whether words name something, however it is joined: `time_series` is time series."""
    plain, said = (re.sub(r"[^\w]+|_", " ", text.casefold()).strip() for text in (name, words))
    return bool(plain) and f" {plain}" in f" {said}"


def _close(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= NEAR * abs(other)
