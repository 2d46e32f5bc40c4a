"""Load: requests or events per second, how far peaks rise above it, and the number of users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.readers.money import denied
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.intake.units import SECONDS

ASSUMED_PEAK_FACTOR = 3
"""Peak divided by mean where only the peak is stated: a planning default of this project."""
_CONFIDENCE = {"event": 0.95, "row": 0.9, "document": 0.9, "user": 0.8, "": 0.8}
_LEADS = frozenset(
    {
        *(
            "per",
            "every",
            "each",
            "a",
            "pro",
            "jeden",
            "jede",
            "par",
            "chaque",
            "por",
            "cada",
            "al",
            "am",
            "im",
        ),
        *("alle", "tous", "toutes"),
    }
)


def read_throughput(reading: Reading) -> Iterator[Candidate]:
    """Mean events per second, and the peak factor.

    A rate that is called a peak gives the peak factor over the mean rate that is stated beside it; alone,
    it is divided by `ASSUMED_PEAK_FACTOR`.
    """
    rates = [rate for quantity in reading.quantities if (rate := rated(reading, quantity))]
    rates += list(_every(reading))
    reach = 1 if any(read_peak_factor(reading)) else 4  # "200 rps with 3x peaks" is a mean
    means = [rate for rate in rates if not _peak(reading, rate, reach)]
    peaks = [rate for rate in rates if _peak(reading, rate, reach)]
    devices = next((item.value for item in reading.quantities if item.unit == "device"), Decimal(0))
    for rate in means:
        each = devices and reading.near("each", rate.last - 1, rate.last, back=0, ahead=3) < FAR
        sources, note = (devices, f"from each of {devices:,} devices") if each else (Decimal(1), "")
        low = None if rate.low is None else rate.low * sources
        yield _throughput(rate, rate.value * sources, low, _confidence_of(rate), note)
    if not peaks:
        return
    peak = max(peaks, key=_per_second)
    if not means:
        means = _bare_means(reading, peak)
        for rate in means:
            yield _throughput(rate, rate.value, None, 0.8, "")
    if means:
        factor = float(_per_second(peak) / max(_per_second(rate) for rate in means))
        if factor >= 1:
            yield Candidate("peak_factor", round(factor, 2), 0.9, peak.first, peak.last, "x")
        return
    note = f"only a peak was stated; the mean is taken as 1/{ASSUMED_PEAK_FACTOR} of it"
    yield _throughput(peak, peak.value / ASSUMED_PEAK_FACTOR, None, 0.75, note)
    yield Candidate("peak_factor", float(ASSUMED_PEAK_FACTOR), 0.6, peak.first, peak.last, "x", note=note)


def _every(reading: Reading) -> Iterator[Quantity]:
    """Rates such as "1M metrics every 10 seconds", per second."""
    for count, span in pairwise(reading.quantities):
        led = "every" in reading.cues[span.first - 1] and span.first - count.last <= 3
        counted = count.measure is Measure.COUNT and not count.per and count.unit in {*_CONFIDENCE, "device"}
        if led and counted and span.measure is Measure.DURATION and min(count.value, span.value) > 0:
            value = count.value / span.seconds
            yield replace(count, value=value, low=None, per="second", unit="event", last=span.last)


def _bare_means(reading: Reading, peak: Quantity) -> list[Quantity]:
    """The mean of "15k requests/s at peak, 3k on average", which leaves out its unit."""
    return [
        replace(item, per=peak.per, unit=peak.unit)
        for item in reading.quantities
        if item.measure is Measure.COUNT
        and not item.unit
        and reading.near("mean", item.first, item.last, back=2, ahead=2) < FAR
    ]


def _throughput(
    rate: Quantity, value: Decimal, low: Decimal | None, confidence: float, note: str
) -> Candidate:
    seconds = SECONDS[rate.per]
    lower = None if low is None else float(low / seconds)
    high = float(value / seconds)
    return Candidate(
        "throughput_rps",
        high,
        confidence,
        rate.first,
        rate.last,
        "events/s",
        lower,
        None if lower is None else high,
        note,
    )


def rated(reading: Reading, quantity: Quantity) -> Quantity | None:
    """`quantity` as a rate of events, with its period wherever it stands; None where it is none."""
    if quantity.measure is not Measure.COUNT or quantity.value <= 0 or quantity.unit not in _CONFIDENCE:
        return None
    if quantity.negative or denied(reading, quantity):
        return None
    spot = (quantity.first, quantity.last)
    if not quantity.per:
        return _rated_before(reading, quantity)
    if quantity.unit == "user" and quantity.per not in {"second", "minute"}:
        return None
    if quantity.unit == "" and quantity.per not in {"second", "minute", "hour", "day"}:
        return None
    if quantity.unit == "" and reading.near("budget", *spot, back=3, ahead=2) < FAR:
        return None
    return quantity


def _rated_before(reading: Reading, quantity: Quantity) -> Quantity | None:
    """The rate that stands before the number: "every day we get 10M events", "throughput: 500"."""
    if quantity.unit in {"", "user"}:
        cue = reading.near("throughput", quantity.first, quantity.last, back=3, ahead=0)
        return replace(quantity, per="second") if quantity.unit == "" and cue < FAR else None
    for at in range(quantity.first - 1, max(quantity.first - 6, -1), -1):
        word = reading.word(at)
        if word in vocabulary("adverb"):
            return replace(quantity, per=vocabulary("adverb")[word], first=at)
        if word in vocabulary("period") and reading.word(at - 1) in _LEADS:
            return replace(quantity, per=vocabulary("period")[word], first=at - 1)
        if not word.isalpha():
            break
    return None


def _peak(reading: Reading, rate: Quantity, reach: int) -> bool:
    peak = reading.near("peak", rate.first, rate.last, back=reach, ahead=reach)
    return peak < reading.near("mean", rate.first, rate.last, back=4, ahead=2)


def _per_second(rate: Quantity) -> Decimal:
    return rate.value / SECONDS[rate.per]


def _confidence_of(rate: Quantity) -> float:
    return _CONFIDENCE[rate.unit] if rate.noun or rate.unit else 0.8


def read_peak_factor(reading: Reading) -> Iterator[Candidate]:
    """Peak divided by mean, from "3x at peak"."""
    for quantity in reading.quantities:
        spot = (quantity.first, quantity.last)
        times = quantity.measure is Measure.COUNT and quantity.unit == "times" and 1 <= quantity.value <= 1000
        if times and reading.near("peak", *spot, back=5, ahead=5) < FAR:
            low = None if quantity.low is None else float(quantity.low)
            yield Candidate("peak_factor", float(quantity.value), 0.9, *spot, "x", low)


def read_users(reading: Reading) -> Iterator[Candidate]:
    """How many people use it or are in its data."""
    for quantity in reading.quantities:
        if quantity.measure is not Measure.COUNT or quantity.unit != "user" or quantity.value < 1:
            continue
        if quantity.per in {"second", "minute"} or denied(reading, quantity) or quantity.negative:
            continue
        loose = reading.tokens[quantity.first].text.isalpha()
        yield Candidate(
            "users",
            int(quantity.value),
            0.6 if loose and quantity.value >= 1000 else 0.9,
            quantity.first,
            quantity.last,
            "users",
            None if quantity.low is None else float(quantity.low),
            None if quantity.low is None else float(quantity.value),
        )
