"""Where constraints cannot all be met: the smallest change that lets them, of one constraint or of two.

A change counts one, and how far it goes: the logarithm of the ratio by which a number moves, or what
`planner.drops` says for what is dropped. So two constraints are touched only where that is clearly less.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from pilothouse.apps.mlops.design import Relaxation
from pilothouse.apps.mlops.planner.drops import SCALED, Drop, drops, halvings
from pilothouse.apps.mlops.planner.explore import Exploration, explore
from pilothouse.apps.mlops.planner.menu import Means
from pilothouse.apps.mlops.planner.moved import moved_limits
from pilothouse.apps.mlops.planner.search import Candidate
from pilothouse.apps.mlops.planner.venues import NOT_ASKED_FOR


class PlanError(ValueError):
    """No design exists for the requirements, whatever is relaxed."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The exploration under relaxed constraints, and what was relaxed."""

    exploration: Exploration
    relaxations: tuple[Relaxation, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way out: what is dropped, the exploration without it, and its best candidate."""

    taken: tuple[Drop, ...]
    exploration: Exploration
    candidate: Candidate

    @property
    def size(self) -> float:
        """How much is relaxed altogether."""
        return sum(1 + drop.distance for drop in self.taken) + self.candidate.excess

    @property
    def rank(self) -> tuple[float, float]:
        """The smallest first, then the better score."""
        return (round(self.size, 6), -self.candidate.total)


class _Look(Protocol):
    """Explores the requirements of the last drop, and keeps all drops with what it finds."""

    def __call__(self, *taken: Drop) -> _Way | None: ...


def relax(failed: Exploration, means: Means) -> Relaxed:
    """The smallest relaxation of `failed`, and the exploration under it. Raises `PlanError` without one."""
    way = _smallest(failed, means)
    if way is None:
        reasons = "; ".join(
            f"{name}: {reason}" for name, reason in (failed.unfilled | failed.left_out).items()
        )
        raise PlanError(f"No design meets these requirements, whatever is relaxed. {reasons}")
    requirements = way.taken[-1].requirements if way.taken else failed.requirements
    limits, moved = moved_limits(way.exploration, way.candidate)
    exploration = explore(requirements, means, limits=limits)
    because = _because(failed)
    dropped = tuple(
        Relaxation(field=drop.field, was=drop.was, becomes=drop.becomes, because=because)
        for drop in way.taken
    )
    return Relaxed(exploration=exploration, relaxations=dropped + moved)


def _smallest(failed: Exploration, means: Means) -> _Way | None:
    def look(*taken: Drop) -> _Way | None:
        found = explore(taken[-1].requirements, means, thorough=True)
        return None if found.candidate is None else _Way(taken, found, found.candidate)

    ways = [] if failed.candidate is None else [_Way((), failed, failed.candidate)]
    singles = list(drops(failed.requirements))
    ways += [way for drop in singles if (way := look(drop)) is not None]
    best = min(ways, key=lambda way: way.rank, default=None)
    if best is None:
        best = _scaled(failed, look)
    for first, second in combinations(singles, 2):
        if best is not None and best.size <= 2 + first.distance + second.distance:
            continue
        both = next(
            (d for d in drops(first.requirements) if (d.field, d.was) == (second.field, second.was)), None
        )
        way = look(first, both) if both is not None else None
        if way is not None and (best is None or way.rank < best.rank):
            best = way
    return best or _everything(failed, look)


def _scaled(failed: Exploration, look: _Look) -> _Way | None:
    """Less traffic or data, halved until something can carry it."""
    found = []
    for field in SCALED:
        ways = (look(drop) for drop in halvings(failed.requirements, field))
        way = next((way for way in ways if way is not None), None)
        if way is not None:
            found.append(way)
    return min(found, key=lambda way: way.rank, default=None)


def _everything(failed: Exploration, look: _Look) -> _Way | None:
    """The last resort: constraints are dropped one after the other, the least painful first."""
    requirements, taken = failed.requirements, list[Drop]()
    while left := sorted(drops(requirements), key=lambda drop: drop.distance):
        taken.append(left[0])
        requirements = left[0].requirements
        way: _Way | None = look(*taken)
        if way is not None:
            return way
    return None


def _because(failed: Exploration) -> str:
    """Why the requirements as they were have no design."""
    if failed.candidate is not None:
        names = " and ".join(name.replace("_", " ") for name in failed.candidate.violated)
        return f"with it, {names} cannot be kept by any design"
    found: dict[str, list[str]] = {}
    for name, reason in {**failed.unfilled, **failed.left_out}.items():
        if reason != NOT_ASKED_FOR:
            found.setdefault(reason, []).append(name)
    told = "; ".join(f"{', '.join(names)}: {reason}" for reason, names in found.items())
    return f"with it, no design is possible ({told})"
