"""The telemetry of one process: its metrics, its spans, and who observes what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from prometheus_client.exposition import choose_encoder

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.kit.session import Database
from pilothouse.runtime.observing import Observer
from pilothouse.telemetry.cluster import Cluster
from pilothouse.telemetry.exporting import Exporter, collector, is_wanted, require_sdk
from pilothouse.telemetry.instruments import Count
from pilothouse.telemetry.metrics import Metrics
from pilothouse.telemetry.observer import EngineObserver
from pilothouse.telemetry.requests import Requests, observe_statements
from pilothouse.telemetry.sampling import Rate

__all__ = ["Count", "Exposition", "Telemetry"]


class Exposition(NamedTuple):
    """Metrics as they are sent."""

    content: bytes
    media_type: str


class Telemetry:
    """What one process tells of itself. Used within one event loop; `close` it at the end.

    `endpoint` is an OTLP collector (None: what the standard variables say, else no spans are sent), and
    `traces_per_second` the greatest number of traces kept, of reading requests and of failed turns besides.
    Raises `TelemetryUnavailable` where spans are to be sent and the SDK is not installed.
    """

    def __init__(
        self,
        *,
        endpoint: str | None = None,
        traces_per_second: float = 2.0,
        workflows: Iterable[str] = (),
        clock: Clock | None = None,
    ) -> None:
        """Begin to send spans, where they are wanted."""
        self.metrics = Metrics(workflows)
        self.exporter: Exporter | None = None
        if is_wanted(endpoint):
            require_sdk()
            self.exporter = Exporter(lambda: collector(endpoint))
            self._watch_exporter(self.exporter)
        writing, reading, failing = (Rate(traces_per_second) for _ in range(3))
        observer = EngineObserver(self.metrics, self.exporter, clock or SystemClock(), writing, failing)
        self.observer: Observer = observer
        self.requests = Requests(observer, reading)
        self._cluster: Cluster | None = None

    def watch(self, database: Database, lease: float) -> None:
        """Show the pool of `database` and the installation's figures, and trace its statements.

        A worker silent for `lease` seconds counts as gone.
        """
        self._cluster = Cluster(database, lease)
        self.metrics.registry.register(self._cluster)
        observe_statements(database)
        self.metrics.gauge(
            "pilothouse_api_connections_used",
            "Connections of the pool for requests that are in use.",
            database.used,
        )
        self.metrics.gauge(
            "pilothouse_api_connections_max",
            "Connections that the pool for requests may open.",
            lambda: database.most,
        )

    def rung_tried(self, agent: str, rung: str, failed: str) -> None:
        """Count that a rung of an agent was tried; `failed` is the code of its failure ("": it answered)."""
        self.metrics.rungs.add((agent, rung, failed or "answered"))

    def watch_streams(self, viewers: Callable[[], int]) -> None:
        """Show how many live streams are served."""
        self.metrics.gauge("pilothouse_live_connections", "Live streams that are served.", viewers)

    def watch_secrets(self, stale: Callable[[], int]) -> None:
        """Show how many secrets could not be read again."""
        text = "Secrets that could not be read again, and are used as they were."
        self.metrics.gauge("pilothouse_secrets_stale", text, stale)

    async def exposed(self, accept: str = "") -> Exposition:
        """The metrics, in the format that the client `accept`s."""
        if self._cluster is not None:
            await self._cluster.refresh()
        encode, media_type = choose_encoder(accept)
        return Exposition(encode(self.metrics.registry), media_type)

    def close(self) -> None:
        """Send what is left, for at most a few seconds. Blocks."""
        if self.exporter is not None:
            self.exporter.close()

    def _watch_exporter(self, exporter: Exporter) -> None:
        for name, text, read in (
            ("sent", "Spans that the collector has taken.", lambda: exporter.sent),
            ("dropped", "Spans that did not fit into the queue.", lambda: exporter.dropped),
            ("lost", "Spans that the collector did not take.", lambda: exporter.lost),
        ):
            self.metrics.gauge(f"pilothouse_spans_{name}", text, read, only_rises=True)
        self.metrics.gauge(
            "pilothouse_spans_waiting", "Requests and turns that wait to be sent.", lambda: exporter.queued
        )
