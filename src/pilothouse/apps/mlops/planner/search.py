"""The search: every combination of options at a site, its violations and its score, and the best of them.

All combinations are visited (some hundreds per site), so that what is feasible does not depend on what
scores well: raising a limit can only add feasible combinations.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.planner.brief import Brief
from pilothouse.apps.mlops.planner.menu import Menu, Option, Site
from pilothouse.apps.mlops.planner.path import over_regions
from pilothouse.apps.mlops.planner.scoring import (
    Scales,
    Traits,
    availability_fit,
    cost_fit,
    effort_fit,
    latency_fit,
    setup_weeks,
    total_of,
    traits,
)
from pilothouse.apps.mlops.requirements import Cloud

Rank: TypeAlias = tuple[float, bool, float, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Limits:
    """The hard limits of a brief; None where nothing was said. Budget in US dollars a month."""

    budget: float | None = None
    latency: float | None = None
    availability: float | None = None
    weeks: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One combination at one site, in numbers.

    `excess` is how much would have to be relaxed: one for each limit broken, and by how far (see `_excess`).
    `rank` is the order of preference: less to relax, a bill that is known, the better score, the ids.
    """

    site: Site
    options: tuple[Option, ...]
    cost: float
    unknown: int
    latency: float
    availability: float
    weeks: float
    criteria: dict[str, float]
    total: float
    violated: tuple[str, ...]
    excess: float
    doubtful: bool  # a budget was given, and prices that are not known leave open whether it holds
    rank: Rank

    def option(self, role: Role) -> Option | None:
        """The option chosen for `role`."""
        return next((option for option in self.options if option.role is role), None)


@dataclass(slots=True)
class Found:
    """The best candidate of a site, and the best one with each component."""

    best: Candidate | None = None
    best_with: dict[tuple[Role, str], Candidate] = field(default_factory=dict)
    visited: int = 0


@dataclass(slots=True)
class _Partial:
    """Sums over the options chosen so far."""

    options: tuple[Option, ...] = ()
    cost: float = 0.0
    unknown: int = 0
    latency: float = 0.0
    availability: float = 1.0
    skill: float = 0.0
    attested: float = 0.0
    lock_in: float = 0.0
    setup: float = 0.0
    operation: float = 0.0
    stack: frozenset[str] = frozenset()


def search(menu: Menu, brief: Brief, limits: Limits, scales: Scales, shared: tuple[float, int]) -> Found:
    """Visit all combinations of `menu`. `shared` is the cost (and unknown lines) of what every one has."""
    found = Found()
    known = {
        option.component.id: traits(option.component, brief)
        for options in menu.options.values()
        for option in options
    }
    start = _Partial(cost=shared[0], unknown=shared[1])
    lists = [menu.options[need.role] for need in menu.needs if menu.options[need.role]]
    for partial in _combinations(lists, start, known):
        if not _compatible(partial.options, menu.site):
            continue
        candidate = _judge(partial, menu.site, brief, limits, scales)
        found.visited += 1
        if found.best is None or candidate.rank < found.best.rank:
            found.best = candidate
        for option in candidate.options:
            key = (option.role, option.component.id)
            other = found.best_with.get(key)
            if other is None or candidate.rank < other.rank:
                found.best_with[key] = candidate
    return found


def _combinations(
    lists: list[list[Option]], partial: _Partial, known: dict[str, Traits]
) -> Iterator[_Partial]:
    if not lists:
        yield partial
        return
    for option in lists[0]:
        yield from _combinations(lists[1:], _with(partial, option, known[option.component.id]), known)


def _with(partial: _Partial, option: Option, trait: Traits) -> _Partial:
    return _Partial(
        options=(*partial.options, option),
        cost=partial.cost + option.cost,
        unknown=partial.unknown + option.unknown,
        latency=partial.latency + option.latency,
        availability=partial.availability * option.availability,
        skill=partial.skill + trait.skill,
        attested=partial.attested + trait.attested,
        lock_in=partial.lock_in + trait.lock_in,
        setup=partial.setup + trait.setup_days,
        operation=partial.operation + trait.operation_hours,
        stack=partial.stack | trait.stack,
    )


def _compatible(options: tuple[Option, ...], site: Site) -> bool:
    """Whether what each component needs is there: a Kubernetes platform is a cluster by itself."""
    needed = {word for option in options for word in option.component.needs}
    if not needed:
        return True
    offered = {word for option in options for word in option.component.capabilities}
    if site.venue.cloud is Cloud.KUBERNETES:
        offered.add("cluster")
    return needed <= offered


def _judge(partial: _Partial, site: Site, brief: Brief, limits: Limits, scales: Scales) -> Candidate:
    count = max(1, len(partial.options))
    availability = over_regions(partial.availability, len(site.places), scales.routing[site.venue.cloud])
    weeks = setup_weeks(partial.setup, brief)
    criteria = {
        "cost": cost_fit(partial.cost, partial.unknown, scales),
        "availability": availability_fit(availability, scales.availability_target),
        "effort": effort_fit(partial.skill / count, partial.operation, scales.team_hours),
        "latency": latency_fit(partial.latency, scales.latency_limit),
        "stack": len(partial.stack) / len(scales.stack) if scales.stack else 1.0,
        "compliance": partial.attested / count,
        "portability": 1.0 - partial.lock_in / count,
    }
    broken = _excess(partial.cost, partial.latency, availability, weeks, limits)
    excess = len(broken) + sum(broken.values())
    doubtful = limits.budget is not None and partial.unknown > 0
    total = total_of(criteria, scales.weights)
    ids = tuple(option.component.id for option in partial.options)
    return Candidate(
        site=site,
        options=partial.options,
        cost=partial.cost,
        unknown=partial.unknown,
        latency=partial.latency,
        availability=availability,
        weeks=weeks,
        criteria=criteria,
        total=total,
        violated=tuple(broken),
        excess=excess,
        doubtful=doubtful,
        rank=(round(excess, 6), doubtful, -round(total, 9), ids),
    )


def _excess(
    cost: float, latency: float, availability: float, weeks: float, limits: Limits
) -> dict[str, float]:
    """How far each broken limit would have to move: the logarithm of the ratio of what is to what may be."""
    excess: dict[str, float] = {}
    if limits.budget is not None and cost > limits.budget:
        excess["budget"] = math.log(cost / limits.budget)
    if limits.latency is not None and latency > limits.latency:
        excess["latency_ms"] = math.log(latency / limits.latency)
    if limits.availability is not None and availability < limits.availability - 1e-12:
        allowed = max(1.0 - limits.availability, 1e-9)
        excess["availability"] = math.log((1.0 - availability) / allowed)
    if limits.weeks is not None and weeks > limits.weeks:
        excess["deadline_weeks"] = math.log(weeks / limits.weeks)
    return excess
