"""Latency and its percentile: "under 200 ms at p99", "within 1 second", "95% of requests in 300 ms"."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from decimal import Decimal

from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.readers.money import denied
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.intake.tokens import Kind

_LONGEST_HOURS = 48
"""A longer duration is a schedule, not a latency."""
_NEAR = 8
_PERCENTILE_WORDS = frozenset(
    {"percentile", "percentiles", "perzentil", "centile", "percentil", "percentiel", "ile"}
)
_NOT_LATENCY = frozenset(
    {"window", "windows", "interval", "intervals", "video", "videos", "clips", "clip", "fenster"}
)


def read_latency(reading: Reading) -> Iterator[Candidate]:
    """Milliseconds; of a range, the upper end is the one that must be met."""
    for quantity in reading.quantities:
        confidence = _confidence(reading, quantity)
        if not confidence or denied(reading, quantity) or quantity.value <= 0:
            continue
        scale = Decimal(1) if quantity.measure is Measure.COUNT else quantity.seconds * 1000 / quantity.value
        low = None if quantity.low is None else float(quantity.low * scale)
        high = float(quantity.value * scale)
        yield Candidate(
            "latency_ms",
            high,
            confidence,
            quantity.first,
            quantity.last,
            "ms",
            low,
            None if low is None else high,
            "" if quantity.measure is Measure.DURATION else "no unit was named; milliseconds are assumed",
        )


def _confidence(reading: Reading, quantity: Quantity) -> float:
    spot = (quantity.first, quantity.last)
    if quantity.measure is Measure.COUNT:
        bare = quantity.unit == quantity.per == "" and quantity.value >= 1 and not quantity.negative
        return 0.5 if bare and reading.near("latency", *spot, back=3, ahead=0) < FAR else 0.0
    if quantity.measure is not Measure.DURATION or quantity.seconds > _LONGEST_HOURS * 3600:
        return 0.0
    if "every" in _cues_before(reading, quantity) or reading.word(quantity.last) in _NOT_LATENCY:
        return 0.0
    cue = reading.near("latency", *spot, back=6, ahead=5)
    bounded = quantity.bound == "max" or reading.word(quantity.first - 1) in {"in", "en", "dans"}
    if quantity.unit == "ms":
        return 0.97 if cue < FAR or bounded else 0.9
    if any(
        reading.near(other, *spot, back=4, ahead=3) < cue for other in ("retention", "retraining", "horizon")
    ):
        return 0.0
    return _longer(quantity.unit, cue, bounded=bounded)


def _longer(unit: str, cue: int, *, bounded: bool) -> float:
    """The confidence in a latency of seconds or more, which needs a word or a bound beside it."""
    if unit == "second":
        return 0.95 if cue < FAR else 0.85 if bounded else 0.0
    if unit == "minute":
        return 0.85 if cue < FAR and bounded else 0.6 if cue <= 4 or bounded else 0.0
    return 0.6 if unit == "hour" and cue <= 4 and bounded else 0.0


def _cues_before(reading: Reading, quantity: Quantity) -> frozenset[str]:
    return reading.cues[quantity.first - 1] if quantity.first else frozenset()


def read_percentile(reading: Reading) -> Iterator[Candidate]:
    """Percent from 50 to 99.99: p99, "99th percentile", "95 % of requests"."""
    for at, token in enumerate(reading.tokens):
        if token.kind is Kind.PERCENTILE:
            yield from _percentile(_compact(token.text[1:]), 0.97, at, at + 1)
    durations = [item.first for item in reading.quantities if item.measure is Measure.DURATION]
    for quantity in reading.quantities:
        if quantity.measure is Measure.PERCENT:
            word = reading.word(quantity.last) == "ile"
            share = reading.near("share", quantity.last - 1, quantity.last, back=0, ahead=2) < FAR
            if word or (share and _beside(durations, quantity)):
                yield from _percentile(quantity.value, 0.9, quantity.first, quantity.last)
        elif quantity.measure is Measure.COUNT:
            after = {reading.word(quantity.last), reading.word(quantity.last + 1)}
            before = {reading.word(quantity.first - 1)}
            if (after | before) & _PERCENTILE_WORDS:
                yield from _percentile(quantity.value, 0.95, quantity.first, quantity.last)


def _beside(durations: Sequence[int], share: Quantity) -> bool:
    """Whether a duration (by its first token) stands near: "99 % of requests under 200 ms"."""
    place = bisect_left(durations, share.first - _NEAR)
    return place < len(durations) and durations[place] <= share.last + _NEAR


def _compact(digits: str) -> Decimal:
    """99 and 99.9 as written, 999 and 9999 for 99.9 and 99.99."""
    plain = digits.replace(",", ".")
    return Decimal(plain if "." in plain or len(plain) == 2 else f"{plain[:2]}.{plain[2:]}")


def _percentile(value: Decimal, confidence: float, first: int, last: int) -> Iterator[Candidate]:
    if 50 <= value <= Decimal("99.99"):
        yield Candidate("latency_percentile", float(value), confidence, first, last, "percent")
