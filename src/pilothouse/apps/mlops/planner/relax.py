"""Where constraints cannot all be met: the smallest change that lets them, of one constraint or of two.

A change counts one, and how far it goes: the logarithm of the ratio by which a number moves, or what
`SINGLES` and `ITEMS` say for what is dropped. So two constraints are touched only where that is clearly less.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from pilothouse.apps.mlops.design import Relaxation
from pilothouse.apps.mlops.planner.explore import Exploration, explore
from pilothouse.apps.mlops.planner.options import Means
from pilothouse.apps.mlops.planner.search import Candidate, Limits
from pilothouse.apps.mlops.planner.venues import NOT_ASKED_FOR
from pilothouse.apps.mlops.requirements import Requirements

SINGLES: dict[str, tuple[str, float]] = {
    "gpu": ("accelerators where they serve best", 0.7),
    "cloud": ("any platform", 1.5),
    "open_source_only": ("open source where it can be", 1.5),
    "on_premises": ("a provider's machines", 2.0),
    "offline": ("devices with a network", 2.0),
}
"""Constraints that are dropped as a whole: what takes their place, and how far that is (see `ITEMS`)."""

ITEMS: dict[str, float] = {
    "excluded_technologies": 0.8,
    "regions": 1.0,
    "excluded_clouds": 1.2,
    "compliance": 4.0,
}
"""Constraints of which one item is dropped, and how far that is.

