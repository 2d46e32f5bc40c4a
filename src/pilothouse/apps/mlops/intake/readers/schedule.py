"""Time: how often the model is trained again, by when it must be live, how long data is kept, uptime."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.readers.money import denied
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.intake.tokens import Kind

DRIFT_DAYS = 30.0
"""Days between trainings assumed where drift is what triggers them: a planning default of this project."""
_DAY = Decimal(86_400)
_LEADS = frozenset({"in", "within", "next", "dans", "en", "binnen", "innerhalb", "inside", "les", "sous"})
_BY = frozenset(
    {
        *("by", "until", "before", "bis", "avant", "antes", "end", "ende", "fin", "till", "ab", "starting"),
        "deadline",
    }
)
_SPANS = {
    **dict.fromkeys(("month", "monat", "monats", "mois", "mes"), 4.0),
    **dict.fromkeys(("quarter", "quartal", "quartals", "trimestre"), 13.0),
    **dict.fromkeys(("year", "jahr", "jahres", "annee", "ano"), 26.0),
}
"""Weeks assumed until the end of a period: the whole of a month or quarter, half of a year."""
_ENDS = frozenset({"end", "ende", "fin", "final", "finales", "eoy"})
_NO_CALENDAR = "a date was named; intake knows no calendar, so {} weeks are assumed"


def read_retraining(reading: Reading) -> Iterator[Candidate]:
    """Days between trainings: "retrain weekly", "every 2 weeks", "on drift"."""
    often = [
        (reading.near("retraining", hit.first, hit.last, back=6, ahead=4), hit)
        for hit in reading.of("frequency")
        if not hit.negated
    ]
    nearest = min((distance for distance, _ in often), default=FAR)
    for distance, hit in often:
        if distance < FAR and distance <= max(nearest, 1):
            yield Candidate("retraining_days", hit.value, hit.confidence, hit.first, hit.last, "days")
    for quantity in reading.quantities:
        spot = (quantity.first, quantity.last)
        if quantity.measure is not Measure.DURATION or "every" not in _cues(reading, quantity.first - 1):
            continue
        if reading.near("retraining", *spot, back=8, ahead=5) < FAR and quantity.value > 0:
            yield Candidate(
                "retraining_days",
                float(quantity.seconds / _DAY),
                0.95,
                quantity.first - 1,
                quantity.last,
                "days",
            )
    for at, cues in enumerate(reading.cues):
        begins = "drift" in cues and "drift" not in _cues(reading, at - 1)
        if begins and reading.near("retraining", at, at + 1, back=6, ahead=6) < FAR:
            last = next(end for end in range(at, len(reading.cues) + 1) if "drift" not in _cues(reading, end))
            note = "triggered by drift; at least monthly is assumed"
            yield Candidate("retraining_days", DRIFT_DAYS, 0.5, at, last, "days", note=note)


def _cues(reading: Reading, at: int) -> frozenset[str]:
    return reading.cues[at] if 0 <= at < len(reading.cues) else frozenset()


def read_deadline(reading: Reading) -> Iterator[Candidate]:
    """Weeks until it must be live; a calendar date gives a rough number with low confidence."""
    for quantity in reading.quantities:
        confidence = _deadline_confidence(reading, quantity)
        if confidence and quantity.value > 0 and not denied(reading, quantity):
            week = 7 * _DAY
            low = (
                None
                if quantity.low is None
                else float(quantity.low * quantity.seconds / quantity.value / week)
            )
            value = round(float(quantity.seconds / week), 1)
            yield Candidate(
                "deadline_weeks",
                value,
                confidence,
                quantity.first,
                quantity.last,
                "weeks",
                low,
                low and value,
            )
    for at, token in enumerate(reading.tokens):
        due = token.text == "in" and reading.near("deadline", at, at + 1, back=3, ahead=0) < FAR
        if token.kind is Kind.WORD and (token.text in _BY or due):
            yield from _calendar(reading, at)


def _deadline_confidence(reading: Reading, quantity: Quantity) -> float:
    spot = (quantity.first, quantity.last)
    if quantity.measure is not Measure.DURATION or quantity.unit not in {"day", "week", "month", "quarter"}:
        return 0.0
    cue = reading.near("deadline", *spot, back=6, ahead=4)
    if any(
        reading.near(other, *spot, back=5, ahead=3) < cue for other in ("horizon", "retention", "retraining")
    ):
        return 0.0
    if "every" in _cues(reading, quantity.first - 1):
        return 0.0
    led = reading.word(quantity.first - 1) in _LEADS or quantity.bound == "max"
    if cue < FAR:
        return 0.92 if led or cue <= 3 else 0.75
    return 0.7 if led and quantity.unit != "day" else 0.0


def _calendar(reading: Reading, at: int) -> Iterator[Candidate]:
    """The deadlines "by Q3", "before March", "until 2027-01-31", "by the end of the year"."""
    for index in range(at + 1, min(at + 5, len(reading.tokens))):
        token = reading.tokens[index]
        quarter = len(token.text) == 2 and token.text[0] == "q" and token.text[1] in "1234"
        if token.kind is Kind.DATE or quarter or token.text in vocabulary("month_name"):
            note = _NO_CALENDAR.format(13)
            yield Candidate("deadline_weeks", 13.0, 0.35, at, index + 1, "weeks", note=note)
            return
        if token.text in _SPANS and _ENDS & {reading.word(place) for place in range(at, index)}:
            weeks = _SPANS[token.text]
            note = _NO_CALENDAR.format(f"{weeks:g}")
            yield Candidate("deadline_weeks", weeks, 0.35, at, index + 1, "weeks", note=note)
            return
        if token.kind not in {Kind.WORD, Kind.NUMBER, Kind.PAUSE}:
            return


def read_retention(reading: Reading) -> Iterator[Candidate]:
    """Days for which data is kept."""
    for quantity in reading.quantities:
        spot = (quantity.first, quantity.last)
        if quantity.measure is not Measure.DURATION or quantity.unit in {"ms", "second", "minute"}:
            continue
        cue = reading.near("retention", *spot, back=6, ahead=3)
        if cue < FAR and quantity.seconds >= _DAY:
            days = round(quantity.seconds / _DAY)
            yield Candidate("retention_days", days, 0.92, *spot, "days")


def read_availability(reading: Reading) -> Iterator[Candidate]:
    """A share of time from 0.9 up: "99.9 %", with or without a word such as uptime beside it."""
    for quantity in reading.quantities:
        spot = (quantity.first, quantity.last)
        if denied(reading, quantity) or quantity.negative:
            continue
        cue = reading.near("availability", *spot, back=6, ahead=4)
        if quantity.measure is Measure.PERCENT:
            share = quantity.value / 100
            other = reading.near("accuracy", *spot, back=5, ahead=3)
            stated = cue < FAR and cue <= other
            likely = Decimal("0.99") <= share and other == FAR
            if Decimal("0.9") <= share < 1 and (stated or likely):
                yield Candidate(
                    "availability", float(share), 0.97 if stated else 0.75, *spot, "share of time"
                )
        elif quantity.measure is Measure.COUNT and quantity.unit == "" and cue <= 3:
            share = quantity.value if quantity.value < 1 else quantity.value / 100
            if Decimal("0.9") <= share < 1:
                yield Candidate("availability", float(share), 0.85, *spot, "share of time")
