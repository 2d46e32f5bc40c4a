"""The budget: which amounts of money are one, in what currency, and over which period."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import NoReturn

from pilothouse.apps.mlops.intake import units
from pilothouse.apps.mlops.intake.errors import InvalidPrompt
from pilothouse.apps.mlops.intake.lexicon.load import vocabulary
from pilothouse.apps.mlops.intake.quantities import Measure, Quantity
from pilothouse.apps.mlops.intake.reading import FAR, Candidate, Reading
from pilothouse.apps.mlops.intake.tokens import Kind
from pilothouse.apps.mlops.requirements import Budget

_MONTHS = {
    "day": 1 / units.DAYS_PER_MONTH,
    "week": 1 / units.WEEKS_PER_MONTH,
    "month": Decimal(1),
    "quarter": Decimal(3),
    "year": Decimal(12),
    "project": Decimal(12),
}
"""Months in a period; a one-off amount is spread over a year."""
_DENIALS = frozenset({"not", "nicht", "pas", "no", "niet", "nao", "non", "isn't"})
_SMALLEST = 20
"""A number without a currency below this is not taken for money."""


def read_budget(reading: Reading) -> Iterator[Candidate]:
    """The amounts that are the budget, each as `Budget`, with `low` and `high` per month for a range.

    The upper end of a range is the one to design for: it is what may be spent. An amount without a
    currency counts only beside a word such as "budget", as US dollars; one without a period is taken as
    monthly. Raises `InvalidPrompt` for a negative budget or one of nothing.
    """
    for at, cues in enumerate(reading.cues):
        for code in ("negative_budget", "zero_budget"):
            if code in cues:
                _refuse(
                    code == "negative_budget",
                    reading.span(at, at + 2 if at + 1 < len(reading.cues) else at + 1).text,
                )
    for quantity in reading.quantities:
        confidence = _confidence(reading, quantity)
        if not confidence or denied(reading, quantity):
            continue
        if quantity.negative or quantity.value <= 0:
            words = reading.span(quantity.first, quantity.last).text
            _refuse(quantity.negative and quantity.value > 0, f"-{words}" if quantity.negative else words)
        yield _candidate(reading, quantity, confidence)


def denied(reading: Reading, quantity: Quantity) -> bool:
    """Whether the amount is what it is not: "not $5000 but $3000"."""
    before = reading.word(quantity.first - 1)
    if before in {"es", "is", "ist"}:
        before = reading.word(quantity.first - 2)
    return before in _DENIALS


def _refuse(negative: bool, words: str) -> NoReturn:
    if negative:
        raise InvalidPrompt(
            "negative_budget",
            f'The budget in "{words}" is negative. State what may be spent a month, for example '
            '"$5000/month", or leave the budget out to be asked for it.',
        )
    raise InvalidPrompt(
        "zero_budget",
        f'The budget in "{words}" is nothing, and nothing runs for free. State what may be spent a month, '
        'for example "$200/month", or leave the budget out to be asked for it.',
    )


def _confidence(reading: Reading, quantity: Quantity) -> float:
    """How sure it is that `quantity` is the budget; 0 where it is something else."""
    cue = reading.near("budget", quantity.first, quantity.last, back=6, ahead=3)
    if quantity.measure is Measure.COUNT:
        return _without_currency(reading, quantity, cue)
    if quantity.measure is not Measure.MONEY or _per_piece(reading, quantity):
        return 0.0
    if reading.near("not_budget", quantity.first, quantity.last, back=5, ahead=3) <= min(cue, FAR - 1):
        return 0.0
    spot = (quantity.first, quantity.last)
    soft = (
        reading.near("soft", *spot, back=2, ahead=1) < FAR
        or reading.near("current", *spot, back=4, ahead=0) < FAR
    )
    if _period(reading, quantity):
        return (0.98 if cue < FAR else 0.9) - 0.4 * soft
    return (0.8 if cue < FAR else 0.55) - 0.4 * soft


def _without_currency(reading: Reading, quantity: Quantity, cue: int) -> float:
    monthly = quantity.per in {"month", "year"}
    usable = quantity.unit == "" and quantity.per in {"", "day", "month", "year", "week"}
    if not usable or cue > 4 or (0 < quantity.value < _SMALLEST and not quantity.negative):
        return 0.0
    if reading.near("not_budget", quantity.first, quantity.last, back=4, ahead=2) <= cue:
        return 0.0
    return 0.78 if monthly else 0.65


def _per_piece(reading: Reading, quantity: Quantity) -> bool:
    """Whether it is the price of one thing: "$0.02 per prediction"."""
    lead, following = reading.word(quantity.last), reading.word(quantity.last + 1)
    if lead in {"per", "pro", "par", "por", "each"}:
        return following not in vocabulary("period") and following not in {"annum", "month"}
    return lead in vocabulary("noun") and quantity.per == "" and lead not in {"mn", "mm"}


def _period(reading: Reading, quantity: Quantity) -> str:
    """The period of the budget, or "" where none was said."""
    if reading.near("one_off", quantity.first, quantity.last, back=5, ahead=3) < FAR and not quantity.per:
        return "project"
    if quantity.per in _MONTHS:
        return quantity.per
    spots = list(range(max(0, quantity.first - 5), quantity.first))
    if quantity.last < len(reading.tokens) and reading.tokens[quantity.last].kind in {Kind.PAUSE, Kind.COMMA}:
        spots.append(quantity.last + 1)
    for at in reversed(spots):
        word = reading.word(at)
        adverb = vocabulary("adverb").get(word, "")
        if adverb in _MONTHS and reading.near("budget", at, at + 1, back=2, ahead=2) < FAR:
            return adverb
        if word.endswith("budget") and word != "budget":
            return "month" if word.startswith("monat") else "year" if word.startswith("jahr") else ""
    return _bracketed(reading, quantity.last)


def _bracketed(reading: Reading, at: int) -> str:
    """The period behind a bracket or comma: "5000 USD (per month)"."""
    if at >= len(reading.tokens) or reading.tokens[at].kind not in {Kind.PAUSE, Kind.COMMA}:
        return ""
    word, following = reading.word(at + 1), reading.word(at + 2)
    if word in {"per", "pro", "par", "por", "al", "a"}:
        word = following
    period = vocabulary("adverb").get(word) or vocabulary("period").get(word, "")
    return period if period in {"month", "year", "week"} else ""


def _candidate(reading: Reading, quantity: Quantity, confidence: float) -> Candidate:
    stated = _period(reading, quantity)
    period = stated or "month"
    months = _MONTHS[period]
    notes = []
    currency = quantity.unit
    if not currency or quantity.measure is Measure.COUNT:
        currency = "USD"
        notes.append("no currency was named; US dollars are assumed")
    if not stated:
        notes.append("no period was named; a monthly budget is assumed")
    if period == "project":
        notes.append("a one-off amount, spread over twelve months")
    budget = Budget(
        monthly=monthly(quantity.value, months),
        currency=currency,
        stated_amount=_plain(quantity.value),
        stated_period=period,
    )
    low = None if quantity.low is None else float(monthly(quantity.low, months))
    if low is not None:
        notes.append("the upper end of the range is designed for")
    high = None if low is None else float(budget.monthly)
    return Candidate(
        "budget",
        budget,
        round(confidence, 2),
        quantity.first,
        quantity.last,
        f"{currency}/month",
        low,
        high,
        "; ".join(notes),
    )


def monthly(amount: Decimal, months: Decimal) -> Decimal:
    """`amount` per month, in whole hundredths and at least one of them."""
    share = (amount / months).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return max(_plain(share), Decimal("0.01"))


def _plain(amount: Decimal) -> Decimal:
    """`amount` without decimals where they are zero."""
    whole = amount.to_integral()
    return whole if amount == whole else amount
