"""The server: one process's HTTP interface and, beside it, its worker; started and drained together."""

import asyncio
import math
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.middleware import Middleware

from pilothouse.agents.endpoints import routes as agent_routes
from pilothouse.agents.service import AgentCatalogue
from pilothouse.app import App, Pilothouse, assembled, backup_looks, data_folder, worker_settings
from pilothouse.artifacts.endpoints import content as artifact_content
from pilothouse.artifacts.endpoints import routes as artifact_routes
from pilothouse.artifacts.opening import try_out
from pilothouse.artifacts.repository import ArtifactRepository
from pilothouse.artifacts.service import Artifacts
from pilothouse.errors import Category, PilothouseError
from pilothouse.health import examination
from pilothouse.health.endpoints import routes as health_routes
from pilothouse.health.service import Health
from pilothouse.inbox.endpoints import routes as question_routes
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.service import Questions
from pilothouse.kit import collecting
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.limits.endpoints import routes as limit_routes
from pilothouse.limits.repository import LimitRepository
from pilothouse.limits.service import LimitBook
from pilothouse.migrations.upgrade import head
from pilothouse.protocols.http.bodies import JsonBodies
from pilothouse.protocols.http.context import RequestContext
from pilothouse.protocols.http.negotiation import answers_with
from pilothouse.protocols.http.openapi import document, operation_id
from pilothouse.protocols.http.origins import LocalOnly
from pilothouse.protocols.http.translation import translate_errors
from pilothouse.protocols.http.wire import Connection
from pilothouse.protocols.websocket.endpoints import Sockets
from pilothouse.protocols.websocket.handshake import Handshake
from pilothouse.protocols.websocket.messages import MOST_BYTES
from pilothouse.protocols.websocket.wire import SocketConnection
from pilothouse.retention.endpoints import routes as retention_routes
from pilothouse.retention.repository import RuleRepository
from pilothouse.retention.service import Retention
from pilothouse.runs import endpoints as run_endpoints
from pilothouse.runs import live_endpoints
from pilothouse.runs.live import Live
from pilothouse.runs.live_schemas import TenantEntry, TextDelta
from pilothouse.runs.operation_endpoints import operating_on_many, operating_on_one
from pilothouse.runs.operations import Operations
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.schemas import End
from pilothouse.runs.service import Runs
from pilothouse.runs.workflows import WorkflowCatalogue
from pilothouse.runtime.worker import Worker
from pilothouse.schedules.endpoints import routes as schedule_routes
from pilothouse.schedules.repository import ScheduleRepository
from pilothouse.schedules.service import Schedules
from pilothouse.settings import Settings
from pilothouse.telemetry.endpoints import metrics as metric_routes
from pilothouse.telemetry.endpoints import traces as trace_routes
from pilothouse.telemetry.stdlib import forward
from pilothouse.telemetry.traces import Traces
from pilothouse.workers.endpoints import routes as worker_routes
from pilothouse.workers.repository import WorkerRepository
from pilothouse.workers.service import WorkerRoster

log = structlog.get_logger(__name__)

DESCRIPTION = "Run AI agents in production: durable runs, governed actions, people in the loop."
Scoped = Annotated[Scope, Depends(local_scope)]


class AddressUnavailable(PilothouseError):
    """The server cannot listen at this address."""

    code = "address_unavailable"
    category = Category.USER


