"""The open score: seven criteria in [0, 1], each a plain formula, with stated weights that sum to 1."""

from __future__ import annotations

from dataclasses import dataclass

from pilothouse.apps.mlops.catalogue.model import Component
from pilothouse.apps.mlops.design import Score
from pilothouse.apps.mlops.planner.brief import Brief
from pilothouse.apps.mlops.planner.directives import Directives
from pilothouse.apps.mlops.planner.needs import ATTESTABLE, names_technology
from pilothouse.apps.mlops.requirements import Cloud, Skill

WEIGHTS: dict[str, float] = {
    "cost": 0.25,
    "stack": 0.17,
    "availability": 0.15,
    "effort": 0.14,
    "compliance": 0.10,
    "latency": 0.10,
    "portability": 0.09,
}
"""How much each criterion counts where no critic has objected; they sum to 1."""

STEP = 2.0
"""By what an objection about cost, availability or latency multiplies that criterion's weight."""

DEFAULT_TEAM = 3
OPERATION_SHARE = 0.25
"""Share of a team's hours that may go into running the system (design assumption)."""

HOURS_PER_PERSON = 160.0
SETUP_DAYS_PER_PERSON_AND_WEEK = 3.0
"""Days a week that one person can give to setting up, beside the models themselves (design assumption)."""

_SKILLS = {Skill.NOVICE: 0, Skill.INTERMEDIATE: 1, Skill.EXPERT: 2}


@dataclass(frozen=True, slots=True)
class Traits:
    """What one component adds to the criteria that are means over components."""

    skill: float
    attested: float
    lock_in: float
    stack: frozenset[str]
    setup_days: float
    operation_hours: float


@dataclass(frozen=True, slots=True)
class Scales:
    """What the criteria are measured against: money (USD a month), targets, the team."""

    budget: float | None
    cheapest: float
    latency_limit: float | None
    availability_target: float
    team_hours: float
    stack: frozenset[str]
    weights: dict[str, float]
    routing: dict[Cloud, float]


def weights_after(directives: Directives) -> dict[str, float]:
    """The weights, shifted towards what critics objected about, still summing to 1."""
    raised = {
        "cost": directives.cost_steps,
        "availability": directives.availability_steps,
        "latency": directives.latency_steps,
    }
    raw = {name: weight * STEP ** raised.get(name, 0) for name, weight in WEIGHTS.items()}
    total = sum(raw.values())
    return {name: weight / total for name, weight in raw.items()}


def skill_gap(component: Component, brief: Brief) -> int:
    """How many levels of skill the team lacks to set up and run `component` (0 to 2)."""
    team = brief.requirements.team_skill.value if brief.requirements.team_skill else Skill.INTERMEDIATE
    return max(0, _SKILLS[component.effort.skill] - _SKILLS[team])


def team_size(brief: Brief) -> int:
    """The people there are to run the system; three where it was not said."""
    return brief.requirements.team_size.value if brief.requirements.team_size else DEFAULT_TEAM


def team_hours(brief: Brief) -> float:
    """Hours a month that the team can give to operation."""
    return team_size(brief) * HOURS_PER_PERSON * OPERATION_SHARE


def setup_weeks(setup_days: float, brief: Brief) -> float:
    """Weeks until everything stands, with the team there is."""
    return setup_days / (team_size(brief) * SETUP_DAYS_PER_PERSON_AND_WEEK)


def traits(component: Component, brief: Brief) -> Traits:
    """What `component` contributes, whatever it is combined with."""
    asked = {
        regime
        for regime in (brief.requirements.compliance.value if brief.requirements.compliance else ())
        if regime in ATTESTABLE
    }
    facts = component.compliance
    protections = (
        facts.encryption_at_rest,
        facts.encryption_in_transit,
        facts.customer_keys,
        facts.private_network,
        facts.audit_log,
    )
    if not asked:
        attested = sum(protections) / len(protections)
    elif component.managed:
        attested = len(asked & set(facts.attests)) / len(asked) if component.handles_data else 1.0
    else:
        attested = 0.5  # the operator's own evidence is asked for, on an attested or own host
    existing = brief.requirements.existing_stack.value if brief.requirements.existing_stack else ()
    return Traits(
        skill=1.0 - 0.5 * skill_gap(component, brief),
        attested=attested,
        lock_in=component.lock_in,
        stack=frozenset(word for word in existing if names_technology(component, word)),
        setup_days=component.effort.setup_days,
        operation_hours=component.effort.operation_hours,
    )


def cost_fit(cost: float, unknown: int, scales: Scales) -> float:
    """Half against the cheapest candidate, half against the budget; halved where a price is unknown."""
    against_cheapest = min(1.0, scales.cheapest / cost) if cost > 0 else 1.0
    fit = against_cheapest
    if scales.budget:
        fit = 0.5 * against_cheapest + 0.5 * max(0.0, 1.0 - cost / scales.budget)
    return 0.5 * fit if unknown else fit


def latency_fit(latency: float, limit: float | None) -> float:
    """1 with half the limit or more to spare, 0 at the limit; 1 where nothing bounds it."""
    if limit is None or latency <= 0:
        return 1.0
    return min(1.0, max(0.0, (1.0 - latency / limit) / 0.5))


def availability_fit(availability: float, target: float) -> float:
    """Downtime against what is allowed: 0.5 when just met, towards 1 below it, towards 0 above it."""
    allowed, expected = 1.0 - target, 1.0 - availability
    if expected <= 0:
        return 1.0
    if expected <= allowed:
        return 1.0 - 0.5 * expected / allowed
    return 0.5 * allowed / expected


def effort_fit(skill: float, operation_hours: float, hours: float) -> float:
    """Half the mean skill fit, half the team's hours that operation leaves free."""
    return 0.5 * skill + 0.5 * max(0.0, 1.0 - operation_hours / hours)


def total_of(criteria: dict[str, float], weights: dict[str, float]) -> float:
    """The weighted sum, in [0, 1]."""
    return sum(weights[name] * value for name, value in criteria.items())


def as_score(criteria: dict[str, float], weights: dict[str, float]) -> Score:
    """The score as a design carries it, rounded to four places."""
    total = min(1.0, max(0.0, total_of(criteria, weights)))
    return Score(
        criteria={name: round(value, 4) for name, value in criteria.items()},
        weights={name: round(value, 4) for name, value in weights.items()},
        total=round(total, 4),
    )
