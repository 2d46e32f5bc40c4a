"""Whether constraints were read from the prompt: each with its words, and nothing that was said is lost.

What the expert read from explicit words stands, and so do the contradictions it found: a person settles them.
A model may add what was said in words the expert does not know, and say for sure what was only inferred.
"""

from __future__ import annotations

from collections.abc import Iterator

from pilothouse.apps.mlops.checking.evidence import evidence_problems
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.intake.contradictions import in_values
from pilothouse.apps.mlops.requirements import Constraint, Intake, Origin, Requirements

FIELDS = tuple(name for name in Requirements.model_fields if name != "prompt")


def intake_problems(prompt: str, found: Intake) -> list[str]:
    """What is wrong with what a model read from a prompt."""
    expert = read(prompt)
    problems: list[str] = []
    if found.requirements.prompt not in {"", prompt}:
        problems.append("prompt is left empty")
    if found.contradictions != expert.contradictions:
        problems.append("contradictions are those of the draft: a person settles them")
    if found.language != expert.language:
        problems.append(f"language is {expert.language}")
    for name in FIELDS:
        before, now = getattr(expert.requirements, name), getattr(found.requirements, name)
        problems += [f"{name}: {one}" for one in _field(name, prompt, before, now)]
    return problems or list(_conflicts(expert, found))


def _field(
    name: str, prompt: str, before: Constraint[object] | None, now: Constraint[object] | None
) -> Iterator[str]:
    if now == before:
        return
    if now is None:
        yield "is missing; keep what the draft has"
        return
    added = now
    if before is not None and before.origin is Origin.STATED:
        more = _more(before, now)
        if more is None:
            yield "was said in so many words; keep it as the draft has it"
            return
        added = now.model_copy(update={"value": more})
    yield from _evidence(prompt, added, name)


def _more(before: Constraint[object], now: Constraint[object]) -> tuple[object, ...] | None:
    """What a set has beside what was stated; None where something of that is changed."""
    if not isinstance(before.value, tuple) or not isinstance(now.value, tuple):
        return None
    if now.origin is not Origin.STATED or not set(before.value) <= set(now.value):
        return None
    return tuple(one for one in now.value if one not in before.value)


def _evidence(prompt: str, now: Constraint[object], name: str) -> Iterator[str]:
    """Whether a constraint that the expert does not have stands in the prompt."""
    if now.origin not in {Origin.STATED, Origin.INFERRED}:
        yield "origin is stated, or inferred where it follows from the words"
    span = now.span
    if span is None or not span.text.strip():
        yield "span: quote the words of the prompt that say it"
        return
    if prompt[span.start : span.end] != span.text:
        at = prompt.find(span.text)
        told = f"stands at {at} to {at + len(span.text)}" if at >= 0 else "does not stand in the prompt"
        yield f"span: {span.text[:80]!r} {told}, not at {span.start} to {span.end}"
        return
    yield from evidence_problems(name, now)


def _conflicts(expert: Intake, found: Intake) -> Iterator[str]:
    """What a model added that cannot hold beside the rest."""
    known = {item.fields for item in expert.contradictions}
    for item in in_values(found.requirements):
        if item.fields not in known:
            yield f"{', '.join(item.fields)}: {item.explanation} Leave out what you added of it"
