"""Adds the cost lines of a design up to a bill: low, expected and high, held against the budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pydantic import JsonValue

from pilothouse.apps.mlops.pricing.book import PriceBook
from pilothouse.apps.mlops.pricing.model import Bill, CostLine, PlannedResource
from pilothouse.apps.mlops.pricing.pricer import price
from pilothouse.apps.mlops.requirements import Budget

UNKNOWN_SHARE = Decimal("0.10")
"""Share of the known high total by which each unknown line raises the high end: stated, not measured."""


def _priced(
    planned: PlannedResource, usage: Mapping[str, JsonValue], book: PriceBook
) -> tuple[CostLine, ...]:
    """The lines at `usage`; what it does not mention is as expected."""
    lines = price(planned.resource, {**planned.expected, **usage}, book)
    return tuple(
        line.model_copy(
            update={
                "component": planned.component,
                "assumption": _joined(line.assumption, planned.assumption if line.usage_priced else ""),
            }
        )
        for line in lines
    )


def _joined(first: str, second: str) -> str:
    return "; ".join(part for part in (first, second) if part)


def _total(lines: Sequence[CostLine]) -> Decimal:
    return sum((line.monthly for line in lines if line.monthly is not None), Decimal(0))


def _unknown(priced: Sequence[Sequence[CostLine]]) -> tuple[CostLine, ...]:
    """The unknown lines of all three usages, each resource's description once."""
    found: dict[tuple[str, str, str], CostLine] = {}
    for lines in priced:
        for line in lines:
            if line.monthly is None:
                found.setdefault((line.component, line.resource, line.description), line)
    return tuple(found.values())


def _within(expected: Decimal, budget: Decimal | None, unknown: Sequence[CostLine]) -> bool | None:
    """Whether the expected total keeps to the budget; not known as long as a line is unknown."""
    if budget is None:
        return None
    if expected > budget:
        return False
    return None if unknown else True


def bill(planned: Sequence[PlannedResource], budget: Budget | None, book: PriceBook) -> Bill:
    """The bill of materials of `planned`, with the range of its monthly total in US dollars.

    Lines are those at expected usage. Every line whose price or quantity is not known is listed in `unknown`,
    is left out of the sums and raises the high end by a stated share of it (`UNKNOWN_SHARE`); while there is
    one, `within_budget` is never True. A budget in another currency is converted at the book's dated
    reference rate. Raises `UnknownCurrencyError` for a currency without one.
    """
    expected = [line for one in planned for line in _priced(one, {}, book)]
    low = [line for one in planned for line in _priced(one, one.low, book)]
    high = [line for one in planned for line in _priced(one, one.high, book)]
    totals = sorted((_total(low), _total(expected), _total(high)))
    unknown = _unknown((expected, low, high))
    raised = totals[-1] * (1 + UNKNOWN_SHARE * len(unknown))
    notes: list[str] = []
    if unknown:
        notes.append(
            f"{len(unknown)} lines have no known cost and are not in the sums; the high end is raised by "
            f"{UNKNOWN_SHARE:.0%} for each, so whether the budget holds is not known."
        )
    amount: Decimal | None = None
    if budget is not None:
        rate = book.rates.usd_per(budget.currency)
        amount = budget.monthly * rate
        if budget.currency != "USD":
            notes.append(
                f"Budget converted at {rate:.4f} USD per {budget.currency}, the European Central Bank's "
                f"reference rate of {book.rates.date}."
            )
    return Bill(
        lines=tuple(expected),
        low=totals[0],
        expected=_total(expected),
        high=raised,
        unknown=unknown,
        budget_usd=amount,
        within_budget=_within(_total(expected), amount, unknown),
        notes=tuple(notes),
    )
