"""Whether a rationale tells the decisions that were made: reworded at most, with their numbers and names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from pilothouse.apps.mlops.catalogue import load_catalogue
from pilothouse.apps.mlops.design import Design, Review
from pilothouse.apps.mlops.rationale import Decision, Rationale, rationale

REWORDED = ("context", "decision")
"""What of a decision a model may tell in other words."""
LONGEST = 2_000
"""Characters of a reworded text, beside the draft's own length."""
NUMBER = re.compile(r"\d(?:[\d.,]*\d)?")
NAME = re.compile(r"(?<![.!?:]\s)(?<!^)(?<!\w)[A-Z][\w./-]*\w", re.MULTILINE)
"""A word with a capital, other than at the beginning of a sentence: a name."""


def rationale_problems(design: Design, reviews: Sequence[Review], found: Rationale) -> list[str]:
    """What is wrong with the rationale of a design."""
    expert = rationale(design, reviews)
    if [one.id for one in found.decisions] != [one.id for one in expert.decisions]:
        return [f"decisions are {', '.join(one.id for one in expert.decisions)}, in this order"]
    known = _Known(expert)
    problems = [f"summary: {one}" for one in known.unlike(expert.summary, found.summary)]
    for before, now in zip(expert.decisions, found.decisions, strict=True):
        problems += [f"decision {before.id}: {one}" for one in _decision(known, before, now)]
    return problems


def _decision(known: _Known, before: Decision, now: Decision) -> Iterator[str]:
    kept = set(REWORDED)
    if now.model_dump(exclude=kept) != before.model_dump(exclude=kept):
        yield "title, role, component, alternatives and consequences stay as they are"
    for name in REWORDED:
        for problem in known.unlike(getattr(before, name), getattr(now, name)):
            yield f"{name}: {problem}"


class _Known:
    """The names and numbers of a draft."""

    def __init__(self, draft: Rationale) -> None:
        text = draft.model_dump_json()
        self._folded, self._numbers = text.casefold(), set(NUMBER.findall(text))

    def unlike(self, before: str, now: str) -> Iterator[str]:
        """What a reworded text has that the draft has not, or lacks."""
        if not now.strip():
            yield "is empty"
        if len(now) > len(before) + LONGEST:
            yield "is too long"
        for number in sorted(set(NUMBER.findall(now)) - self._numbers):
            yield f"the number {number[:40]} is not in the draft"
        for name in dict.fromkeys(NAME.findall(now)):
            if name.casefold() not in self._folded:
                yield f"{name[:60]!r} is not in the draft"
        folded = now.casefold()
        for product in _products():
            if product in folded and product not in self._folded:
                yield f"{product!r} is not in the draft"


@lru_cache(maxsize=1)
def _products() -> frozenset[str]:
    """The names of all products that designs are made of, in small letters."""
    return frozenset(component.name.casefold() for component in load_catalogue().components)
