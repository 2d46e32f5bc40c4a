"""Reads a finished design back into numbers, so that critics compute from it and not from the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pilothouse.apps.mlops.catalogue.model import Catalogue, Component
from pilothouse.apps.mlops.design import Choice, Design, Relaxation, Role
from pilothouse.apps.mlops.planner.brief import Brief, make_brief
from pilothouse.apps.mlops.planner.path import (
    component_availability,
    component_latency,
    is_redundant,
    over_regions,
)
from pilothouse.apps.mlops.planner.sheet import Place, Posture, sheet
from pilothouse.apps.mlops.planner.sizing import restore
from pilothouse.apps.mlops.requirements import Requirements


@dataclass(frozen=True, slots=True)
class Stage:
    """One component on the request path, with what it adds and how available it is."""

    choice: Choice
    component: Component
    latency_ms: float
    availability: float
    redundant: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A design with its brief, the variables of its first region, and its request path."""

    design: Design
    brief: Brief
    regions: tuple[str, ...]
    standby: bool
    variables: Mapping[str, float]
    path: tuple[Stage, ...]
    routing: float

    @property
    def latency_ms(self) -> float:
        """The path's latency at the demanded percentile: the sum of its stages'."""
        return sum(stage.latency_ms for stage in self.path)

    @property
    def availability(self) -> float:
        """The path's availability: the product of its stages', over all regions."""
        product = 1.0
        for stage in self.path:
            product *= stage.availability
        return over_regions(product, len(self.regions), self.routing)

    def relaxed(self, field: str) -> Relaxation | None:
        """The relaxation of `field`, where the design has one."""
        return next((entry for entry in self.design.relaxations if entry.field == field), None)


def read(design: Design, catalogue: Catalogue) -> Reading:
    """Read `design`. Raises `KeyError` for a component that the catalogue does not have."""
    brief = make_brief(apply_relaxations(design.requirements, design.relaxations), catalogue)
    regions, standby = _regions(design)
    active = max(1, len(regions) - (1 if standby else 0))
    zones = 2 if _doubled(design) else 1
    place = Place(region=design.region, share=1 / active, peak_share=1 / max(1, active - 1))
    variables = sheet(
        brief,
        Posture(zones),
        place,
        regions=len(regions),
        cached=design.choice(Role.CACHE) is not None,
    )
    path = tuple(
        _stage(choice, catalogue.component(choice.component), variables, design.demand.latency_percentile)
        for role in brief.shape.path
        if (choice := design.choice(role)) is not None
    )
    return Reading(
        design=design,
        brief=brief,
        regions=regions,
        standby=standby,
        variables=variables,
        path=path,
        routing=catalogue.platform(design.cloud).routing.redundant,
    )


def apply_relaxations(requirements: Requirements, relaxations: tuple[Relaxation, ...]) -> Requirements:
    """`requirements` without what was dropped. Limits that only moved (budget, latency …) stay."""
    for entry in relaxations:
        constraint = getattr(requirements, entry.field)
        if entry.field in {"budget", "latency_ms", "availability", "deadline_weeks"} or constraint is None:
            continue
        if entry.field in {"throughput_rps", "data_volume_gb"}:
            number = float(entry.becomes.split()[0].replace(",", ""))
            update = constraint.model_copy(update={"value": number, "low": None, "high": None})
        elif isinstance(constraint.value, tuple):
            rest = tuple(item for item in constraint.value if str(item) != entry.was)
            update = constraint.model_copy(update={"value": rest}) if rest else None
        else:
            update = None
        requirements = requirements.model_copy(update={entry.field: update})
    return requirements


def _regions(design: Design) -> tuple[tuple[str, ...], bool]:
    resources = [planned.resource for choice in design.choices for planned in choice.resources]
    found = dict.fromkeys([design.region, *(resource.region for resource in resources)])
    return tuple(found), any(resource.address.endswith("_standby") for resource in resources)


def _doubled(design: Design) -> bool:
    counts = [
        int(choice.parameters[name])
        for choice in design.choices
        for name in ("replicas", "nodes")
        if name in choice.parameters and choice.role in {Role.SERVING, Role.FEATURE_STORE, Role.VECTOR_STORE}
    ]
    return any(count >= 2 for count in counts)


def _stage(choice: Choice, component: Component, variables: Mapping[str, float], percentile: float) -> Stage:
    known = restore(component, choice.parameters, variables)
    return Stage(
        choice=choice,
        component=component,
        latency_ms=component_latency(component, known, percentile),
        availability=component_availability(component, choice.parameters),
        redundant=is_redundant(component, choice.parameters),
    )