Distances are comparable with the logarithm of the ratio by which a number moves (0.7 is twice the budget);
a compliance regime is the last to be touched.
"""

SCALED: dict[str, str] = {"throughput_rps": "a second", "data_volume_gb": "GB"}
MAX_HALVINGS = 14


class PlanError(ValueError):
    """No design exists for the requirements, whatever is relaxed."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Requirements without one constraint (or with a smaller number), and how large a change that is."""

    field: str
    was: str
    becomes: str
    requirements: Requirements
    distance: float


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The exploration under relaxed constraints, and what was relaxed."""

    exploration: Exploration
    relaxations: tuple[Relaxation, ...]


@dataclass(frozen=True, slots=True)
class _Way:
    """One way out: what is dropped, the exploration without it, and its best candidate."""

    drops: tuple[Drop, ...]
    exploration: Exploration
    candidate: Candidate

    @property
    def size(self) -> float:
        """How much is relaxed altogether."""
        return sum(1 + drop.distance for drop in self.drops) + self.candidate.excess

    @property
    def rank(self) -> tuple[float, float]:
        """The smallest first, then the better score."""
        return (round(self.size, 6), -self.candidate.total)


class _Look(Protocol):
    """Explores the requirements of the last drop, and keeps all drops with what it finds."""

    def __call__(self, *drops: Drop) -> _Way | None: ...


def relax(failed: Exploration, means: Means) -> Relaxed:
    """The smallest relaxation of `failed`, and the exploration under it. Raises `PlanError` without one."""
    way = _smallest(failed, means)
    if way is None:
        reasons = "; ".join(
            f"{name}: {reason}" for name, reason in (failed.unfilled | failed.left_out).items()
        )
        raise PlanError(f"No design meets these requirements, whatever is relaxed. {reasons}")
    requirements = way.drops[-1].requirements if way.drops else failed.requirements
    limits, moved = _moved_limits(way)
    exploration = explore(requirements, means, limits=limits)
    because = _because(failed)
    dropped = tuple(
        Relaxation(field=drop.field, was=drop.was, becomes=drop.becomes, because=because)
        for drop in way.drops
    )
    return Relaxed(exploration=exploration, relaxations=dropped + moved)


def _smallest(failed: Exploration, means: Means) -> _Way | None:
    def look(*drops: Drop) -> _Way | None:
        found = explore(drops[-1].requirements, means, thorough=True)
        return None if found.candidate is None else _Way(drops, found, found.candidate)

    ways = [] if failed.candidate is None else [_Way((), failed, failed.candidate)]
    singles = list(_drops(failed.requirements))
    ways += [way for drop in singles if (way := look(drop)) is not None]
    best = min(ways, key=lambda way: way.rank, default=None)
    if best is None:
        best = _scaled(failed, look)
    for first, second in combinations(singles, 2):
        if best is not None and best.size <= 2 + first.distance + second.distance:
            continue
        both = next(
            (d for d in _drops(first.requirements) if (d.field, d.was) == (second.field, second.was)), None
        )
        way = look(first, both) if both is not None else None
        if way is not None and (best is None or way.rank < best.rank):
            best = way
    return best or _everything(failed, look)


def _scaled(failed: Exploration, look: _Look) -> _Way | None:
    """Less traffic or data, halved until something can carry it."""
    found: list[_Way] = []
    for field, unit in SCALED.items():
        constraint = getattr(failed.requirements, field)
        if constraint is None:
            continue
        for halvings in range(1, MAX_HALVINGS + 1):
            smaller = constraint.value / 2**halvings
            update = constraint.model_copy(update={"value": smaller, "low": None, "high": None})
            way = look(
                Drop(
                    field=field,
                    was=f"{constraint.value:,.0f} {unit}",
                    becomes=f"{smaller:,.0f} {unit}",
                    requirements=failed.requirements.model_copy(update={field: update}),
                    distance=halvings * math.log(2),
                )
            )
            if way is not None:
                found.append(way)
                break
    return min(found, key=lambda way: way.rank, default=None)


def _everything(failed: Exploration, look: _Look) -> _Way | None:
    """The last resort: constraints are dropped one after the other, the least painful first."""
    requirements, taken = failed.requirements, list[Drop]()
    while drops := sorted(_drops(requirements), key=lambda drop: drop.distance):
        taken.append(drops[0])
        requirements = drops[0].requirements
        way: _Way | None = look(*taken)
        if way is not None:
            return way
    return None


def _drops(requirements: Requirements) -> Iterator[Drop]:
    """Every single constraint (or item of one) that can be dropped from `requirements`."""
    for field, (becomes, distance) in SINGLES.items():
        constraint = getattr(requirements, field)
        if constraint is None or (constraint.value is False and field != "gpu"):
            continue
        yield Drop(
            field=field,
            was=_words(field, constraint.value),
            becomes=becomes,
            requirements=requirements.model_copy(update={field: None}),
            distance=distance,
        )
    for field, distance in ITEMS.items():
        constraint = getattr(requirements, field)
        for item in constraint.value if constraint is not None else ():
            rest = tuple(other for other in constraint.value if other != item)
            update = constraint.model_copy(update={"value": rest}) if rest else None
            yield Drop(
                field=field,
                was=str(item),
                becomes=", ".join(str(other) for other in rest) or "none",
                requirements=requirements.model_copy(update={field: update}),
                distance=distance,
            )


def _words(field: str, value: object) -> str:
    if isinstance(value, bool):
        name = field.replace("_", " ")
        return name if value else f"no {name}"
    return str(value)


def _moved_limits(way: _Way) -> tuple[Limits, tuple[Relaxation, ...]]:
    """The limits moved to what the candidate needs, rounded to what people say, and the relaxations."""
    candidate, limits = way.candidate, way.exploration.limits
    budget, latency, availability, weeks = limits.budget, limits.latency, limits.availability, limits.weeks
    moved: list[Relaxation] = []
    if "budget" in candidate.violated and budget is not None:
        needed = float(math.ceil(candidate.cost))
        moved.append(_budget(way.exploration.requirements, budget, needed))
        budget = needed
    if "latency_ms" in candidate.violated and latency is not None:
        needed = float(math.ceil(candidate.latency))
        moved.append(_latency(way, latency, needed))
        latency = needed
    if "availability" in candidate.violated and availability is not None:
        needed = _floor_availability(candidate.availability)
        moved.append(_availability(way, availability, needed))
        availability = needed
    if "deadline_weeks" in candidate.violated and weeks is not None:
        needed = math.ceil(candidate.weeks * 2) / 2
        because = f"setting up takes {candidate.weeks:.1f} weeks with the team there is"
        moved.append(
            Relaxation(
                field="deadline_weeks", was=f"{weeks:g} weeks", becomes=f"{needed:g} weeks", because=because
            )
        )
        weeks = needed
    return Limits(budget=budget, latency=latency, availability=availability, weeks=weeks), tuple(moved)


def _budget(requirements: Requirements, was: float, needed: float) -> Relaxation:
    stated = requirements.budget.value if requirements.budget else None
    rate = was / float(stated.monthly) if stated else 1.0
    currency = stated.currency if stated else "USD"
    own = "" if currency == "USD" else f" (${needed:,.0f})"
    return Relaxation(
        field="budget",
        was=f"{was / rate:,.0f} {currency} a month",
        becomes=f"{math.ceil(needed / rate):,} {currency} a month{own}",
        because=f"the cheapest design that meets everything else costs ${needed:,.0f} a month as expected",
    )


def _latency(way: _Way, was: float, needed: float) -> Relaxation:
    percentile = way.exploration.brief.demand.latency_percentile
    parts = " + ".join(
        f"{option.component.name} {option.latency:.3g}" for option in way.candidate.options if option.latency
    )
    return Relaxation(
        field="latency_ms",
        was=f"{was:g} ms at p{percentile:g}",
        becomes=f"{needed:g} ms at p{percentile:g}",
        because=f"the fastest path that meets everything else takes {way.candidate.latency:.3g} ms ({parts})",
    )


def _availability(way: _Way, was: float, needed: float) -> Relaxation:
    parts = " x ".join(
        f"{option.component.name} {option.availability * 100:.6g} %"
        for option in way.candidate.options
        if option.availability < 1
    )
    return Relaxation(
        field="availability",
        was=f"{was * 100:.6g} %",
        becomes=f"{needed * 100:.6g} %",
        because="the most available path that meets everything else gives "
        f"{way.candidate.availability * 100:.5f} % ({parts}; {way.candidate.site.posture.words})",
    )


def _floor_availability(value: float) -> float:
    """Rounded down so that two digits of the downtime are kept: 0.998801 becomes 0.9988."""
    down = 1.0 - value
    digits = max(2, 2 - math.floor(math.log10(down))) - 1 if down > 0 else 6
    return math.floor(value * 10.0**digits) / 10.0**digits


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
