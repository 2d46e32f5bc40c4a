"""The inference table: rules as data, each with its conditions, value, confidence and reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pilothouse.apps.mlops.intake.lexicon.load import typed
from pilothouse.apps.mlops.intake.resolve import UNIONS
from pilothouse.apps.mlops.requirements import Workload

CONDITIONS = frozenset({"area", "provider"})
"""Besides the fields of `Requirements`: areas of the regions, and clouds of named services or regions."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Where all of `when` hold, `field` is `value` with `confidence`, because of `reason`."""

    when: tuple[tuple[str, object], ...]
    field: str
    value: object
    confidence: float
    reason: str


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, in the order of `rules.txt`."""
    return tuple(parse((resources.files(__package__) / "rules.txt").read_text(encoding="utf-8")))


@cache
def usually_batch() -> frozenset[object]:
    """The use cases that are a batch unless something else is said."""
    implied = (rule.when for rule in rules() if rule.value is Workload.BATCH)
    return frozenset(value for when in implied for field, value in when if field == "use_case")


def parse(table: str) -> Iterator[Rule]:
    """The rules of a table. Raises `ValueError` for a malformed line or an unknown value."""
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        conditions, _, conclusion = line.partition(" -> ")
        said, _, reason = conclusion.partition(" | ")
        assignment, _, confidence = said.partition(" @ ")
        field, _, value = assignment.partition(" = ")
        meaning = typed(field, value)
        when = tuple(_condition(condition) for condition in conditions.split(" & "))
        yield Rule(when, field, (meaning,) if field in UNIONS else meaning, float(confidence), reason.strip())


def _condition(text: str) -> tuple[str, object]:
    field, _, value = text.strip().partition("=")
    return field, typed(field, value)
