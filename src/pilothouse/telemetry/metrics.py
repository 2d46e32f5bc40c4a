"""The metrics of one process, and the registry in which they are found. Nothing is made at import."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.metadata import version

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pilothouse.telemetry.instruments import LONG, SHORT, Count, Distribution, Names

WORKFLOWS = 200
"""Workflows that metrics tell apart; the rest is `other`."""
ROUTES = 300
"""Route templates that metrics tell apart."""
MODELS, OUTCOMES = 200, 50
"""Models, and outcomes of calls to them, that metrics tell apart."""


class Reading:
    """A value that is read when it is asked for."""

    def __init__(self, name: str, text: str, read: Callable[[], float], *, only_rises: bool) -> None:
        self.name, self.text, self._read = name, text, read
        self._family = CounterMetricFamily if only_rises else GaugeMetricFamily

    def families(self) -> Iterator[Metric]:
        """As prometheus-client shows it."""
        yield self._family(self.name, self.text, value=self._read())


class Metrics(Collector):
    """Everything that this process counts. Added to in its event loop only."""

    def __init__(self, workflows: Iterable[str] = ()) -> None:
        """Make the registry. `workflows` are told apart, whichever others come before them."""
        self.workflow, self.route = Names(WORKFLOWS), Names(ROUTES)
        self.model, self.outcome = Names(MODELS), Names(OUTCOMES)
        for name in workflows:
            self.workflow(name)
        self._make_requests()
        self._make_runs()
        self._make_engine()
        self._make_models()
        self._gauges: list[Reading] = []
        self.registry = CollectorRegistry(auto_describe=False)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self.registry.register(self)

    def _make_requests(self) -> None:
        self.requests = Count(
            "pilothouse_http_requests",
            "HTTP requests that were answered.",
            ("method", "route", "status"),
        )
        self.request_seconds = Distribution(
            "pilothouse_http_request_seconds",
            "Time from a request to the end of its response; a live stream lasts as long as it is watched.",
            ("method", "route"),
            SHORT,
        )
        self.requests_active = 0

    def _make_runs(self) -> None:
        workflow = ("workflow",)
        self.submitted = Count("pilothouse_runs_submitted", "Runs that were made by this process.", workflow)
        self.ended = Count(
            "pilothouse_runs_ended",
            "Runs that a turn of this process has ended; not those cancelled while they wait.",
            (*workflow, "status"),
        )
        self.run_seconds = Distribution(
            "pilothouse_run_seconds", "Time from a run's making to its end, waits included.", workflow
        )
        self.turns = Count("pilothouse_turns", "Turns that this process has executed.", (*workflow, "status"))
        self.turn_seconds = Distribution(
            "pilothouse_turn_seconds", "Time from a run's claim to the end of the turn.", workflow
        )
        self.turns_active = 0
        self.steps = Count(
            "pilothouse_steps",
            "Steps that were journalled; what is replayed is not counted.",
            (*workflow, "kind", "outcome"),
        )
        self.step_seconds = Distribution(
            "pilothouse_step_seconds",
            "Time that an agent or a tool has worked, its commits left out.",
            (*workflow, "kind"),
        )
        self.queue_wait = Distribution(
            "pilothouse_queue_wait_seconds", "Time from a run's queuing to its claim.", workflow, LONG
        )

    def _make_engine(self) -> None:
        self.entries = Count("pilothouse_journal_entries", "Journal entries that turns have appended.")
        self.commits = Count(
            "pilothouse_journal_commits", "Transactions that appended entries of one turn or many."
        )
        self.append_seconds = Distribution(
            "pilothouse_journal_append_seconds",
            "Time that a turn waited for an append to be committed.",
            (),
            SHORT,
        )
        self.statements = Count(
            "pilothouse_statements",
            "Statements on the engine's connections.",
            ("lane", "outcome"),
        )
        self.statement_seconds = Distribution(
            "pilothouse_statement_seconds", "Time of such a statement.", ("lane",), SHORT
        )
        self.rungs = Count(
            "pilothouse_agent_rungs",
            "Rungs of agents' ladders that were tried; `outcome` is `answered`, or the code of the failure.",
            ("agent", "rung", "outcome"),
        )
        self.takeovers = Count("pilothouse_runs_taken_over", "Runs of dead workers that were queued again.")
        self.listener_losses = Count(
            "pilothouse_listener_losses", "How often the connection that listens for wake-ups was lost."
        )
        self.listening = False

    def _make_models(self) -> None:
        self.model_calls = Count(
            "pilothouse_model_calls",
            "Calls to models, and answers from a cache in their place.",
            ("model", "outcome"),
        )
        self.model_tokens = Count("pilothouse_model_tokens", "Tokens of such calls.", ("model", "kind"))
        self.model_cost = Count("pilothouse_model_cost_dollars", "US dollars that they cost.", ("model",))
        self.model_seconds = Distribution(
            "pilothouse_model_seconds", "Time to the end of such an answer.", ("model", "outcome"), LONG
        )

    def gauge(self, name: str, text: str, read: Callable[[], float], *, only_rises: bool = False) -> None:
        """Show what `read` says, whenever metrics are asked for; as a counter where it `only_rises`."""
        self._gauges.append(Reading(name, text, read, only_rises=only_rises))

    def described(self) -> Sequence[Count | Distribution]:
        """Everything that is counted here."""
        return [found for found in vars(self).values() if isinstance(found, Count | Distribution)]

    def collect(self) -> Iterator[Metric]:
        """What the registry shows."""
        for one in self.described():
            yield from one.families()
        yield GaugeMetricFamily(
            "pilothouse_http_requests_active", "HTTP requests under way.", value=self.requests_active
        )
        yield GaugeMetricFamily("pilothouse_turns_active", "Turns under way.", value=self.turns_active)
        yield GaugeMetricFamily(
            "pilothouse_listener_connected",
            "Whether this process hears wake-ups (1) or only polls (0).",
            value=float(self.listening),
        )
        for gauge in self._gauges:
            yield from gauge.families()
        build = GaugeMetricFamily("pilothouse_build_info", "The version that runs here.", labels=("version",))
        build.add_metric((version("pilothouse"),), 1)
        yield build
