"""Turns a recipe of the catalogue into a planned resource: attributes, count, and usage at three levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from pydantic import JsonValue

from pilothouse.apps.mlops.catalogue.facts import Recipe
from pilothouse.apps.mlops.planner.menu import Site
from pilothouse.apps.mlops.planner.sheet import Place
from pilothouse.apps.mlops.planner.sizing import Parameter, Sized, amount, fill
from pilothouse.apps.mlops.pricing.model import PlannedResource, Resource

Ends: TypeAlias = tuple[Mapping[str, float], Mapping[str, float]]
"""The variables at low and at high usage."""


@dataclass(frozen=True, slots=True)
class Stand:
    """One place of a site, and its number (the first is 0)."""

    site: Site
    place: Place
    number: int


def labels_of(site: Site) -> dict[str, str]:
    """Words that parameters and attributes may take from the site."""
    redundant = site.posture.zones > 1
    return {
        "host": site.venue.host,
        "availability_type": "REGIONAL" if redundant else "ZONAL",
        "redis_tier": "STANDARD_HA" if redundant else "BASIC",
    }


def plan_resource(
    recipe: Recipe, component_id: str, sized: Sized, ends: Ends, stand: Stand
) -> PlannedResource:
    """The resource that `recipe` describes, at one place, with usage at all three levels."""
    place = stand.place
    labels: dict[str, Parameter] = {**labels_of(stand.site), **sized.parameters}
    if "memory_mb" in sized.parameters:
        labels["memory"] = f"{float(sized.parameters['memory_mb']) / 1024:g}Gi"
    suffix = (
        "" if stand.number == 0 else "_standby" if place.standby else f"_{place.region.replace('-', '_')}"
    )
    expected = _block(recipe.usage, sized.variables, labels)
    return PlannedResource(
        component=component_id,
        resource=Resource(
            type=recipe.type,
            address=f"{recipe.type}.{recipe.name}{suffix}",
            region=place.region,
            attributes=_block(recipe.attributes, sized.variables, labels),
            count=Decimal(str(round(amount(recipe.count, sized.variables), 6))).normalize(),
        ),
        low=_block(recipe.usage, ends[0], labels),
        expected=expected,
        high=_block(recipe.usage, ends[1], labels),
        assumption=recipe.assumption,
    )


def _block(
    values: dict[str, JsonValue], variables: Mapping[str, float], labels: Mapping[str, Parameter]
) -> dict[str, JsonValue]:
    return {key: fill(value, variables, labels) for key, value in values.items()}
