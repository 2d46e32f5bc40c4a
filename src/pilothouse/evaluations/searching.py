"""Searches candidates of a prompt by successive halving: all on few cases, the better half on twice as many.

K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization" (2016).
What is chosen is judged on cases that the search has not seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from math import ceil, log2
from typing import Generic, TypeVar

from pilothouse.evaluations.schemas import Case
from pilothouse.kit.share import share

C = TypeVar("C")

Score = Callable[[C, Sequence[Case]], Awaitable[float]]
"""How well a candidate does on cases: its share that is passed, 0 to 1."""

HELD_BACK = 40
"""Per cent of the cases on which the choice is judged, and which the search does not see."""


@dataclass(frozen=True)
class Round(Generic[C]):
    """One round: on how many cases the candidates were tried, and how each did, the best first."""

    cases: int
    scores: Sequence[tuple[C, float]]


def split(cases: Sequence[Case], *, seed: str = "") -> tuple[list[Case], list[Case]]:
    """The cases for the search, and those that are held back: the same ones each time, by their ids."""
    held = [share(f"held-back/{seed}", case.id) < HELD_BACK for case in cases]
    return (
        [case for case, back in zip(cases, held, strict=True) if not back],
        [case for case, back in zip(cases, held, strict=True) if back],
    )


async def search(candidates: Sequence[C], cases: Sequence[Case], score: Score[C]) -> list[Round[C]]:
    """The rounds of a search; the first candidate of the last round is chosen.

    Of candidates that do alike the one that was named first stays: name the one in use first.
    """
    rounds = max(1, ceil(log2(len(candidates))))
    left, found = list(candidates), list[Round[C]]()
    for number in range(rounds, 0, -1):
        some = cases[: max(1, ceil(len(cases) / 2 ** (number - 1)))]
        scored = [(candidate, await score(candidate, some)) for candidate in left]
        scored.sort(key=lambda pair: -pair[1])
        found.append(Round(len(some), tuple(scored)))
        left = [candidate for candidate, _ in scored[: max(1, ceil(len(scored) / 2))]]
    return found
