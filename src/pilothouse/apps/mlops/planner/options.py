"""Makes real options: each component that can fill a role at a site, sized and priced, or why it cannot."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.apps.mlops.catalogue.model import Component
from pilothouse.apps.mlops.catalogue.workloads import RoleNeed
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.planner.brief import Brief
from pilothouse.apps.mlops.planner.menu import Means, Menu, Option, Site
from pilothouse.apps.mlops.planner.needs import needed_roles, objection_to
from pilothouse.apps.mlops.planner.path import component_availability, component_latency
from pilothouse.apps.mlops.planner.resources import Ends, Stand, labels_of, plan_resource
from pilothouse.apps.mlops.planner.sheet import Level, Place, Posture, sheet
from pilothouse.apps.mlops.planner.sizing import Sized, amount, over_limit, size
from pilothouse.apps.mlops.planner.venues import Venue, places
from pilothouse.apps.mlops.pricing import price
from pilothouse.apps.mlops.pricing.model import CostLine, PlannedResource
from pilothouse.apps.mlops.requirements import Cloud


class Kitchen:
    """Makes menus for one brief: sizes and prices components, remembering what it has priced."""

    def __init__(self, brief: Brief, means: Means) -> None:
        self.brief = brief
        self._priced = means.priced
        self._key = (
            f"{brief.shape.id} {brief.model.id} {brief.serve_gpu} {brief.retention_days} {brief.demand!r}"
        )
        catalogue = means.catalogue
        self.catalogue = catalogue
        self.book = means.book
        self.directives = means.directives
        self._siblings = {
            region.id: [other.id for other in platform.regions if other is not region]
            for platform in catalogue.platforms
            for region in platform.regions
        }
        self._sheets: dict[tuple[Posture, Place, int, bool, str, Level], dict[str, float]] = {}

    def menu(self, venue: Venue, posture: Posture) -> Menu:
        """All options at `venue` with `posture`."""
        needs = needed_roles(self.brief, venue, self.catalogue)
        cached = any(need.role is Role.CACHE for need in needs)
        site = Site(venue, posture, places(venue, posture, self.catalogue), cached)
        menu = Menu(site=site, needs=needs)
        for need in needs:
            menu.options[need.role] = []
            menu.out[need.role] = []
            for component in self.catalogue.offers(venue.cloud, need.role):
                found = self._option(component, need, site)
                if isinstance(found, Option):
                    menu.options[need.role].append(found)
                else:
                    menu.out[need.role].append((component, found))
            self._exclude(menu, need)
        return menu

    def _exclude(self, menu: Menu, need: RoleNeed) -> None:
        """Leave out what critics excluded, as long as something is left to fill the role."""
        kept = [o for o in menu.options[need.role] if o.component.id not in self.directives.excluded]
        if kept:
            gone = [o for o in menu.options[need.role] if o not in kept]
            menu.out[need.role] += [(o.component, "was excluded by a critic's objection") for o in gone]
            menu.options[need.role] = kept

    def _option(self, component: Component, need: RoleNeed, site: Site) -> Option | str:
        reason = objection_to(component, need, self.brief)
        if reason is not None:
            return reason
        sized = self.sized(component, need.role, site, site.places[0])
        over = over_limit(component, sized)
        if over is not None:
            return f"would need {over[0]:,.0f} {component.limits.units}, its limit is {over[1]:,.0f}"
        on_path = need.role in self.brief.shape.path
        if on_path and component.capacity_rps is not None:
            capacity = amount(component.capacity_rps, sized.variables)
            peak = sized.variables["peak_rps"]
            if capacity < peak:
                return f"carries {capacity:,.0f} requests a second, {peak:,.0f} come at peak"
        cost, unknown = self._cost(component, need.role, site)
        latency = component_latency(component, sized.variables, self.brief.demand.latency_percentile)
        availability = component_availability(component, sized.parameters)
        return Option(
            role=need.role,
            component=component,
            sized=sized,
            cost=cost,
            unknown=unknown,
            latency=latency if on_path else 0.0,
            availability=availability if on_path else 1.0,
        )

    def sized(self, component: Component, role: Role, site: Site, place: Place) -> Sized:
        """`component` sized at one place for the expected traffic and its peak."""
        variables = self._sheet(site, place, Level.EXPECTED)
        return size(component, variables, labels_of(site), self.directives.extra_units(role))

    def _sheet(self, site: Site, place: Place, level: Level) -> dict[str, float]:
        key = (site.posture, place, len(site.places), site.cached, site.venue.host, level)
        found = self._sheets.get(key)
        if found is None:
            found = sheet(
                self.brief,
                site.posture,
                place,
                regions=len(site.places),
                cached=site.cached,
                host=site.venue.host if site.venue.cloud is Cloud.KUBERNETES else "",
                level=level,
            )
            self._sheets[key] = found
        return found

    def _cost(self, component: Component, role: Role, site: Site) -> tuple[float, int]:
        key = (self._key, component.id, role, site.posture, site.places, site.cached, site.venue.host)
        if key not in self._priced:
            self._priced[key] = self._sum(self.planned(component, role, site, levels=False))
        return self._priced[key]

    def _sum(self, resources: tuple[PlannedResource, ...]) -> tuple[float, int]:
        """The expected cost, and how many lines have no price.

        So that what is not known never looks cheap, a resource with such a line is compared at its price in
        another region of the provider, where that is dearer. The bill itself never takes another region's.
        """
        total, unknown = Decimal(0), 0
        for planned in resources:
            known, missing = _total(price(planned.resource, planned.expected, self.book))
            if missing:
                unknown += missing
                known = max(known, self._elsewhere(planned))
            total += known
        return float(total), unknown

    def _elsewhere(self, planned: PlannedResource) -> Decimal:
        """The cost in the first region of the same provider that has a price for every line, else 0."""
        for region in self._siblings.get(planned.resource.region, ()):
            resource = planned.resource.model_copy(update={"region": region})
            known, missing = _total(price(resource, planned.expected, self.book))
            if not missing:
                return known
        return Decimal(0)

    def shared_cost(self, site: Site) -> tuple[float, int]:
        """What every design at `site` pays for the platform itself, and its unknown lines."""
        return self._sum(self.shared(site, ""))

    def shared(self, site: Site, component_id: str) -> tuple[PlannedResource, ...]:
        """The platform's own resources (a cluster's control plane), billed with `component_id`."""
        recipes = self.catalogue.platform(site.venue.cloud).shared
        found: list[PlannedResource] = []
        for number, place in enumerate(site.places if recipes else ()):
            expected, low, high = (
                self._sheet(site, place, level) for level in (Level.EXPECTED, Level.LOW, Level.HIGH)
            )
            sized = Sized(parameters={}, variables=expected)
            found += [
                plan_resource(recipe, component_id, sized, (low, high), Stand(site, place, number))
                for recipe in recipes
                if amount(recipe.when, expected)
            ]
        return tuple(found)

    def planned(
        self, component: Component, role: Role, site: Site, *, levels: bool = True
    ) -> tuple[PlannedResource, ...]:
        """The component's resources at every place, with usage at all three levels (or the expected one)."""
        found: list[PlannedResource] = []
        for number, place in enumerate(site.places):
            due = [recipe for recipe in component.resources if number == 0 or recipe.per == "region"]
            if not due:
                continue
            sized = self.sized(component, role, site, place)
            ends = self._ends(component, sized, site, place) if levels else (sized.variables, sized.variables)
            found += [
                plan_resource(recipe, component.id, sized, ends, Stand(site, place, number))
                for recipe in due
                if amount(recipe.when, sized.variables)
            ]
        return tuple(found)

    def _ends(self, component: Component, sized: Sized, site: Site, place: Place) -> Ends:
        """The variables at low and high usage, with the machines of the expected one."""
        low, high = (
            size(
                component, self._sheet(site, place, level), labels_of(site), machines=sized.machines
            ).variables
            for level in (Level.LOW, Level.HIGH)
        )
        return low, high


def _total(lines: tuple[CostLine, ...]) -> tuple[Decimal, int]:
    """What the lines with a price add up to, and the number of those without."""
    priced = [line.monthly for line in lines if line.monthly is not None]
    return sum(priced, Decimal(0)), len(lines) - len(priced)
