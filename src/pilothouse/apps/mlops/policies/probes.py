"""What the rules ask of a design: one function for each kind of test, each giving findings per component."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from pilothouse.apps.mlops.catalogue.model import Catalogue, Component
from pilothouse.apps.mlops.design import Choice, Design, Role, Verdict
from pilothouse.apps.mlops.planner.venues import wanted_regions
from pilothouse.apps.mlops.policies.rules import Probe, Rule
from pilothouse.apps.mlops.requirements import Cloud, Requirements

ON_PREMISES_REGION = "on-premises"
PUBLIC_FLAGS = ("publicly_accessible", "public_network_access_enabled")


@dataclass(frozen=True, slots=True)
class Breach:
    """What a test found: a verdict below or at the rule's severity, with the component it concerns."""

    verdict: Verdict
    detail: str
    component: str | None = None
    replaceable: bool = False  # another component could be chosen instead


@dataclass(frozen=True, slots=True)
class Case:
    """A design under test: its choices with their catalogue entries, under the requirements that hold."""

    design: Design
    requirements: Requirements
    catalogue: Catalogue
    retention_days: int

    def chosen(self, roles: tuple[Role, ...] = ()) -> Iterator[tuple[Choice, Component]]:
        """Every choice in `roles` (all without any) with its component."""
        for choice in self.design.choices:
            if not roles or choice.role in roles:
                yield choice, self.catalogue.component(choice.component)


def probe(rule: Rule, case: Case) -> tuple[Breach, ...]:
    """Everything that `rule` finds in `case`; nothing where it holds."""
    return tuple(_PROBES[rule.test](rule, case))


def _fact(rule: Rule, case: Case) -> Iterator[Breach]:
    for choice, component in case.chosen(rule.roles):
        if component.handles_data and not getattr(component.compliance, rule.fact):
            yield Breach(
                rule.severity,
                f"{choice.name} has no {rule.fact.replace('_', ' ')}",
                component.id,
                replaceable=True,
            )


def _attested(rule: Rule, case: Case) -> Iterator[Breach]:
    own: list[str] = []
    for choice, component in case.chosen(rule.roles):
        if not component.handles_data:
            continue
        missing = [regime.value for regime in rule.regimes if regime not in component.compliance.attests]
        if missing and component.managed:
            detail = f"{choice.name} is not attested for {', '.join(missing)} by its provider"
            yield Breach(rule.severity, detail, component.id, replaceable=True)
        elif missing:
            own.append(choice.name)
    if own:
        yield Breach(
            Verdict.WARN, f"run by the customer, whose own evidence has to show it: {', '.join(own)}"
        )


def _areas(case: Case) -> dict[str, str]:
    """The geography of every region in the catalogue."""
    return {region.id: region.area for platform in case.catalogue.platforms for region in platform.regions}


def _residency(rule: Rule, case: Case) -> Iterator[Breach]:
    wanted = wanted_regions(case.requirements)
    areas = _areas(case)
    allowed = {
        region.area
        for platform in case.catalogue.platforms
        for region in platform.regions
        if {region.id, region.area, region.country, *region.names} & set(wanted)
    }
    for choice, component in case.chosen():
        if not component.handles_data:
            continue
        used = {planned.resource.region for planned in choice.resources} - {ON_PREMISES_REGION}
        outside = sorted(region for region in used if wanted and areas.get(region) not in allowed)
        if outside:
            detail = f"{choice.name} stands in {', '.join(outside)}, asked for was {', '.join(wanted)}"
            yield Breach(rule.severity, detail, component.id)
        if wanted and not component.compliance.in_region:
            detail = f"{choice.name} may process data outside its region"
            yield Breach(rule.severity, detail, component.id, replaceable=True)


def _area(rule: Rule, case: Case) -> Iterator[Breach]:
    areas = _areas(case)
    if case.design.region == ON_PREMISES_REGION:
        yield Breach(Verdict.WARN, f"the machines have to stand in {rule.area}; where they do is not known")
        return
    used = {case.design.region} | {
        planned.resource.region for choice in case.design.choices for planned in choice.resources
    }
    outside = sorted(region for region in used - {ON_PREMISES_REGION} if areas.get(region) != rule.area)
    if outside:
        yield Breach(rule.severity, f"resources stand in {', '.join(outside)}, outside {rule.area}")


