"""The request path in numbers: latency at a percentile, and availability as a product."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from statistics import NormalDist

from pilothouse.apps.mlops.catalogue.model import Component
from pilothouse.apps.mlops.planner.sizing import Parameter, amount

UNIT_PARAMETERS = ("replicas", "nodes")
"""What counts as copies of a component; nodes of one copy only where it has no replicas."""


@lru_cache(maxsize=64)
def percentile_weight(percentile: float) -> float:
    """How far between the median (0) and the 99th percentile (1) a percentile lies, on a log scale."""
    normal = NormalDist()
    return normal.inv_cdf(min(max(percentile, 1.0), 99.9999) / 100) / normal.inv_cdf(0.99)


def at_percentile(p50: float, p99: float, percentile: float) -> float:
    """The latency at `percentile` of a log-normal distribution with the given median and 99th percentile."""
    if p50 <= 0 or p99 <= 0:
        return max(p50, p99, 0.0)
    return p50 * math.exp(math.log(p99 / p50) * percentile_weight(percentile))


def component_latency(component: Component, variables: Mapping[str, float], percentile: float) -> float:
    """What `component` adds to a request at `percentile`, in milliseconds; 0 where it adds nothing."""
    if component.latency is None:
        return 0.0
    p50 = amount(component.latency.p50_ms, variables)
    p99 = amount(component.latency.p99_ms, variables)
    return at_percentile(p50, p99, percentile)


def is_redundant(component: Component, parameters: Mapping[str, Parameter]) -> bool:
    """Whether the loss of one unit or zone leaves it working: it spans zones, or has two units or more."""
    if "regional" in component.capabilities:
        return True
    units = next((parameters[name] for name in UNIT_PARAMETERS if name in parameters), 0)
    return int(units) >= 2


def component_availability(component: Component, parameters: Mapping[str, Parameter]) -> float:
    """The availability to count with for `component` as sized; 1 where nothing is known."""
    facts = component.availability
    if facts is None:
        return 1.0
    if facts.single is not None and not is_redundant(component, parameters):
        return facts.single
    return facts.redundant


def over_regions(availability: float, regions: int, routing: float) -> float:
    """The availability of `regions` independent copies behind a router; of a single copy its own."""
    if regions <= 1:
        return availability
    return (1 - (1 - availability) ** regions) * routing
