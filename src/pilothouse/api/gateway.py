"""Wires the gateway of a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from pilothouse.agents import running
from pilothouse.api.speaking import SPOKEN, told_at
from pilothouse.app import Pilothouse
from pilothouse.audit.service import AuditBatch
from pilothouse.budgets.service import Leases
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.llm.service import Catalogue, GuardedCalls, Providers, Route
from pilothouse.policies.service import Authority
from pilothouse.protocols.http import shedding
from pilothouse.protocols.http.context import Tells
from pilothouse.protocols.openai import answering
from pilothouse.protocols.openai.accounting import Books
from pilothouse.protocols.openai.balancing import Balance
from pilothouse.protocols.openai.caching import Cache, DatabaseStore
from pilothouse.protocols.openai.calling import Callings, guarded, straight
from pilothouse.protocols.openai.foreign import Foreign
from pilothouse.protocols.openai.gateway import Door, Gateway, operation_of
from pilothouse.protocols.openai.measuring import GatewayMetrics
from pilothouse.protocols.openai.models import AGENT, WORKFLOW, Models
from pilothouse.protocols.openai.repository import AnswerRepository
from pilothouse.protocols.openai.running import RunsAsModels, of_agents
from pilothouse.protocols.openai.semantic import Means, Neighbours
from pilothouse.protocols.openai.service import KeptAnswers
from pilothouse.protocols.openai.shared import RedisStore
from pilothouse.protocols.openai.upstream import Upstream, is_foreign
from pilothouse.runs.live import Live, RunStream
from pilothouse.runs.moving import Moving
from pilothouse.runs.queue_room import QueueRoom
from pilothouse.runs.schemas import Run, Submission
from pilothouse.runs.showing import Showing
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.engine import Engine
from pilothouse.telemetry.calls import traced
from pilothouse.telemetry.models import counted
from pilothouse.tenants.service import Placement
from pilothouse.throttling.operations import NameOf
from pilothouse.usage.schemas import Call
from pilothouse.usage.service import Prices, UsageWriter

Layers = Callable[[NameOf, Tells, shedding.Crowd], Sequence[Middleware]]
"""The layers around something: by what operations are called, how errors are told, and how many may come."""


class GatewayParts:
    """The gateway of one process, wired. `close` it at the end."""

    def __init__(self, pilothouse: Pilothouse, database: Database, authority: Authority, live: Live) -> None:
        """Nothing is opened before the first request. Answers are kept, and runs made, by `database`."""
        settings, self.terms = pilothouse.settings, pilothouse.settings.gateway
        self._clock, self._ids = SystemClock(), pilothouse.engine.ids
        self._database = database
        self._crowd = shedding.Crowd(self.terms.calls_at_once)
        models = pilothouse.models
        self.catalogue = (
            Catalogue(settings.providers, settings.models) if models is None else models.catalogue
        )
        self.metrics = GatewayMetrics()
        if pilothouse.telemetry is not None:
            pilothouse.telemetry.metrics.registry.register(self.metrics)
        within = {"deadline": self.terms.deadline, "silence": self.terms.silence}
        self._upstream = Upstream(pilothouse.secrets, **within)
        self._foreign = Foreign(Providers(pilothouse.secrets), **within)
        self._lane = Lane(pilothouse.conninfo, {"jit": "off"}, purpose="gateway", prepare=settings.prepares)
        self._leases = Leases(self._lane, self._clock, self._ids)
        self._usage = UsageWriter(self._lane, told=told_of(pilothouse))
        self._books = Books(
            prices=Prices(settings.model_prices, settings.providers, self._clock),
            leases=self._leases,
            usage=self._usage,
            audit=AuditBatch(self._database),
            metrics=self.metrics,
            clock=self._clock,
            ids=self._ids,
        )
        self._shared = self._redis(pilothouse)
        around = pilothouse.resilience
        callings = straight if around is None else guarded(GuardedCalls(around).dependency)
        agents = agents_of(pilothouse.engine)
        names = [workflow.name for app in pilothouse.apps for workflow in app.workflows]
        workflows = [name for name in names if not name.startswith(running.PREFIX)]
        parts = answering.Parts(
            terms=self.terms,
            catalogue=self.catalogue,
            asks=self._asks,
            callings=callings,
            balance=Balance(Random()),  # noqa: S311 - which of two equals is asked is no secret
            books=self._books,
            guards=pilothouse.guards,
            stops=pilothouse.engine.switches,
            cache=self._cache(pilothouse, callings),
            running=RunsAsModels(
                _Runs(pilothouse, self._database, live), authority, workflows, of_agents(agents)
            ),
        )
        shown_as = [*(f"{WORKFLOW}{name}" for name in workflows), *(f"{AGENT}{name}" for name in agents)]
        shown = Models(self.catalogue, settings.model_prices, shown_as)
        most = self.terms.max_body_bytes
        self._app = Gateway(authority, answering.Answering(parts), shown, most, SPOKEN)

    def door(self, layers: Layers) -> Middleware:
        """What stands before the API and hands the gateway its own, within the same layers."""
        app: ASGIApp = self._app
        for layer in reversed(layers(operation_of, told_at, self._crowd)):
            app = layer.cls(app, *layer.args, **layer.kwargs)
        return Middleware(Door, gateway=app)

    async def close(self) -> None:
        """Write what is left, and close every connection."""
        await self._upstream.close()
        await self._foreign.close()
        await self._books.audit.close()
        await self._usage.close()
        await self._leases.close()
        await self._lane.close()
        if self._shared is not None:
            await self._shared.close()

    def kept(self, scope: Scope, session: AsyncSession) -> KeptAnswers:
        """The service of kept answers within a session."""
        return KeptAnswers(
            AnswerRepository(session, scope),
            scope,
            self.terms,
            self._clock,
            self._ids,
            counted=self.metrics.cache.values,
            shared=self._shared,
        )

    def _redis(self, pilothouse: Pilothouse) -> RedisStore | None:
        url = pilothouse.settings.redis_url
        if self.terms.cache_store != "redis" or url is None:
            return None
        return RedisStore(url.get_secret_value(), self._clock)

    def _asks(self, route: Route) -> answering.Asks:
        return self._foreign if is_foreign(route) else self._upstream

    def _cache(self, pilothouse: Pilothouse, callings: Callings) -> Cache | None:
        if self.terms.cache == "off":
            return None
        store, neighbours = self._shared or DatabaseStore(self._database, self._clock, self._ids), None
        if self.terms.semantic is not None:
            means = Means(self.catalogue, self._asks, callings, self._books)
            neighbours = Neighbours(self._database, pilothouse.vault, self.terms.semantic, means)
        return Cache(store, pilothouse.vault, self.terms, self.metrics, neighbours)


def told_of(pilothouse: Pilothouse) -> Callable[[Call], None] | None:
    """What hears of each call: the metrics and the traces of the process, where it has some."""
    telemetry = pilothouse.telemetry
    if telemetry is None:
        return None
    metrics, exporter, clock = telemetry.metrics, telemetry.exporter, SystemClock()
    if exporter is None:
        return partial(counted, metrics)

    def told(call: Call) -> None:
        counted(metrics, call)
        traced(exporter, call, int(clock.now().timestamp() * 1e9))

    return told


def agents_of(engine: Engine) -> dict[str, Submission]:
    """What is submitted for each agent of an engine that can be run by itself, by the agent's name."""
    names = [item.name for item in engine.workflows.all() if item.name.startswith(running.PREFIX)]
    return {name.removeprefix(running.PREFIX): Submission(workflow=name) for name in names}


class _Runs:
    """Runs of callers, as the API makes them."""

    def __init__(self, pilothouse: Pilothouse, database: Database, live: Live) -> None:
        self._engine, self._database, self._live = pilothouse.engine, database, live
        self._lease = pilothouse.settings.worker_lease
        self._room = QueueRoom(database, SystemClock(), pilothouse.settings.queued_runs)

    async def submit(self, caller: Scope, wanted: Submission) -> Run:
        """Make a run."""
        placement = Placement(self._database, caller)
        moving = Moving(self._database, self._showing(caller), placement, self._engine, caller, self._room)
        return await moving.submit(wanted, None)

    async def show(self, caller: Scope, run_id: UUID) -> Run:
        """The run as it is."""
        return await self._showing(caller).show(run_id)

    async def follow(self, caller: Scope, run_id: UUID) -> RunStream:
        """What happens in a run."""
        return await self._live.follow(caller, run_id, 0)

    def _showing(self, caller: Scope) -> Showing:
        return Showing(self._database, self._engine, caller, lease=self._lease)
