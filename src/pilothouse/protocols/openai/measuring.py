"""The metrics of the gateway; its calls are counted with those of runs."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pilothouse.telemetry.service import Count


class GatewayMetrics(Collector):
    """What the gateway of one process counts. Added to in its event loop only."""

    def __init__(self) -> None:
        self.failures = Count(
            "pilothouse_gateway_upstream_errors",
            "Calls at which a provider failed, also where another one answered.",
            ("provider", "code"),
        )
        self.refused = Count(
            "pilothouse_gateway_refused", "Requests that were refused before a model was asked.", ("code",)
        )
        self.cache = Count(
            "pilothouse_gateway_cache", "Look-ups in the cache, by what came of them.", ("result",)
        )

    def collect(self) -> Iterator[Metric]:
        """What the registry shows."""
        for one in (self.failures, self.refused, self.cache):
            yield from one.families()
