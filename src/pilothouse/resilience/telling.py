"""What health and metrics tell of the breakers of a process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pilothouse.health.schemas import Condition, Part
from pilothouse.resilience.dependency import Dependency
from pilothouse.resilience.registry import Registry
from pilothouse.resilience.states import State

SERIES = 100
"""Dependencies that metrics tell apart; the rest is `other`."""
SHOWN = 10
"""Breakers that health names."""


class BreakerMetrics(Collector):
    """The dependencies of a process as Prometheus reads them, by name or by group."""

    def __init__(self, registry: Registry) -> None:
        """Show those of `registry`."""
        self._registry = registry
        self._labels: set[str] = set()

    def collect(self) -> Iterator[Metric]:
        """What there is now. Counts of a group are those of its members that are remembered."""
        by_label: dict[str, list[Dependency]] = {}
        for one in self._registry:
            by_label.setdefault(self._label(self._registry.group_of(one.name)), []).append(one)
        state = GaugeMetricFamily(
            "pilothouse_breakers",
            "Breakers by state: one for each dependency, several for a group of them.",
            labels=("dependency", "state"),
        )
        calls = CounterMetricFamily(
            "pilothouse_dependency_calls",
            "Calls of dependencies by outcome; those that were not permitted reached nobody.",
            labels=("dependency", "outcome"),
        )
        retries = CounterMetricFamily(
            "pilothouse_dependency_retries", "Calls that were tried again.", labels=("dependency",)
        )
        for label, members in by_label.items():
            states, outcomes, again = _figures(members)
            for name in State:
                state.add_metric((label, name.value), states[name])
            for outcome, count in outcomes.items():
                calls.add_metric((label, outcome), count)
            retries.add_metric((label,), again)
        yield state
        yield calls
        yield retries

    def _label(self, name: str) -> str:
        if name not in self._labels and len(self._labels) >= SERIES:
            return "other"
        self._labels.add(name)
        return name


async def examined(registry: Registry) -> Part:
    """As `part_of`, for those who examine."""
    return part_of(registry)


def part_of(registry: Registry) -> Part:
    """How the dependencies are: degraded where a breaker lets no calls through."""
    seen = [one.breaker.snapshot() for one in registry]
    shut = [one for one in seen if not one.healthy]
    figures = {"breakers": float(len(seen)), "open": float(len(shut))}
    if not shut:
        return Part(
            name="dependencies", status=Condition.WELL, detail="Calls are let through.", figures=figures
        )
    named = ", ".join(one.name for one in shut[:SHOWN]) + (" and others" if len(shut) > SHOWN else "")
    return Part(
        name="dependencies",
        status=Condition.DEGRADED,
        detail=f"Left alone: {named}. `pilothouse breakers` says why.",
        figures=figures,
    )


def _figures(members: list[Dependency]) -> tuple[Counter[State], dict[str, int], int]:
    seen = [one.breaker.snapshot() for one in members]
    outcomes = {
        "succeeded": sum(one.counts.succeeded for one in seen),
        "failed": sum(one.counts.failed for one in seen),
        "ignored": sum(one.counts.ignored for one in seen),
        "slow": sum(one.counts.slow for one in seen),
        "not_permitted": sum(one.counts.not_permitted for one in seen),
    }
    retries = sum(one.retry.retries for one in members if one.retry is not None)
    return Counter(one.state for one in seen), outcomes, retries
