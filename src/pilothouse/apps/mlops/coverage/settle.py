"""Puts an answer or an assumption into an intake, and works out again what follows and what conflicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pilothouse.apps.mlops.coverage.cover import contradiction_key
from pilothouse.apps.mlops.intake.contradictions import in_values
from pilothouse.apps.mlops.intake.inference.infer import infer
from pilothouse.apps.mlops.intake.read import once
from pilothouse.apps.mlops.intake.resolve import UNIONS
from pilothouse.apps.mlops.requirements import Constraint, Contradiction, Intake, Origin, Requirements

CONTRADICTION = "contradiction:"
_ADDED_TO = frozenset({"existing_stack", "excluded_technologies"})
"""Sets that an answer about one of their members leaves otherwise as they are."""


def fields_of(intake: Intake, key: str) -> tuple[str, ...]:
    """The fields that the inquiry `key` is about; none where there is no such inquiry."""
    if key.startswith(CONTRADICTION):
        asked = (item.fields for item in intake.contradictions if contradiction_key(item) == key)
        return next(asked, ())
    return (key,) if key in Requirements.model_fields and key != "prompt" else ()


def settle(intake: Intake, fields: tuple[str, ...], said: Mapping[str, Mapping[str, object]]) -> Intake:
    """`intake` where `said`, constraints by field, holds.

    Of the asked `fields`, those that were not answered give way where they contradict the answer. Fields
    beyond them are taken only where nothing was said about them before. Contradictions that touch what
    was answered are settled; new ones may come up.
    """
    before = intake.requirements
    values = _constraints(before)
    for name, constraint in said.items():
        if name in fields or not _was_said(values.get(name)):
            values[name] = _joined(values.get(name), constraint) if name in _ADDED_TO else constraint
    requirements = _validated(before, values)
    answered = set(said)
    for conflict in in_values(requirements):
        if set(conflict.fields) & answered:
            for name in set(conflict.fields) & set(fields) - answered:
                values[name] = _without_conflict(requirements, name)
    requirements = infer(_validated(before, values))
    kept = [item for item in intake.contradictions if not set(item.fields) & (answered | set(fields))]
    return Intake(
        requirements=requirements,
        contradictions=once([*kept, *in_values(requirements)]),
        language=intake.language,
    )


def _constraints(requirements: Requirements) -> dict[str, object]:
    return {
        name: getattr(requirements, name)
        for name in Requirements.model_fields
        if name != "prompt" and getattr(requirements, name) is not None
    }


def _was_said(constraint: object) -> bool:
    said = {Origin.STATED, Origin.ANSWERED}
    return isinstance(constraint, Constraint) and constraint.origin in said


def _joined(before: object, constraint: Mapping[str, object]) -> dict[str, object]:
    """`constraint` with the members that the set had before."""
    old = before.value if isinstance(before, Constraint) else ()
    new = constraint["value"]
    members = (*(old if isinstance(old, tuple) else ()), *(new if isinstance(new, tuple) else ()))
    return {**constraint, "value": tuple(dict.fromkeys(members))}


def _validated(before: Requirements, values: Mapping[str, object]) -> Requirements:
    return Requirements.model_validate({"prompt": before.prompt, **values})


def _without_conflict(requirements: Requirements, name: str) -> Constraint[object] | None:
    """The constraint on `name` without what contradicts the others; None where nothing is left of it."""
    constraint = getattr(requirements, name)
    if name not in UNIONS:
        return None
    kept = tuple(
        member
        for member in constraint.value
        if not _conflicts(
            requirements.model_copy(update={name: constraint.model_copy(update={"value": (member,)})}), name
        )
    )
    return constraint.model_copy(update={"value": kept}) if kept else None


def _conflicts(requirements: Requirements, name: str) -> bool:
    found: Iterable[Contradiction] = in_values(requirements)
    return any(name in item.fields for item in found)
