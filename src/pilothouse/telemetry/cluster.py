"""Metrics of the whole installation, read from the database when somebody asks, at most every few seconds.

Each process shows the same, so that it does not matter which one is asked, and a figure of the installation
is never the sum of what processes believe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import elapsed
from pilothouse.kit.session import Database
from pilothouse.telemetry.instruments import Names
from pilothouse.telemetry.metrics import WORKFLOWS
from pilothouse.telemetry.repository import Figures, Queued, figures

log = structlog.get_logger(__name__)

FRESH = 5.0
"""Seconds for which figures are shown again without asking the database."""
PATIENCE = 2.0
"""Seconds within which the database has to answer; a scrape goes on without its figures then."""

WORKER_STATES = ("live", "draining")


class Cluster(Collector):
    """The installation's figures. A worker silent for `lease` seconds is none."""

    def __init__(self, database: Database, lease: float) -> None:
        self.figures: Figures | None = None
        self._database = database
        self._lease = lease
        self._read_at = -FRESH
        self._reading: asyncio.Task[None] | None = None
        self._workflow = Names(WORKFLOWS)

    async def refresh(self) -> None:
        """Read the figures anew where they are old; those who ask at the same time wait for one reading."""
        if elapsed() - self._read_at < FRESH:
            return
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait({self._reading})

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE), self._database.maintenance() as session:
                self.figures = await figures(session, self._lease)
        except (PilothouseError, TimeoutError) as error:
            self.figures = None
            log.warning("figures_not_read", reason=str(error) or "The database did not answer in time.")
        self._read_at = elapsed()

    def collect(self) -> Iterator[Metric]:
        """What the last reading found; only that the database is away, where there is none."""
        found = self.figures
        yield GaugeMetricFamily(
            "pilothouse_database_up", "Whether the database answers.", value=float(found is not None)
        )
        if found is not None:
            yield from self._queue(found)
            yield from _workers(found)
            yield from _database(found)

    def _queue(self, found: Figures) -> Iterator[Metric]:
        queue: dict[str, Queued] = {}
        for workflow, each in found.queue.items():
            name = self._workflow(workflow)
            other = queue.get(name, Queued(0, 0.0))
            queue[name] = Queued(each.runs + other.runs, max(each.oldest, other.oldest))
        depth = GaugeMetricFamily(
            "pilothouse_queue_runs", "Runs that wait for a worker, in the installation.", labels=("workflow",)
        )
        oldest = GaugeMetricFamily(
            "pilothouse_queue_oldest_seconds", "How long the oldest of them has waited.", labels=("workflow",)
        )
        for name, each in queue.items():
            depth.add_metric((name,), each.runs)
            oldest.add_metric((name,), each.oldest)
        yield depth
        yield oldest
        yield GaugeMetricFamily(
            "pilothouse_runs_running", "Runs that workers execute, in the installation.", value=found.running
        )
        yield GaugeMetricFamily(
            "pilothouse_questions_open", "Questions that wait for a person.", value=found.questions
        )


def _workers(found: Figures) -> Iterator[Metric]:
    workers = GaugeMetricFamily("pilothouse_workers", "Workers that are heard of.", labels=("state",))
    for state in WORKER_STATES:
        workers.add_metric((state,), found.workers.get(state, 0))
    yield workers
    yield GaugeMetricFamily(
        "pilothouse_worker_slots", "Turns that all live workers can execute at once.", value=found.slots
    )
    if found.heartbeat_age is not None:
        yield GaugeMetricFamily(
            "pilothouse_worker_heartbeat_age_seconds",
            "Age of the oldest last heartbeat among the workers that are heard of.",
            value=found.heartbeat_age,
        )


def _database(found: Figures) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "pilothouse_database_seconds", "Time of one cheap query, as seen from here.", value=found.latency
    )
    yield GaugeMetricFamily("pilothouse_database_size_bytes", "Size of the database.", value=found.size)
    yield GaugeMetricFamily(
        "pilothouse_journal_size_bytes", "Size of the journal with its indexes.", value=found.journal_size
    )
    connections = GaugeMetricFamily(
        "pilothouse_database_connections", "Connections to the database by state.", labels=("state",)
    )
    for state, count in found.connections.items():
        connections.add_metric((state,), count)
    yield connections
    yield GaugeMetricFamily(
        "pilothouse_database_connections_max",
        "Connections that the server allows.",
        value=found.connections_most,
    )
    yield GaugeMetricFamily(
        "pilothouse_database_oldest_transaction_seconds",
        "Age of the oldest open transaction: what keeps the server from cleaning up.",
        value=found.oldest_transaction,
    )
    for name, text, value in (
        ("commits", "Transactions committed.", found.commits),
        ("rollbacks", "Transactions rolled back.", found.rollbacks),
        ("deadlocks", "Deadlocks.", found.deadlocks),
    ):
        yield CounterMetricFamily(f"pilothouse_database_{name}", text, value=value)
