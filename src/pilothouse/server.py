"""The server: one process's HTTP interface and, beside it, its worker; started and drained together."""

import asyncio
import math
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib.metadata import version
from typing import Annotated

import structlog
import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.middleware import Middleware

from pilothouse.agents.endpoints import routes as agent_routes
from pilothouse.agents.service import AgentCatalogue
from pilothouse.app import App, Pilothouse, assembled, worker_settings
from pilothouse.artifacts.endpoints import content as artifact_content
from pilothouse.artifacts.endpoints import routes as artifact_routes
from pilothouse.artifacts.repository import ArtifactRepository
from pilothouse.artifacts.service import Artifacts
from pilothouse.errors import Category, PilothouseError
from pilothouse.health.endpoints import routes as health_routes
from pilothouse.health.service import Health
from pilothouse.inbox.endpoints import routes as question_routes
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.service import Questions
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import head
from pilothouse.protocols.http.bodies import JsonBodies
from pilothouse.protocols.http.context import RequestContext
from pilothouse.protocols.http.negotiation import answers_with
from pilothouse.protocols.http.openapi import document, operation_id
from pilothouse.protocols.http.origins import LocalOnly
from pilothouse.protocols.http.translation import translate_errors
from pilothouse.protocols.http.wire import Connection
from pilothouse.runs import endpoints as run_endpoints
from pilothouse.runs.live import Live
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.schemas import End
from pilothouse.runs.service import Runs
from pilothouse.runs.workflows import WorkflowCatalogue
from pilothouse.settings import Settings
from pilothouse.telemetry.stdlib import forward

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
        self.database = Database(pilothouse.conninfo)
        self.live = Live(self.database, pilothouse.engine.listener)
        self.worker = pilothouse.engine.worker(worker_settings(pilothouse.settings)) if execute else None
        self.on_failure: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None
        self.api = self._api()
        self._working: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None

    def drain(self) -> asyncio.Task[None]:
        """Begin to stop: live streams end, the worker claims nothing more and its turns are given time."""
        if self._draining is None:
            self._draining = asyncio.create_task(self._drain())
        return self._draining

    async def _drain(self) -> None:
        self.live.stop()
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
                Middleware(RequestContext, ids=ids),
                Middleware(LocalOnly),
                Middleware(JsonBodies, max_bytes=settings.max_body_bytes),
            ],
        )
        translate_errors(api)
        api.include_router(self._routes())
        worker_id = self.worker.id if self.worker else None
        health = Health(self.database, head(), worker_id, settings.worker_lease)
        api.include_router(health_routes(health))
        api.openapi = cache(lambda: document(api, End))  # type: ignore[method-assign]  # FastAPI's documented way
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

        apps = self.pilothouse.apps
        owners = {workflow.name: app.name for app in apps for workflow in app.workflows}
        agents = AgentCatalogue((app.name, agent) for app in apps for agent in app.agents)
        v1 = APIRouter(prefix="/api/v1")
        told_as_json = [Depends(answers_with("application/json"))]
        for router in (
            run_endpoints.reading(runs),
            run_endpoints.moving(runs),
            run_endpoints.describing(WorkflowCatalogue(engine.workflows, owners)),
            question_routes(questions),
            artifact_routes(artifacts),
            agent_routes(agents),
        ):
            v1.include_router(router, dependencies=told_as_json)
        told_live = [Depends(answers_with("text/event-stream"))]
        v1.include_router(run_endpoints.following(self.live), dependencies=told_live)
        v1.include_router(artifact_content(artifacts))
        return v1


def create_api(pilothouse: Pilothouse, *, execute: bool = True) -> FastAPI:
    """The HTTP interface of `pilothouse`; its lifespan starts and drains the worker that is to `execute`."""
    return Serving(pilothouse, execute=execute).api


def serve(settings: Settings, apps: Sequence[App]) -> None:
    """Serve until SIGTERM or Ctrl-C; requests and turns under way are given `drain_timeout` seconds to end.

    Raises `AddressUnavailable`, what `assembled` raises, and what ended the worker if something did.
    """
    with listening(settings.host, settings.port) as bound:
        asyncio.run(_serve(settings, apps, bound))


async def _serve(settings: Settings, apps: Sequence[App], bound: socket.socket) -> None:
    forward(settings.log_level.value)
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    stop_signals = (signal.SIGINT, signal.SIGTERM)
    for number in stop_signals:
        loop.add_signal_handler(number, lambda: this and this.cancel())
    try:
        async with assembled(settings, apps) as pilothouse:
            serving = Serving(pilothouse)
            server = uvicorn_server(serving, settings)
            for number in stop_signals:
                loop.add_signal_handler(number, server.handle_exit, number, None)
            serving.on_failure = lambda: server.handle_exit(signal.SIGTERM, None)
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
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=math.ceil(settings.drain_timeout),
    )
    return _Server(configuration, serving.drain)


class _Server(uvicorn.Server):
    """Uvicorn, except that draining begins with its shutdown, and signals stay ours.

    Uvicorn would raise a signal again once it has stopped, before the database is closed.
    """

    def __init__(self, config: uvicorn.Config, drain: Callable[[], object]) -> None:
        super().__init__(config)
        self._drain = drain

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for bound in sockets or ():
            host, port = bound.getsockname()[:2]
            log.info("serving", url=f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._drain()
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
