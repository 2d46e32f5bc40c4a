"""Looks at every venue and posture for one set of requirements, and keeps the best candidate of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pilothouse.apps.mlops.planner.brief import Brief, make_brief
from pilothouse.apps.mlops.planner.directives import Directives
from pilothouse.apps.mlops.planner.estimates import is_hard
from pilothouse.apps.mlops.planner.menu import Means, Menu
from pilothouse.apps.mlops.planner.options import Kitchen
from pilothouse.apps.mlops.planner.scoring import Scales, team_hours, weights_after
from pilothouse.apps.mlops.planner.search import Candidate, Found, Limits, Rank, search
from pilothouse.apps.mlops.planner.sheet import Posture
from pilothouse.apps.mlops.planner.venues import venues
from pilothouse.apps.mlops.pricing import PriceBook
from pilothouse.apps.mlops.requirements import Requirements

LADDER = (Posture(1), Posture(2), Posture(2, standby=True))
"""Postures from the leanest to the most redundant."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One site that was looked at: its menu and what the search found there."""

    menu: Menu
    found: Found


@dataclass(frozen=True, slots=True)
class Exploration:
    """All sites for one set of requirements."""

    requirements: Requirements
    kitchen: Kitchen
    limits: Limits
    visits: tuple[Visit, ...]
    left_out: dict[str, str]
    unfilled: dict[str, str]

    @property
    def brief(self) -> Brief:
        """The brief all of it was computed from."""
        return self.kitchen.brief

    @property
    def best(self) -> Visit | None:
        """The site of the best candidate, or None where no site can fill every role."""
        return min(
            (visit for visit in self.visits if visit.found.best is not None),
            key=lambda visit: rank_of(visit.found.best),
            default=None,
        )

    @property
    def candidate(self) -> Candidate | None:
        """The best candidate of all sites."""
        return None if self.best is None else self.best.found.best

    @property
    def feasible(self) -> bool:
        """Whether the best candidate keeps every limit."""
        return self.candidate is not None and not self.candidate.violated


def rank_of(candidate: Candidate | None) -> Rank:
    """The rank of a candidate; none at all comes last."""
    return (math.inf, False, 0.0, ()) if candidate is None else candidate.rank


def read_limits(requirements: Requirements, brief: Brief, book: PriceBook) -> Limits:
    """The hard limits in the units of the search. Raises `ValueError` for a currency without a rate.

    A budget or deadline that was merely assumed is a goal; an availability is hard only where it was said,
    since providers promise less than systems of a kind usually reach.
    """
    return Limits(
        budget=read_budget(requirements, book) if is_hard(requirements.budget) else None,
        latency=requirements.latency_ms.value if brief.latency_hard and requirements.latency_ms else None,
        availability=requirements.availability.value
        if brief.availability_hard and requirements.availability
        else None,
        weeks=requirements.deadline_weeks.value
        if is_hard(requirements.deadline_weeks) and requirements.deadline_weeks
        else None,
    )


def read_budget(requirements: Requirements, book: PriceBook) -> float | None:
    """The budget in US dollars a month. Raises `ValueError` for a currency without a rate."""
    budget = requirements.budget
    return float(budget.value.monthly * book.rates.usd_per(budget.value.currency)) if budget else None


def explore(
    requirements: Requirements,
    means: Means,
    *,
    limits: Limits | None = None,
    thorough: bool = False,
) -> Exploration:
    """Look at all venues: with the usual posture first, with every posture where that has no answer."""
    brief = make_brief(requirements, means.catalogue)
    kitchen = Kitchen(brief, means)
    limits = limits or read_limits(requirements, brief, means.book)
    usual = _usual(brief, means.directives)
    if not thorough:
        first = _explore(requirements, kitchen, limits, (usual,))
        if first.feasible:
            return first
    return _explore(requirements, kitchen, limits, _postures(usual))


def _usual(brief: Brief, directives: Directives) -> Posture:
    start = next(index for index, posture in enumerate(LADDER) if posture.zones >= min(brief.shape.zones, 2))
    return LADDER[min(start + directives.availability_steps, len(LADDER) - 1)]


def _postures(usual: Posture) -> tuple[Posture, ...]:
    """The usual posture first, so that it wins a tie."""
    return (usual, *(posture for posture in LADDER if posture != usual))


def _explore(
    requirements: Requirements, kitchen: Kitchen, limits: Limits, postures: tuple[Posture, ...]
) -> Exploration:
    found, left_out = venues(requirements, kitchen.catalogue)
    menus: list[Menu] = []
    unfilled: dict[str, str] = {}
    for venue in found:
        for posture in postures:
            menu = kitchen.menu(venue, posture)
            if posture.standby and len(menu.site.places) == 1:
                continue  # there is no second region to stand by
            if menu.unfilled:
                unfilled[venue.words] = _unfilled(menu)
            else:
                menus.append(menu)
    scales = _scales(kitchen, limits, menus)
    shared = [kitchen.shared_cost(menu.site) for menu in menus]
    visits = tuple(
        Visit(menu=menu, found=search(menu, kitchen.brief, limits, scales, cost))
        for menu, cost in zip(menus, shared, strict=True)
    )
    return Exploration(
        requirements=requirements,
        kitchen=kitchen,
        limits=limits,
        visits=visits,
        left_out=left_out,
        unfilled=unfilled,
    )


def _unfilled(menu: Menu) -> str:
    """Why a site cannot fill its roles: each empty role with what was considered for it."""
    parts = []
    for role in menu.unfilled:
        reasons = "; ".join(f"{component.name} {reason}" for component, reason in menu.out[role])
        parts.append(
            f"nothing is left for {role.value.replace('_', ' ')} ({reasons or 'the platform has none'})"
        )
    return ", ".join(parts)


def _scales(kitchen: Kitchen, limits: Limits, menus: list[Menu]) -> Scales:
    brief = kitchen.brief
    sums = [
        sum(
            min(option.cost for option in menu.options[need.role])
            for need in menu.needs
            if menu.options[need.role]
        )
        for menu in menus
    ]
    existing = brief.requirements.existing_stack.value if brief.requirements.existing_stack else ()
    return Scales(
        budget=limits.budget or read_budget(brief.requirements, kitchen.book),
        cheapest=min((total for total in sums if total > 0), default=1.0),
        latency_limit=brief.demand.latency_ms if brief.shape.path else None,
        availability_target=brief.demand.availability,
        team_hours=team_hours(brief),
        stack=_known_words(kitchen, frozenset(existing)),
        weights=weights_after(kitchen.directives),
        routing={platform.cloud: platform.routing.redundant for platform in kitchen.catalogue.platforms},
    )


def _known_words(kitchen: Kitchen, words: frozenset[str]) -> frozenset[str]:
    """The words of an existing stack that name something in the catalogue; the others cannot be matched."""
    named = {word for component in kitchen.catalogue.components for word in component.technologies}
    return words & named
