"""What changed between two designs: constraints, choices and their sizes, cost, score and relaxations."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.design import Choice, Design, Role
from pilothouse.apps.mlops.requirements import Frozen, Requirements


class Change(Frozen):
    """One thing that differs: what it was in the first design and is in the second; None is absent."""

    name: str
    was: str | None
    becomes: str | None


class ChoiceChange(Frozen):
    """A role that another component fills, or the same one in another size."""

    role: Role
    was: str | None
    becomes: str | None
    parameters: tuple[Change, ...] = ()


class CostChange(Frozen):
    """What a component costs a month in each design (US dollars; None: not part of it)."""

    component: str
    was: Decimal | None
    becomes: Decimal | None

    @property
    def difference(self) -> Decimal:
        """By how much the second is dearer."""
        return (self.becomes or Decimal(0)) - (self.was or Decimal(0))


class Comparison(Frozen):
    """All differences between two designs; `same` where there are none."""

    constraints: tuple[Change, ...]
    frame: tuple[Change, ...]  # workload, platform, region, relaxations, score
    choices: tuple[ChoiceChange, ...]
    costs: tuple[CostChange, ...]
    low: Decimal
    expected: Decimal
    high: Decimal

    @property
    def same(self) -> bool:
        """Whether the designs do not differ."""
        return not (self.constraints or self.frame or self.choices or self.costs)


def compare(a: Design, b: Design) -> Comparison:
    """What changed from `a` to `b`; `low`, `expected` and `high` are the differences of the totals."""
    return Comparison(
        constraints=_constraints(a.requirements, b.requirements),
        frame=_frame(a, b),
        choices=_choices(a, b),
        costs=_costs(a, b),
        low=b.bill.low - a.bill.low,
        expected=b.bill.expected - a.bill.expected,
        high=b.bill.high - a.bill.high,
    )


def _constraints(a: Requirements, b: Requirements) -> tuple[Change, ...]:
    """Fields whose value or unit differs; where it was read from does not matter."""
    found = []
    for name in Requirements.model_fields:
        if name == "prompt":
            continue
        was, becomes = _constraint(a, name), _constraint(b, name)
        if was != becomes:
            found.append(Change(name=name, was=was, becomes=becomes))
    return tuple(found)


def _constraint(requirements: Requirements, name: str) -> str | None:
    constraint = getattr(requirements, name)
    if constraint is None:
        return None
    value = constraint.value
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, Frozen):
        return value.model_dump_json()
    return f"{value}{f' {constraint.unit}' if constraint.unit else ''}"


def _frame(a: Design, b: Design) -> tuple[Change, ...]:
    pairs = [
        ("workload", a.workload.value, b.workload.value),
        ("cloud", a.cloud.value, b.cloud.value),
        ("region", a.region, b.region),
        ("relaxations", _relaxations(a), _relaxations(b)),
        ("score", f"{a.score.total:.4f}", f"{b.score.total:.4f}"),
    ]
    return tuple(
        Change(name=name, was=was, becomes=becomes) for name, was, becomes in pairs if was != becomes
    )


def _relaxations(design: Design) -> str | None:
    told = "; ".join(f"{entry.field}: {entry.was} -> {entry.becomes}" for entry in design.relaxations)
    return told or None


def _choices(a: Design, b: Design) -> tuple[ChoiceChange, ...]:
    found = []
    for role in Role:
        was, becomes = a.choice(role), b.choice(role)
        if was is None and becomes is None:
            continue
        before, after = was.component if was else None, becomes.component if becomes else None
        changed = _parameters(was, becomes) if before == after else ()
        if before != after or changed:
            found.append(ChoiceChange(role=role, was=before, becomes=after, parameters=changed))
    return tuple(found)


def _parameters(was: Choice | None, becomes: Choice | None) -> tuple[Change, ...]:
    before = was.parameters if was else {}
    after = becomes.parameters if becomes else {}
    return tuple(
        Change(name=name, was=_text(before.get(name)), becomes=_text(after.get(name)))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def _text(value: str | float | bool | None) -> str | None:
    return None if value is None else str(value)


def _costs(a: Design, b: Design) -> tuple[CostChange, ...]:
    before, after = _sums(a), _sums(b)
    return tuple(
        CostChange(component=name, was=before.get(name), becomes=after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )


def _sums(design: Design) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for line in design.bill.lines:
        sums[line.component] = sums.get(line.component, Decimal(0)) + (line.monthly or Decimal(0))
    return sums
