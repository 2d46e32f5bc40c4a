"""Limits moved just so far that a candidate keeps them, and what is said about each."""

from __future__ import annotations

import math

from pilothouse.apps.mlops.design import Relaxation
from pilothouse.apps.mlops.planner.explore import Exploration
from pilothouse.apps.mlops.planner.search import Candidate, Limits
from pilothouse.apps.mlops.requirements import Requirements


def moved_limits(exploration: Exploration, candidate: Candidate) -> tuple[Limits, tuple[Relaxation, ...]]:
    """The limits moved to what the candidate needs, rounded to what people say, and the relaxations."""
    limits = exploration.limits
    budget, latency, availability, weeks = limits.budget, limits.latency, limits.availability, limits.weeks
    moved: list[Relaxation] = []
    if "budget" in candidate.violated and budget is not None:
        needed = float(math.ceil(candidate.cost))
        moved.append(_budget(exploration.requirements, budget, needed))
        budget = needed
    if "latency_ms" in candidate.violated and latency is not None:
        needed = float(math.ceil(candidate.latency))
        moved.append(_latency(exploration, candidate, latency, needed))
        latency = needed
    if "availability" in candidate.violated and availability is not None:
        needed = _floor_availability(candidate.availability)
        moved.append(_availability(candidate, availability, needed))
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


def _latency(exploration: Exploration, candidate: Candidate, was: float, needed: float) -> Relaxation:
    percentile = exploration.brief.demand.latency_percentile
    parts = " + ".join(
        f"{option.component.name} {option.latency:.3g}" for option in candidate.options if option.latency
    )
    return Relaxation(
        field="latency_ms",
        was=f"{was:g} ms at p{percentile:g}",
        becomes=f"{needed:g} ms at p{percentile:g}",
        because=f"the fastest path that meets everything else takes {candidate.latency:.3g} ms ({parts})",
    )


def _availability(candidate: Candidate, was: float, needed: float) -> Relaxation:
    parts = " x ".join(
        f"{option.component.name} {option.availability * 100:.6g} %"
        for option in candidate.options
        if option.availability < 1
    )
    return Relaxation(
        field="availability",
        was=f"{was * 100:.6g} %",
        becomes=f"{needed * 100:.6g} %",
        because="the most available path that meets everything else gives "
        f"{candidate.availability * 100:.5f} % ({parts}; {candidate.site.posture.words})",
    )


def _floor_availability(value: float) -> float:
    """Rounded down so that two digits of the downtime are kept: 0.998801 becomes 0.9988."""
    down = 1.0 - value
    digits = max(2, 2 - math.floor(math.log10(down))) - 1 if down > 0 else 6
    return math.floor(value * 10.0**digits) / 10.0**digits
