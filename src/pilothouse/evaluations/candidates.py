"""Candidates of a prompt that can be made without a model: the prompt with examples taken from a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.evaluations.schemas import Case
from pilothouse.kit.share import share
from pilothouse.prompts.schemas import Example, PromptHead, PromptVersion

SIZES = (2, 4, 8)
"""How many examples candidates have, in turn."""


@dataclass(frozen=True)
class Candidate:
    """One candidate, and the cases that it holds as examples: of these it says nothing about itself."""

    name: str
    version: PromptVersion
    shown: frozenset[str] = frozenset()

    def fair(self, cases: Sequence[Case]) -> list[Case]:
        """The cases on which it may be judged."""
        return [case for case in cases if case.id not in self.shown]


def shuffled(cases: Sequence[Case], seed: str) -> list[Case]:
    """The cases in an order that the seed and their ids alone decide."""
    return sorted(cases, key=lambda case: share(f"order/{seed}", case.id))


def with_examples(version: PromptVersion, cases: Sequence[Case], count: int, seed: str) -> list[Candidate]:
    """At most `count` candidates that are `version` with other examples: chosen by `seed` from the `cases`.

    Cases that expect nothing make no example. No two candidates show the same cases.
    """
    usable = [case for case in cases if case.expected is not None]
    found = dict[frozenset[str], Candidate]()
    for number in range(count):
        size = min(SIZES[number % len(SIZES)], len(usable) // 2)
        chosen = shuffled(usable, f"{seed}/examples/{number}")[:size]
        shown = frozenset(case.id for case in chosen)
        if not chosen or shown in found:
            continue
        examples = tuple(Example(input=case.variables, output=case.expected) for case in chosen)
        name = f"{size} examples, choice {number + 1}"
        found[shown] = Candidate(name, revised(version, examples=examples), shown)
    return list(found.values())


def head_of(version: PromptVersion) -> PromptHead:
    """What stands above a version's body."""
    return PromptHead(**{field: getattr(version, field) for field in PromptHead.model_fields})


def revised(
    version: PromptVersion, *, examples: Sequence[Example] | None = None, body: str | None = None
) -> PromptVersion:
    """The version with other examples or another body; it has no number."""
    head = head_of(version)
    if examples is not None:
        head = head.model_copy(update={"examples": tuple(examples)})
    return PromptVersion.of(version.name, head, version.body if body is None else body)
