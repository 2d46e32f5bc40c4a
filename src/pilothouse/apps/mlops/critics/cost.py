"""The cost critic: the bill against the budget, what is unknown in it, and its largest part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from pilothouse.apps.mlops.critics.findings import Finding, figure, review
from pilothouse.apps.mlops.design import Check, Design, Review, Verdict
from pilothouse.apps.mlops.planner.directives import REDUCE_COST
from pilothouse.apps.mlops.planner.estimates import is_hard
from pilothouse.apps.mlops.pricing.model import CostLine

CRITIC = "cost_critic"
SHOWN = 5


def review_cost(design: Design) -> Review:
    """Check the bill of `design`; over budget (as expected) is an objection unless the budget was relaxed."""
    return review(CRITIC, _findings(design))


def _findings(design: Design) -> Iterator[Finding]:
    yield from _budget(design)
    yield from _high_end(design)
    yield from _unknown(design)
    yield from _assumptions(design)
    yield from _largest(design)
    yield from _unit_cost(design)


def _budget(design: Design) -> Iterator[Finding]:
    bill = design.bill
    span = f"${bill.expected:,.2f} a month as expected (${bill.low:,.2f} to ${bill.high:,.2f})"
    if bill.budget_usd is None:
        yield Finding(
            Check(
                id="budget",
                title="Budget",
                verdict=Verdict.PASS,
                rule="The expected cost stays within the budget",
                detail=f"{span}; no budget was given",
                measured=figure(float(bill.expected), "USD/month"),
            )
        )
        return
    over = bill.expected > bill.budget_usd
    assumed = not is_hard(design.requirements.budget)
    relaxed = next((entry for entry in design.relaxations if entry.field == "budget"), None)
    verdict = Verdict.PASS if not over else Verdict.WARN if relaxed or assumed else Verdict.FAIL
    left = bill.budget_usd - bill.expected
    detail = f"{span} against ${bill.budget_usd:,.2f}: " + (
        f"${left:,.2f} to spare" if not over else f"${-left:,.2f} too much"
    )
    if assumed:
        detail += "; the budget is an assumption"
    if relaxed:
        detail += f"; relaxed from {relaxed.was} to {relaxed.becomes}"
    yield Finding(
        Check(
            id="budget",
            title="Budget",
            verdict=verdict,
            rule="The expected cost stays within the budget",
            detail=detail,
            measured=figure(float(bill.expected), "USD/month"),
            limit=figure(float(bill.budget_usd), "USD/month"),
        ),
        directive=REDUCE_COST,
    )


def _high_end(design: Design) -> Iterator[Finding]:
    bill = design.bill
    if bill.budget_usd is None:
        return
    over = bill.high > bill.budget_usd
    ratio = bill.high / bill.budget_usd * 100
    yield Finding(
        Check(
            id="high-end",
            title="Budget at high usage",
            verdict=Verdict.WARN if over else Verdict.PASS,
            rule="The cost at the high end of usage stays within the budget",
            detail=f"${bill.high:,.2f} a month at high usage, {ratio:.0f} % of the budget",
            measured=figure(float(bill.high), "USD/month"),
            limit=figure(float(bill.budget_usd), "USD/month"),
        )
    )


def _unknown(design: Design) -> Iterator[Finding]:
    unknown = design.bill.unknown
    if not unknown:
        yield Finding(
            Check(
                id="unknown",
                title="Unknown prices",
                verdict=Verdict.PASS,
                rule="A price that is not known is shown, never counted as zero",
                detail=f"all {len(design.bill.lines)} lines have a price",
            )
        )
    for component, lines in _by_component(unknown).items():
        told = "; ".join(f"{line.description}: {line.assumption or 'no price'}" for line in lines[:SHOWN])
        yield Finding(
            Check(
                id=f"unknown:{component or lines[0].resource}",
                title=f"Unknown prices of {component or lines[0].resource}",
                verdict=Verdict.WARN,
                rule="A price that is not known is shown, never counted as zero",
                detail=f"{len(lines)} of the lines have no price and come on top ({told})",
                component=component or None,
            )
        )


def _by_component(lines: tuple[CostLine, ...]) -> dict[str, list[CostLine]]:
    found: dict[str, list[CostLine]] = defaultdict(list)
    for line in lines:
        found[line.component].append(line)
    return found


def _assumptions(design: Design) -> Iterator[Finding]:
    """Every line priced by usage must stand on a stated assumption, its own or its resource's."""
    stated = {
        planned.resource.address: planned.assumption
        for choice in design.choices
        for planned in choice.resources
    }
    metered = [line for line in design.bill.lines if line.usage_priced]
    silent = [line for line in metered if not (line.assumption or stated.get(line.resource))]
    named = ", ".join(f"{line.resource} {line.description}" for line in silent[:SHOWN])
    yield Finding(
        Check(
            id="usage-assumptions",
            title="Assumptions behind usage",
            verdict=Verdict.FAIL if silent else Verdict.PASS,
            rule="Every line that is priced by usage states what it assumes",
            detail=f"{len(metered) - len(silent)} of {len(metered)} lines state it"
            + (f"; not: {named}" if named else ""),
        )
    )


def _largest(design: Design) -> Iterator[Finding]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in design.bill.lines:
        sums[line.component] += line.monthly or Decimal(0)
    if not design.bill.expected:
        return
    component, money = max(sums.items(), key=lambda pair: (pair[1], pair[0]))
    share = money / design.bill.expected * 100
    yield Finding(
        Check(
            id="largest",
            title="Largest part of the bill",
            verdict=Verdict.PASS,
            rule="What costs most is known",
            detail=f"{component}: ${money:,.2f} a month, {share:.0f} % of what is expected",
            component=component or None,
            measured=figure(float(money), "USD/month"),
        )
    )


def _unit_cost(design: Design) -> Iterator[Finding]:
    requests = design.demand.requests_per_month
    if not requests:
        return
    thousand = design.bill.expected / Decimal(str(requests)) * 1000
    yield Finding(
        Check(
            id="unit-cost",
            title="Cost of a thousand predictions",
            verdict=Verdict.PASS,
            rule="What a prediction costs is known",
            detail=f"${thousand:.5f} for a thousand of {requests:,.0f} a month",
            measured=figure(float(thousand), "USD/1000"),
        )
    )
