"""The planner: from requirements to one design, with its alternatives, or with the smallest relaxation."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from pilothouse.apps.mlops.catalogue.model import Catalogue
from pilothouse.apps.mlops.design import Choice, Design, Objection, Relaxation, Role
from pilothouse.apps.mlops.planner.directives import Directives, read_directives
from pilothouse.apps.mlops.planner.explore import Exploration, Visit, explore
from pilothouse.apps.mlops.planner.menu import Means, Option
from pilothouse.apps.mlops.planner.options import Kitchen
from pilothouse.apps.mlops.planner.reasons import alternatives, exploration_weights, rejections, why_chosen
from pilothouse.apps.mlops.planner.relax import relax
from pilothouse.apps.mlops.planner.scoring import as_score
from pilothouse.apps.mlops.planner.search import Candidate
from pilothouse.apps.mlops.planner.venues import ON_PREMISES, wanted_regions
from pilothouse.apps.mlops.pricing import PriceBook, bill
from pilothouse.apps.mlops.pricing.model import PlannedResource
from pilothouse.apps.mlops.requirements import Requirements

SET_ASIDE = "Objections were set aside: heeding them would break a limit that the requirements state"

SHARED_BY = (Role.SERVING, Role.TRAINING, Role.STORAGE)
"""The first of these roles that a design has carries the cost of the platform itself."""


def plan(
    requirements: Requirements,
    catalogue: Catalogue,
    book: PriceBook,
    objections: Sequence[Objection] = (),
    round: int = 1,  # noqa: A002 - the workflow's word for one pass through planner and critics
) -> Design:
    """The best design for `requirements` that keeps every hard constraint and heeds `objections`.

    `objections` are those of all rounds so far; each directive is one of `planner.directives.VOCABULARY`.
    Objections never cost a constraint: where heeding them would break one, they are set aside, and the design
    says so. Where the constraints cannot all be met, the design keeps to the smallest relaxation of them,
    which it lists. The same input gives the same design. Raises `DirectiveError` for a directive that is not
    known, `PlanError` where no relaxation helps, `ValueError` for a budget in a currency without a rate.
    """
    means = Means(catalogue, book, read_directives(objections))
    exploration = explore(requirements, means)
    if objections and not exploration.feasible:
        unheeded = explore(requirements, Means(catalogue, book))
        if unheeded.feasible:
            return _design(requirements, unheeded, (), round, notes=(SET_ASIDE,))
    relaxations: tuple[Relaxation, ...] = ()
    if not exploration.feasible:
        relaxed = relax(exploration, means)
        exploration, relaxations = relaxed.exploration, relaxed.relaxations
    return _design(requirements, exploration, relaxations, round)


def _design(
    requirements: Requirements,
    exploration: Exploration,
    relaxations: tuple[Relaxation, ...],
    number: int,
    notes: tuple[str, ...] = (),
) -> Design:
    visit, candidate = exploration.best, exploration.candidate
    if visit is None or candidate is None:
        raise AssertionError("an exploration that is feasible or relaxed has a candidate")
    kitchen = exploration.kitchen
    weights = exploration_weights(exploration)
    choices = _choices(kitchen, visit, candidate, weights, _tags(exploration))
    planned = [resource for choice in choices for resource in choice.resources]
    budget = requirements.budget.value if requirements.budget else None
    site = candidate.site
    return Design(
        requirements=requirements,
        workload=kitchen.brief.shape.id,
        cloud=site.venue.cloud,
        region=site.places[0].region,
        demand=kitchen.brief.demand,
        choices=choices,
        score=as_score(candidate.criteria, weights),
        bill=bill(planned, budget, kitchen.book),
        alternatives=alternatives(exploration, visit, candidate),
        relaxations=relaxations,
        assumptions=_assumptions(exploration, candidate, kitchen.directives) + notes,
        round=number,
    )


def _choices(
    kitchen: Kitchen,
    visit: Visit,
    candidate: Candidate,
    weights: dict[str, float],
    tags: dict[str, str],
) -> tuple[Choice, ...]:
    roles = {option.role for option in candidate.options}
    carrier = next((role for role in SHARED_BY if role in roles), None)
    needs = {need.role: need for need in visit.menu.needs}
    choices = []
    for option in candidate.options:
        rejected = rejections(option, visit, candidate, weights)
        resources = kitchen.planned(option.component, option.role, candidate.site)
        if option.role is carrier:
            resources += kitchen.shared(candidate.site, option.component.id)
        choices.append(
            Choice(
                role=option.role,
                component=option.component.id,
                name=option.component.name,
                why=why_chosen(option, needs[option.role], rejected),
                parameters=option.sized.parameters,
                resources=tuple(_tagged(resource, option, tags) for resource in resources),
                rejected=rejected,
            )
        )
    return tuple(choices)


def _tags(exploration: Exploration) -> dict[str, str]:
    """The tags that every resource carries: what it belongs to, and how its data is to be handled."""
    requirements, brief = exploration.requirements, exploration.brief
    personal = requirements.personal_data is not None and requirements.personal_data.value
    regimes = requirements.compliance.value if requirements.compliance else ()
    system = requirements.use_case.value.value if requirements.use_case else brief.shape.id.value
    return {
        "system": system.replace("_", "-"),
        "workload": brief.shape.id.value,
        "environment": "production",
        "managed-by": "terraform",
        "data-class": "personal" if personal or regimes else "internal",
    }


def _tagged(planned: PlannedResource, option: Option, tags: dict[str, str]) -> PlannedResource:
    """`planned` with tags under the name its provider has for them."""
    google = planned.resource.type.startswith(("google_", "kubernetes_"))
    own: dict[str, JsonValue] = {**tags, "component": option.component.id}
    attributes = {**planned.resource.attributes, "labels" if google else "tags": own}
    return planned.model_copy(
        update={"resource": planned.resource.model_copy(update={"attributes": attributes})}
    )


def _assumptions(exploration: Exploration, candidate: Candidate, directives: Directives) -> tuple[str, ...]:
    requirements, brief, site = exploration.requirements, exploration.brief, candidate.site
    lines = list(brief.demand.assumptions)
    if not wanted_regions(requirements) and site.venue.host != ON_PREMISES:
        lines.append(f"Region: {site.places[0].region}, the platform's default (not given)")
    if requirements.regions is None and wanted_regions(requirements):
        lines.append("Region: inside the European Union, as the named regime suggests (not given)")
    if requirements.cloud is None and requirements.on_premises is None:
        lines.append(f"Platform: {site.venue.words}, the best of those compared (not given)")
    if requirements.team_size is None:
        lines.append("Team: three people with intermediate skill (not given)")
    lines.append(f"Redundancy: {site.posture.words}")
    lines.append("The bill covers one production environment; staging, support plans and people come on top")
    if site.posture.zones < brief.shape.zones:
        lines.append("One zone only: with two no design keeps every limit; a zone's loss is an outage")
    if site.posture.standby:
        lines.append(f"Standby region: {site.places[-1].region}, sized to take the whole peak")
    if brief.shape.path:
        lines.append(f"Latency is counted {brief.shape.latency_meaning}")
    if site.venue.host == ON_PREMISES:
        lines.append("Own machines have no public price: the bill holds quantities, and the sum is unknown")
    if candidate.unknown and site.venue.host != ON_PREMISES:
        lines.append(
            f"{candidate.unknown} cost lines have no price in {site.places[0].region}: designs were compared "
            "with the provider's price in another region instead; the bill counts them as unknown"
        )
    unmet = sorted(directives.excluded & {option.component.id for option in candidate.options})
    lines += [
        f"Kept although a critic objected, because nothing else fills its role: {name}" for name in unmet
    ]
    spread = brief.spread
    lines.append(f"Range of usage: {spread.low:g} to {spread.high:g} times what is expected")
    return tuple(lines)
