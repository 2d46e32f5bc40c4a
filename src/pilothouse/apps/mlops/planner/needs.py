"""Which roles a design needs, and the hard reasons why a component cannot fill one of them."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.apps.mlops.catalogue.model import Catalogue, Component
from pilothouse.apps.mlops.catalogue.workloads import RoleNeed
from pilothouse.apps.mlops.design import Role
from pilothouse.apps.mlops.planner.brief import Brief
from pilothouse.apps.mlops.planner.venues import Venue
from pilothouse.apps.mlops.requirements import Cloud, Regime, Requirements, Workload

STREAM_WORDS = (
    "kafka",
    "kinesis",
    "pubsub",
    "pub/sub",
    "event hub",
    "stream",
    "mqtt",
    "rabbitmq",
    "clickstream",
)
ATTESTABLE = frozenset(
    {Regime.GDPR, Regime.HIPAA, Regime.PCI_DSS, Regime.SOC2, Regime.ISO_27001, Regime.FEDRAMP, Regime.CCPA}
)
"""Regimes a provider can attest for a service; the EU AI Act asks of the system and its operator."""

TAKES_PAYLOAD = frozenset({Role.INGEST, Role.GATEWAY, Role.SERVING})
"""Roles through which a whole request or event passes."""


def needed_roles(brief: Brief, venue: Venue, catalogue: Catalogue) -> tuple[RoleNeed, ...]:
    """The roles of the brief's workload whose conditions hold and that the venue has something for."""
    return tuple(
        need
        for need in brief.shape.roles
        if applies(need, brief, venue) and (need.required or catalogue.offers(venue.cloud, need.role))
    )


def applies(need: RoleNeed, brief: Brief, venue: Venue) -> bool:
    """Whether one of the need's conditions holds, or it has none."""
    return not need.when or any(_holds(condition, brief, venue) for condition in need.when)


def _holds(condition: str, brief: Brief, venue: Venue) -> bool:
    word, _, number = condition.partition(":")
    requirements = brief.requirements
    if word == "data_above":
        return brief.demand.storage_gb > float(number)
    if word == "peak_above":
        return brief.demand.peak_rps > float(number)
    simple: dict[str, Callable[[], bool]] = {
        "has_sources": lambda: bool(requirements.sources and requirements.sources.value),
        "fresh_features": lambda: brief.use_case.fresh_features,
        "streaming_source": lambda: _streams(requirements),
        "feature_store_on_cache": lambda: venue.cloud is Cloud.KUBERNETES,
    }
    return simple[word]()


def _streams(requirements: Requirements) -> bool:
    named = (requirements.sources.value if requirements.sources else ()) + (
        requirements.existing_stack.value if requirements.existing_stack else ()
    )
    return any(word in name.lower() for name in named for word in STREAM_WORDS)


def names_technology(component: Component, word: str) -> bool:
    """Whether `word` is a technology that `component` is built from or known by."""
    word = word.strip().lower()
    return word in component.technologies or word in {component.id, component.name.lower()}


def objection_to(component: Component, need: RoleNeed, brief: Brief) -> str | None:
    """The hard reason why `component` cannot fill the role, whatever its size; None where it can."""
    requirements = brief.requirements
    missing = [capability for capability in need.capabilities if capability not in component.capabilities]
    if missing:
        return f"does not offer {', '.join(word.replace('_', ' ') for word in missing)}"
    excluded = requirements.excluded_technologies.value if requirements.excluded_technologies else ()
    named = [word for word in excluded if names_technology(component, word)]
    if named:
        return f"is or uses {named[0]}, which was excluded"
    regimes = requirements.compliance.value if requirements.compliance else ()
    lacking = [r for r in regimes if r in ATTESTABLE and r not in component.compliance.attests]
    if lacking and component.managed and component.handles_data:
        return f"is not attested for {', '.join(r.value for r in lacking)} by its provider"
    payload = component.limits.max_payload_kb
    if payload is not None and brief.demand.payload_kb > payload and need.role in TAKES_PAYLOAD:
        return f"takes at most {payload:,.0f} kB a request, {brief.demand.payload_kb:,.0f} kB are needed"
    return _accelerator_objection(component, need, brief)


def _accelerator_objection(component: Component, need: RoleNeed, brief: Brief) -> str | None:
    has = "gpu" in component.capabilities
    denied = brief.requirements.gpu is not None and not brief.requirements.gpu.value
    if need.role is Role.SERVING and brief.serve_gpu and not has:
        return "has no accelerators, which serving needs here"
    if need.role is Role.TRAINING and brief.demand.gpu and not has:
        return "has no accelerators, which training needs here"
    if need.role is Role.LLM and has and denied:
        return "needs accelerators, and none are to be used"
    if need.role is Role.SERVING and _offline(brief) and "offline" not in component.capabilities:
        return "does not work without a network"
    return None


def _offline(brief: Brief) -> bool:
    offline = brief.requirements.offline
    return brief.shape.id is Workload.EDGE and offline is not None and offline.value