def _kept_days(case: Case) -> tuple[int, str]:
    """For how many days logs are kept at least, and where."""
    storage = next(iter(case.chosen((Role.STORAGE,))), None)
    if storage is not None and "lifecycle" in storage[1].capabilities:
        return case.retention_days, f"{storage[0].name} under a lifecycle"
    monitoring = case.design.choice(Role.MONITORING)
    days = int(monitoring.parameters.get("retention_days", 0)) if monitoring else 0
    return days, monitoring.name if monitoring else "nothing"


def _retention(rule: Rule, case: Case) -> Iterator[Breach]:
    days, where = _kept_days(case)
    if days < case.retention_days:
        yield Breach(rule.severity, f"{where} keeps {days} days, {case.retention_days} are asked for")


def _retention_at_least(rule: Rule, case: Case) -> Iterator[Breach]:
    days, where = _kept_days(case)
    if days < rule.number:
        yield Breach(rule.severity, f"{days} days are kept ({where}), the rule asks for {rule.number}")


def _capability(rule: Rule, case: Case) -> Iterator[Breach]:
    for choice, component in case.chosen(rule.roles):
        missing = [word for word in rule.capabilities if word not in component.capabilities]
        if missing:
            detail = f"{choice.name} does not offer {', '.join(word.replace('_', ' ') for word in missing)}"
            yield Breach(rule.severity, detail, component.id)


def _tags(rule: Rule, case: Case) -> Iterator[Breach]:
    for choice, component in case.chosen():
        bare = []
        for planned in choice.resources:
            attributes = planned.resource.attributes
            tags = attributes.get("tags") or attributes.get("labels")
            carried = set(tags) if isinstance(tags, Mapping) else set()
            if not set(rule.tags) <= carried:
                bare.append(planned.resource.address)
        if bare:
            yield Breach(rule.severity, f"without the required tags: {', '.join(bare)}", component.id)


def _exposure(rule: Rule, case: Case) -> Iterator[Breach]:
    for choice, component in case.chosen():
        for planned in choice.resources:
            attributes = planned.resource.attributes
            if any(attributes.get(flag) is True for flag in PUBLIC_FLAGS):
                detail = f"{planned.resource.address} can be reached from the internet"
                yield Breach(rule.severity, detail, component.id)
        if choice.role is Role.GATEWAY and _public_entry(choice, component):
            detail = (
                f"{choice.name} is an entry point on the internet: keep token checks and a firewall in front"
            )
            yield Breach(Verdict.WARN, detail, component.id)


def _public_entry(choice: Choice, component: Component) -> bool:
    internal: JsonValue = next(
        (
            planned.resource.attributes["internal"]
            for planned in choice.resources
            if "internal" in planned.resource.attributes
        ),
        None,
    )
    if isinstance(internal, bool):
        return not internal
    return component.cloud is not Cloud.KUBERNETES


def _oversight(rule: Rule, case: Case) -> Iterator[Breach]:
    review, explain = case.requirements.human_review, case.requirements.explainability
    missing = []
    if review is None or not review.value:
        missing.append("human review")
    if explain is None or not explain.value:
        missing.append("explanations")
    if missing:
        yield Breach(rule.severity, f"{' and '.join(missing)} were not asked for and have to be planned")


def _filled(rule: Rule, case: Case) -> Iterator[Breach]:
    missing = [role for role in rule.roles if case.design.choice(role) is None]
    if missing:
        yield Breach(rule.severity, f"nothing fills {', '.join(role.value for role in missing)}")


_PROBES: dict[Probe, Callable[[Rule, Case], Iterator[Breach]]] = {
    Probe.FACT: _fact,
    Probe.ATTESTED: _attested,
    Probe.RESIDENCY: _residency,
    Probe.AREA: _area,
    Probe.RETENTION: _retention,
    Probe.RETENTION_AT_LEAST: _retention_at_least,
    Probe.CAPABILITY: _capability,
    Probe.TAGS: _tags,
    Probe.EXPOSURE: _exposure,
    Probe.OVERSIGHT: _oversight,
    Probe.FILLED: _filled,
}
