"""The catalogue as typed values: components, platforms with their regions, and how work is shaped."""

from __future__ import annotations

from pydantic import Field

from pilothouse.apps.mlops.catalogue.facts import (
    Availability,
    Compliance,
    Effort,
    Latency,
    Limits,
    MachineRule,
    Quantity,
    Recipe,
)
from pilothouse.apps.mlops.catalogue.workloads import ModelProfile, UseCaseProfile, WorkloadShape
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.requirements import Cloud, Fraction, Frozen, ModelFamily, UseCase, Workload


class Component(Frozen):
    """One thing that can fill a role, with everything the planner and the critics ask of it."""

    id: str = Field(pattern=r"^(aws|gcp|azure|oss)-[a-z0-9-]+$")
    name: str
    roles: tuple[Role, ...] = Field(min_length=1)
    cloud: Cloud  # the file it stands in
    clouds: tuple[Cloud, ...]  # the platforms it can be used on
    summary: str
    docs: str = Field(pattern="^https://")
    pricing: str | None = Field(default=None, pattern="^https://")
    capabilities: frozenset[str]
    technologies: tuple[str, ...]  # the words by which people name or exclude it
    needs: tuple[str, ...] = ()  # capabilities another chosen component must provide
    managed: bool
    handles_data: bool = True  # False for what sees code and configuration only
    licence: str | None = None  # SPDX, where it is open source
    lock_in: Fraction  # 0: runs anywhere as it is; 1: a rewrite to leave
    latency: Latency | None = None
    availability: Availability | None = None
    compliance: Compliance
    effort: Effort
    limits: Limits = Limits()
    machine: MachineRule | None = None
    sizing: dict[str, str | float | bool] = Field(default_factory=dict)
    capacity_rps: Quantity | None = None  # requests a second that a sizing carries
    resources: tuple[Recipe, ...] = ()


class Region(Frozen):
    """One region of a provider, and the words by which customers ask for it."""

    id: str
    area: str  # "us", "eu", "uk", "asia" …: the geography that residency rules speak of
    country: str
    names: tuple[str, ...] = ()


class Platform(Frozen):
    """A place to run on: its regions (the first of an area is its default) and what designs there share."""

    cloud: Cloud
    name: str
    regions: tuple[Region, ...]
    routing: Availability  # of what spreads traffic over regions
    shared: tuple[Recipe, ...] = ()


class Catalogue(Frozen):
    """All of it, checked. Lookups are by id, platform and role; the order is that of the files."""

    components: tuple[Component, ...]
    platforms: tuple[Platform, ...]
    workloads: tuple[WorkloadShape, ...]
    models: tuple[ModelProfile, ...]
    use_cases: tuple[UseCaseProfile, ...]

    def component(self, component_id: str) -> Component:
        """The component named `component_id`. Raises `KeyError` naming it where there is none."""
        found = next((component for component in self.components if component.id == component_id), None)
        if found is None:
            raise KeyError(component_id)
        return found

    def platform(self, cloud: Cloud) -> Platform:
        """The platform of `cloud`."""
        return next(platform for platform in self.platforms if platform.cloud is cloud)

    def offers(self, cloud: Cloud, role: Role) -> tuple[Component, ...]:
        """The components that can fill `role` on `cloud`."""
        return tuple(c for c in self.components if role in c.roles and cloud in c.clouds)

    def workload(self, workload: Workload) -> WorkloadShape:
        """The shape of `workload`."""
        return next(shape for shape in self.workloads if shape.id is workload)

    def model(self, family: ModelFamily) -> ModelProfile:
        """The profile of a model family."""
        return next(profile for profile in self.models if profile.id is family)

    def use_case(self, use_case: UseCase) -> UseCaseProfile:
        """The profile of a use case."""
        return next(profile for profile in self.use_cases if profile.id is use_case)
