"""The rationale: a decision record for each choice and for the design as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from pilothouse.apps.mlops.design import Check, Choice, Design, Rejected, Review, Role, Verdict
from pilothouse.apps.mlops.requirements import Budget, Frozen, Origin


class Decision(Frozen):
    """One decision record: why it was needed, what was decided, what else there was, what follows."""

    id: str
    title: str
    role: Role | None
    component: str | None
    context: str
    decision: str
    alternatives: tuple[Rejected, ...] = ()
    consequences: tuple[str, ...] = ()


class Rationale(Frozen):
    """All decision records of a design, the platform's first."""

    summary: str
    decisions: tuple[Decision, ...]


def rationale(design: Design, reviews: Sequence[Review]) -> Rationale:
    """The decision records of `design`, with what the reviews found as consequences."""
    checks = [check for review in reviews for check in review.checks]
    records = [_platform(design, checks)]
    records += [
        _record(number, choice, design, checks) for number, choice in enumerate(design.choices, start=2)
    ]
    return Rationale(summary=_summary(design, checks), decisions=tuple(records))


def _summary(design: Design, checks: list[Check]) -> str:
    counts = {verdict: sum(check.verdict is verdict for check in checks) for verdict in Verdict}
    bill = design.bill
    place = f"Workload {design.workload.value} on {design.cloud.value} in {design.region}"
    lines = [
        f"{place}, {len(design.choices)} components, score {design.score.total:.2f} of 1.",
        f"Expected ${bill.expected:,.0f} a month (${bill.low:,.0f} to ${bill.high:,.0f}).",
        f"{counts[Verdict.PASS]} checks passed, {counts[Verdict.WARN]} warn, {counts[Verdict.FAIL]} failed.",
    ]
    lines += [
        f"Relaxed: {_label(entry.field)} from {entry.was} to {entry.becomes}, because {entry.because}."
        for entry in design.relaxations
    ]
    return " ".join(lines)


def _platform(design: Design, checks: list[Check]) -> Decision:
    weights = ", ".join(
        f"{name} {design.score.criteria[name]:.2f} (weight {weight:.2f})"
        for name, weight in design.score.weights.items()
    )
    whole = [check for check in checks if check.component is None]
    return Decision(
        id="0001",
        title=f"Run on {design.cloud.value} in {design.region}",
        role=None,
        component=None,
        context=_context(design),
        decision=f"{design.cloud.value} in {design.region} scores {design.score.total:.3f}: {weights}.",
        alternatives=tuple(
            Rejected(component=other.cloud.value, name=other.name, reason=other.reason, score=other.score)
            for other in design.alternatives
        ),
        consequences=_consequences(whole) + tuple(f"Assumed: {line}" for line in design.assumptions),
    )


def _context(design: Design) -> str:
    """What was known, with how it came to be known."""
    told: list[str] = []
    for name in type(design.requirements).model_fields:
        constraint = getattr(design.requirements, name)
        if name == "prompt" or constraint is None:
            continue
        origin = "" if constraint.origin is Origin.STATED else f" ({constraint.origin.value})"
        told.append(f"{_label(name)} {_words(constraint.value)}{origin}")
    return f"Asked for: {'; '.join(told) or 'nothing but the prompt'}."


def _label(name: str) -> str:
    return name.replace("_", " ")


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, Budget):
        return f"{value.stated_amount:,} {value.currency} a {value.stated_period}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _record(number: int, choice: Choice, design: Design, checks: list[Check]) -> Decision:
    own = [check for check in checks if check.component == choice.component]
    return Decision(
        id=f"{number:04d}",
        title=f"Use {choice.name} for {choice.role.value.replace('_', ' ')}",
        role=choice.role,
        component=choice.component,
        context=choice.why.split(". ", 1)[0] + ".",
        decision=_decision(choice),
        alternatives=choice.rejected,
        consequences=(*_money(choice, design), *_consequences(own)),
    )


def _decision(choice: Choice) -> str:
    sizing = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in choice.parameters.items())
    sized = f" Sized as: {sizing}." if sizing else ""
    return f"{choice.why.split('. ', 1)[-1]}{sized}"


def _money(choice: Choice, design: Design) -> tuple[str, ...]:
    lines = [line for line in design.bill.lines if line.component == choice.component]
    known = sum((line.monthly for line in lines if line.monthly is not None), Decimal(0))
    unknown = sum(line.monthly is None for line in lines)
    if not lines:
        return ("Adds nothing to the bill.",)
    return (f"Adds ${known:,.2f} a month" + (f", and {unknown} lines without a price." if unknown else "."),)


def _consequences(checks: list[Check]) -> tuple[str, ...]:
    """What the reviews say, the worst first; what passed is told only where it is a number."""
    order = {Verdict.FAIL: 0, Verdict.WARN: 1, Verdict.PASS: 2}
    told = [check for check in checks if check.verdict is not Verdict.PASS or check.measured is not None]
    return tuple(
        f"{check.verdict.value}: {check.title}: {check.detail}."
        for check in sorted(told, key=lambda check: order[check.verdict])
    )