class Serving:
    """The API of one process, its live streams and its worker.

    Without `execute` it only takes runs in, for other processes to execute. `on_failure` is called where the
    worker ends by itself; `failure` then holds why.
    """

    def __init__(self, pilothouse: Pilothouse, *, execute: bool = True) -> None:
        """Wire the parts; nothing is opened before the API's lifespan begins."""
        self.pilothouse = pilothouse
        self.database = database_of(pilothouse)
        self.live = Live(
            pilothouse.engine.feeds,
            heartbeat=pilothouse.settings.live_heartbeat,
            connections=pilothouse.settings.live_connections,
        )
        self.sockets = Sockets(self.live)
        self.worker = pilothouse.engine.worker(worker_settings(pilothouse.settings)) if execute else None
        self.on_failure: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None
        if pilothouse.telemetry is not None:
            pilothouse.telemetry.watch(self.database, pilothouse.settings.worker_lease)
            pilothouse.telemetry.watch_streams(lambda: self.live.viewers)
        self.api = self._api()
        self._working: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None

    def drain(self) -> asyncio.Task[None]:
        """Begin to stop: live streams end, the worker claims nothing more and its turns are given time."""
        if self._draining is None:
            self.live.stop()
            self._draining = asyncio.create_task(self._drain())
        return self._draining

    async def _drain(self) -> None:
        if self.worker is not None and self._working is not None:
            await self.worker.stop(self.pilothouse.settings.drain_timeout)
            await asyncio.wait([self._working])

    @asynccontextmanager
    async def _lifespan(self, _api: FastAPI) -> AsyncIterator[None]:
        if self.worker is not None:
            self._working = asyncio.create_task(self.worker.run())
            self._working.add_done_callback(self._worker_ended)
        try:
            yield
        finally:
            await self.drain()
            await self.database.close()

    def _worker_ended(self, task: asyncio.Task[None]) -> None:
        self.failure = None if task.cancelled() else task.exception()
        if self.failure is not None:
            log.critical("worker_broke", reason=str(self.failure), exc_info=self.failure)
            self.on_failure()

    def _api(self) -> FastAPI:
        settings, ids = self.pilothouse.settings, self.pilothouse.engine.ids
        telemetry = self.pilothouse.telemetry
        api = FastAPI(
            title="Pilothouse",
            version=version("pilothouse"),
            description=DESCRIPTION,
            lifespan=self._lifespan,
            openapi_url="/api/v1/openapi.json",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            generate_unique_id_function=operation_id,
            middleware=[
                Middleware(Handshake, ids=ids),
                Middleware(RequestContext, ids=ids, observer=telemetry.requests if telemetry else None),
                Middleware(LocalOnly),
                Middleware(JsonBodies, max_bytes=settings.max_body_bytes),
            ],
        )
        translate_errors(api)
        api.include_router(self._routes())
        for router in telling(self.pilothouse, self.database, self.worker):
            api.include_router(router)
        api.openapi = cache(lambda: document(api, End, TextDelta, TenantEntry))  # type: ignore[method-assign]  # FastAPI's documented way
        return api

    def _routes(self) -> APIRouter:
        engine, store = self.pilothouse.engine, self.pilothouse.artifacts
        lease = self.pilothouse.settings.worker_lease
        session_of = Depends(self.database.of_request, scope="function")

        async def questions(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Questions:
            return Questions(QuestionRepository(session, scope), engine, scope)

        async def artifacts(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Artifacts:
            return Artifacts(ArtifactRepository(session, scope), store, scope)

        async def runs(
            scope: Scoped,
            session: Annotated[AsyncSession, session_of],
            asked: Annotated[Questions, Depends(questions)],
            saved: Annotated[Artifacts, Depends(artifacts)],
        ) -> Runs:
            return Runs(RunRepository(session, scope), asked, saved, engine, scope, lease=lease)

        async def operations(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Operations:
            return Operations(RunRepository(session, scope), engine, scope)

        async def schedules(
            scope: Scoped,
            session: Annotated[AsyncSession, session_of],
            made: Annotated[Runs, Depends(runs)],
        ) -> Schedules:
            return Schedules(ScheduleRepository(session, scope), made, engine, scope)

        v1 = APIRouter(prefix="/api/v1")
        told_as_json = [Depends(answers_with("application/json"))]
        for router in (
            operating_on_many(operations),
            operating_on_one(operations, runs),
            run_endpoints.reading(runs),
            run_endpoints.moving(runs),
            question_routes(questions),
            artifact_routes(artifacts),
            *self._describing(),
            schedule_routes(schedules),
            *self._operating(session_of),
        ):
            v1.include_router(router, dependencies=told_as_json)
        told_live = [Depends(answers_with("text/event-stream"))]
        v1.include_router(live_endpoints.following(self.live), dependencies=told_live)
        v1.include_router(self.sockets.routes())
        v1.include_router(artifact_content(artifacts))
        return v1

    def _describing(self) -> Iterator[APIRouter]:
        """What is installed in this process."""
        apps = self.pilothouse.apps
        owners = {workflow.name: app.name for app in apps for workflow in app.workflows}
        yield run_endpoints.describing(WorkflowCatalogue(self.pilothouse.engine.workflows, owners))
        yield agent_routes(AgentCatalogue((app.name, agent) for app in apps for agent in app.agents))

    def _operating(self, session_of: Any) -> Iterator[APIRouter]:
        """What those who operate the installation ask for; each needs a session only."""
        engine, lease = self.pilothouse.engine, self.pilothouse.settings.worker_lease

        async def limits(session: Annotated[AsyncSession, session_of]) -> LimitBook:
            return LimitBook(LimitRepository(session))

        async def workers(session: Annotated[AsyncSession, session_of]) -> WorkerRoster:
            return WorkerRoster(WorkerRepository(session), lease=lease)

        async def traces(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Traces:
            return Traces(session, engine, scope)

        async def retention(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Retention:
            return Retention(RuleRepository(session, scope), scope, SystemClock())

        yield limit_routes(limits)
        yield retention_routes(retention)
        yield worker_routes(workers)
        yield trace_routes(traces)


def telling(pilothouse: Pilothouse, database: Database, worker: Worker | None) -> Iterator[APIRouter]:
    """What a process tells of itself: how it is, and what it counts."""
    settings, telemetry, store = pilothouse.settings, pilothouse.telemetry, pilothouse.artifacts
    probes = [
        examination.listener(lambda: pilothouse.engine.listener.connected),
        examination.artifacts(lambda: try_out(store, SystemClock().now())),
        examination.disk(data_folder(settings)),
    ]
    if telemetry is not None and telemetry.exporter is not None:
        exporter = telemetry.exporter
        probes.append(examination.collector(lambda: exporter.reachable, lambda: exporter.lost))
    probes += [examination.Probe(name, look) for name, look in backup_looks(settings, pilothouse.direct)]
    worker_id = worker.id if worker is not None else None
    yield health_routes(Health(database, head(), worker_id, settings.worker_lease, probes))
    if telemetry is not None:
        yield metric_routes(telemetry)


@asynccontextmanager
async def telling_elsewhere(pilothouse: Pilothouse, worker: Worker) -> AsyncIterator[None]:
    """While the block lasts, a process without an API tells of itself at `metrics_port`, if there is one.

    Raises `AddressUnavailable`.
    """
    settings, telemetry = pilothouse.settings, pilothouse.telemetry
    if settings.metrics_port is None or telemetry is None:
        yield
        return
    database = Database(pilothouse.conninfo, connections=2, prepare=settings.prepares, purpose="metrics")
    telemetry.watch(database, settings.worker_lease)
    api = FastAPI(openapi_url=None, middleware=[Middleware(RequestContext, ids=pilothouse.engine.ids)])
    translate_errors(api)
    for router in telling(pilothouse, database, worker):
        api.include_router(router)
    with listening(settings.metrics_host, settings.metrics_port) as bound:
        configuration = uvicorn.Config(api, log_config=None, access_log=False, server_header=False)
        server = _Server(configuration, lambda: None, _nothing)
        serving = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            yield
        finally:
            server.should_exit = True
            await serving
            await database.close()


async def _nothing() -> None:
    """There is nobody to say farewell to."""


def database_of(pilothouse: Pilothouse) -> Database:
    """The pool for requests, as the settings say."""
    settings = pilothouse.settings
    return Database(
        pilothouse.conninfo,
        connections=settings.database_connections,
        patience=settings.database_patience,
        statement_timeout=settings.database_statement_timeout,
        prepare=settings.prepares,
    )


def create_api(pilothouse: Pilothouse, *, execute: bool = True) -> FastAPI:
    """The HTTP interface of `pilothouse`; its lifespan starts and drains the worker that is to `execute`."""
    return Serving(pilothouse, execute=execute).api


def serve(settings: Settings, apps: Sequence[App], *, execute: bool = True) -> None:
    """Serve until SIGTERM or Ctrl-C; requests and turns under way are given `drain_timeout` seconds to end.

    Runs are executed, too, where this process is to `execute` them.
    Raises `AddressUnavailable`, what `assembled` raises, and what ended the worker if something did.
    """
    with listening(settings.host, settings.port) as bound:
        asyncio.run(_serve(settings, apps, bound, execute=execute))


async def _serve(settings: Settings, apps: Sequence[App], bound: socket.socket, *, execute: bool) -> None:
    forward(settings.log_level.value)
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    stop_signals = (signal.SIGINT, signal.SIGTERM)
    for number in stop_signals:
        loop.add_signal_handler(number, lambda: this and this.cancel())
    try:
        async with assembled(settings, apps, observed=True) as pilothouse:
            serving = Serving(pilothouse, execute=execute)
            server = uvicorn_server(serving, settings)
            for number in stop_signals:
                loop.add_signal_handler(number, server.handle_exit, number, None)
            serving.on_failure = lambda: server.handle_exit(signal.SIGTERM, None)
            collecting.settle()
            await server.serve(sockets=[bound])
    except asyncio.CancelledError:
        log.info("stopped_while_starting")
        return
    finally:
        for number in stop_signals:
            loop.remove_signal_handler(number)
    log.info("stopped")
    if serving.failure is not None:
        raise serving.failure


def uvicorn_server(serving: Serving, settings: Settings) -> uvicorn.Server:
    """The server that is to speak HTTP for `serving`, from a socket that is bound already."""
    configuration = uvicorn.Config(
        serving.api,
        http=Connection,
        lifespan="on",
        ws=SocketConnection,
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,  # its buffers would cost each viewer more than all the rest
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=math.ceil(settings.drain_timeout),
    )
    return _Server(configuration, serving.drain, serving.sockets.farewell)


class _Server(uvicorn.Server):
    """Uvicorn, except that draining begins with its shutdown, and signals stay ours.

    Uvicorn would raise a signal again once it has stopped, before the database is closed.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        drain: Callable[[], object],
        farewell: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(config)
        self._drain = drain
        self._farewell = farewell

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for bound in sockets or ():
            host, port = bound.getsockname()[:2]
            log.info("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._drain()
        await self._farewell()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket bound to a loopback address (port 0: any free one). Raises `AddressUnavailable`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio switches Nagle's algorithm off, which delays small events by 40 ms.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, port))
        except OSError as error:
            raise AddressUnavailable(
                f"Cannot listen at {host}, port {port}: {error.strerror}.",
                hint="Stop what uses it, or choose another one with --port (0: any free one).",
            ) from error
        yield bound
