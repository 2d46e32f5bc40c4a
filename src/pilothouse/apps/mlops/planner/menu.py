"""What the planner chooses from: sites, the options for each role there, and what did not qualify."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from pilothouse.apps.mlops.catalogue.model import Catalogue, Component
from pilothouse.apps.mlops.catalogue.workloads import RoleNeed
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.planner.directives import Directives
from pilothouse.apps.mlops.planner.sheet import Place, Posture
from pilothouse.apps.mlops.planner.sizing import Sized
from pilothouse.apps.mlops.planner.venues import Venue
from pilothouse.apps.mlops.pricing import PriceBook

Priced: TypeAlias = dict[tuple[object, ...], tuple[float, int]]
"""Costs already computed while one plan is made, by what they depend on."""


@dataclass(frozen=True, slots=True)
class Option:
    """A component sized for one role: what it costs a month as expected (USD) and what it brings."""

    role: Role
    component: Component
    sized: Sized
    cost: float  # with stand-ins for lines that have no price in the region
    unknown: int  # cost lines without a price
    latency: float  # ms on the request path, 0 off it
    availability: float  # 1 off the path


@dataclass(frozen=True, slots=True)
class Site:
    """A venue with a posture: the regions of the design and the sheet of its first one."""

    venue: Venue
    posture: Posture
    places: tuple[Place, ...]
    cached: bool


@dataclass(slots=True)
class Menu:
    """The options of one site by role, and the components that are out with their reasons."""

    site: Site
    needs: tuple[RoleNeed, ...]
    options: dict[Role, list[Option]] = field(default_factory=dict)
    out: dict[Role, list[tuple[Component, str]]] = field(default_factory=dict)

    @property
    def unfilled(self) -> tuple[Role, ...]:
        """Required roles for which nothing is left."""
        return tuple(need.role for need in self.needs if need.required and not self.options[need.role])


@dataclass(frozen=True, slots=True)
class Means:
    """What one plan is made with: catalogue, prices, objections, and the costs computed on the way."""

    catalogue: Catalogue
    book: PriceBook
    directives: Directives = field(default_factory=Directives)
    priced: Priced = field(default_factory=dict)
