"""The server: one process's HTTP interface and, beside it, its worker; started and drained together."""

import asyncio
import math
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from importlib.metadata import version
from urllib.parse import urlsplit

import structlog
import uvicorn
from fastapi import Depends, FastAPI
from starlette.middleware import Middleware

from pilothouse.api.accessing import of_sockets, recorded_by
from pilothouse.api.gateway import GatewayParts
from pilothouse.api.parts import Parts
from pilothouse.api.routes import routes
from pilothouse.api.telling import telling
from pilothouse.app import Pilothouse, assembled, worker_settings
from pilothouse.applications import App
from pilothouse.audit.accessing import AccessLog
from pilothouse.auth import endpoints as auth_endpoints
from pilothouse.auth.opening import open_authentications
from pilothouse.auth.pages import identity_pages, sign_in_pages
from pilothouse.errors import Category, PilothouseError
from pilothouse.health import examination
from pilothouse.health.schemas import Part
from pilothouse.health.service import oldest_due
from pilothouse.inbox.pages import decision_pages
from pilothouse.keys.verifying import KeyVerifier
from pilothouse.kit import collecting
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.masking import mask_address
from pilothouse.kit.origin import SETTING, Origin, is_local, origin_of
from pilothouse.kit.session import Database
from pilothouse.people.opening import open_doors
from pilothouse.people.pages import pages as link_pages
from pilothouse.policies.endpoints import authorised, insist
from pilothouse.policies.permissions import PUBLIC, is_public
from pilothouse.policies.repository import Existence
from pilothouse.protocols.console.pages import console_pages
from pilothouse.protocols.http import shedding
from pilothouse.protocols.http.authentication import Authentication, Authenticator
from pilothouse.protocols.http.bodies import JsonBodies
from pilothouse.protocols.http.context import RequestContext, Tells, as_problem
from pilothouse.protocols.http.cors import Cors
from pilothouse.protocols.http.documentation import pages
from pilothouse.protocols.http.headers import HeadLimits
from pilothouse.protocols.http.leisure import until_idle
from pilothouse.protocols.http.openapi import document, operation_id
from pilothouse.protocols.http.origins import Hosts, host_names
from pilothouse.protocols.http.patience import Lobby, patience_of
from pilothouse.protocols.http.proxies import ThroughProxies, TrustedProxies, needs_proxies
from pilothouse.protocols.http.translation import translate_errors
from pilothouse.protocols.http.transport import Transport, context_factory, transport_of
from pilothouse.protocols.http.wire import connections_in
from pilothouse.protocols.mcp.endpoint import route as mcp_route
from pilothouse.protocols.websocket.endpoints import Sockets
from pilothouse.protocols.websocket.handshake import Handshake
from pilothouse.protocols.websocket.messages import MOST_BYTES
from pilothouse.protocols.websocket.wire import SocketConnection
from pilothouse.reaching import Reach
from pilothouse.resilience import Registry
from pilothouse.routing import Api
from pilothouse.runs.live import Live
from pilothouse.runs.live_schemas import TenantEntry, TextDelta
from pilothouse.runs.schemas import End
from pilothouse.runtime.worker import Worker
from pilothouse.settings import Settings
from pilothouse.telemetry.stdlib import forward
from pilothouse.throttling import telling as limit_telling
from pilothouse.throttling.middleware import CountFailures, Throttling
from pilothouse.throttling.opening import open_throttle
from pilothouse.throttling.operations import NameOf, OperationNames

log = structlog.get_logger(__name__)

DESCRIPTION = "Run AI agents in production: durable runs, governed actions, people in the loop."


class AddressUnavailable(PilothouseError):
    """The server cannot listen at this address."""

    code = "address_unavailable"
    category = Category.USER


class Serving:
    """The API of one process, its live streams and its worker.

    Without `execute` it only takes runs in, for other processes to execute. `on_failure` is called where the
    worker ends by itself; `failure` then holds why.
    """

    def __init__(
        self, pilothouse: Pilothouse, *, execute: bool = True, authenticator: Authenticator | None = None
    ) -> None:
        """Wire the parts; nothing is opened before the API's lifespan begins.

        Without an `authenticator` it lets in those who have a key, a token or a session.
        """
        self.pilothouse = pilothouse
        settings, secrets, vault = pilothouse.settings, pilothouse.secrets, pilothouse.vault
        engine, clock = pilothouse.engine, SystemClock()
        self.database = database_of(pilothouse)
        around = pilothouse.resilience or Registry()
        self.reach = Reach(
            *(settings, self.database, engine, vault, secrets, pilothouse.guards), resilience=around
        )
        self.origin = self.reach.origin
        self.doors = open_doors(
            *(settings, self.database, vault, secrets), ids=engine.ids, origin=self.origin, resilience=around
        )
        self.keys = KeyVerifier(self.database, secrets, settings.key_environment, clock)
        self.auth = open_authentications(
            *(settings, self.database, self.doors.sign_in, secrets, self.keys), ids=engine.ids
        )
        self.authenticator = authenticator or self.auth.credentials
        self.live = Live(
            engine.feeds,
            heartbeat=settings.live_heartbeat,
            connections=settings.live_connections,
        )
        self.accesses = AccessLog(vault.database, clock, engine.ids)  # a request holds its own meanwhile
        self.sockets = Sockets(self.live, of_sockets(self.accesses))
        self.authority = self.reach.authority
        self.throttle = open_throttle(settings, clock, self.keys.rate_of)
        self.pressure = shedding.Pressure(shedding.thresholds_of(settings))
        self.crowd = shedding.Crowd(settings.requests_at_once)
        self.sampling = shedding.Sampling(
            self.pressure,
            exhausted=self.database.exhausted,
            queue_age=lambda: oldest_due(self.database, settings.worker_lease),
        )
        self.worker = engine.worker(worker_settings(settings)) if execute else None
        self.on_failure: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None
        if pilothouse.telemetry is not None:
            pilothouse.telemetry.watch(self.database, settings.worker_lease)
            pilothouse.telemetry.watch_streams(lambda: self.live.viewers)
            limit_telling.show(self.throttle, pilothouse.telemetry.metrics.gauge)
            shedding.show(self.pressure, self.crowd, pilothouse.telemetry.metrics.gauge)
            pilothouse.telemetry.watch_secrets(lambda: len(secrets.stale))
        self.gateway = GatewayParts(pilothouse, self.database, self.authority, self.live)
        self.api = self._api()
        self._working: asyncio.Task[None] | None = None
        self._draining: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether this process executes runs at the moment."""
        return self.worker is not None and self.worker.busy > 0

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
        await self.auth.prepare()
        if self.worker is not None:
            self._working = asyncio.create_task(self.worker.run())
            self._working.add_done_callback(self._worker_ended)
        self.sampling.start()
        try:
            yield
        finally:
            await self.sampling.stop()
            await self.drain()
            await self.gateway.close()
            await self.throttle.close()
            await self.auth.close()
            await self.doors.close()
            await self.reach.close()
            await self.accesses.close()
            await self.database.close()

    async def welcome(self, url: str) -> None:
        """Where nobody has ever signed in, and only this machine can: show how to, as a link good once.

        It goes to standard output and into no log.
        """
        settings = self.pilothouse.settings
        if is_local(settings) and await self.auth.links.wanted():
            link = await self.auth.links.new(origin_of(settings, urlsplit(url).port))
            sys.stdout.write(f"Sign in as the admin, once and within 15 minutes:\n    {link}\n")
            sys.stdout.flush()

    def _worker_ended(self, task: asyncio.Task[None]) -> None:
        self.failure = None if task.cancelled() else task.exception()
        if self.failure is not None:
            log.critical("worker_broke", reason=str(self.failure), exc_info=self.failure)
            self.on_failure()

    def _api(self) -> FastAPI:
        guard = authorised(self.authority, Existence(self.database))
        trusted, header = self.pilothouse.settings.trusted_proxies, self.pilothouse.settings.proxy_header
        proxies = Middleware(TrustedProxies, networks=trusted, header=header)
        api = Api(
            [proxies, self.gateway.door(self._layers)],
            dependencies=[Depends(guard, use_cache=False)],
            title="Pilothouse",
            version=version("pilothouse"),
            description=DESCRIPTION,
            lifespan=self._lifespan,
            openapi_url="/api/v1/openapi.json",
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            generate_unique_id_function=operation_id,
            middleware=self._middleware(),
        )
        translate_errors(api)
        api.router.route_class = recorded_by(self.accesses)
        for router, before in routes(self._parts()):
            router.join(api, "/api/v1", before)
        pages().join(api)
        link_pages().join(api)
        decision_pages(self.reach.links).join(api)
        sign_in_pages(self.auth).join(api)
        console_pages().join(api)
        identity_pages(self.auth).join(api)
        auth_endpoints.well_known(self.auth).join(api)
        own = [
            examination.Probe("limits", self._limits_part),
            examination.Probe("load", self._load_part),
        ]
        for router in telling(self.pilothouse, self.database, self.worker, own):
            router.join(api)
        insist(api, guard)
        api.router.routes.append(mcp_route(api))
        api.openapi = cache(lambda: document(api, End, TextDelta, TenantEntry, public=PUBLIC))  # type: ignore[method-assign]  # FastAPI's documented way
        return api

    def _middleware(self) -> list[Middleware]:
        """What each request goes through before its operation, the outermost first."""
        settings, ids = self.pilothouse.settings, self.pilothouse.engine.ids
        return [
            Middleware(Handshake, ids=ids, show_address=self._show_address),
            *self._layers(OperationNames(), as_problem, self.crowd),
            Middleware(
                JsonBodies,
                max_bytes=settings.max_body_bytes,
                depth=settings.json_depth,
                streamed=["/api/v1/uploads", "/sign-in", "/decide"],
            ),
        ]

    def _layers(self, name_of: NameOf, tells: Tells, crowd: shedding.Crowd) -> list[Middleware]:
        """What stands before the API and before the gateway alike."""
        settings, telemetry = self.pilothouse.settings, self.pilothouse.telemetry
        return [
            Middleware(
                RequestContext,
                ids=self.pilothouse.engine.ids,
                observer=telemetry.requests if telemetry else None,
                show_address=self._show_address,
                tells=tells,
            ),
            *([Middleware(ThroughProxies)] if needs_proxies(settings) else []),
            Middleware(shedding.Shedding, pressure=self.pressure, name_of=name_of, crowd=crowd),
            Middleware(HeadLimits),
            Middleware(Cors, origins=settings.cors_origins),
            Middleware(Hosts, names=host_names(settings), origins=settings.cors_origins),
            Middleware(CountFailures, throttle=self.throttle),
            Middleware(
                Authentication,
                authenticator=self.authenticator,
                is_public=lambda scope: is_public(name_of(scope)),
            ),
            Middleware(Throttling, throttle=self.throttle, name_of=name_of),
        ]

    def _show_address(self, address: str) -> str:
        return mask_address(address) if self.pilothouse.settings.log_addresses == "masked" else address

    def _parts(self) -> Parts:
        return Parts(
            pilothouse=self.pilothouse,
            database=self.database,
            doors=self.doors,
            auth=self.auth,
            live=self.live,
            sockets=self.sockets,
            authority=self.authority,
            reach=self.reach,
            gateway=self.gateway,
        )

    async def _limits_part(self) -> Part:
        return limit_telling.part_of(self.throttle)

    async def _load_part(self) -> Part:
        return shedding.part_of(self.pressure, self.crowd)


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
    telemetry.watch_secrets(lambda: len(pilothouse.secrets.stale))
    api = FastAPI(openapi_url=None, middleware=[Middleware(RequestContext, ids=pilothouse.engine.ids)])
    translate_errors(api)
    for router in telling(pilothouse, database, worker):
        router.join(api)
    with listening(settings.metrics_host, settings.metrics_port) as bound:
        configuration = uvicorn.Config(api, log_config=None, access_log=False, server_header=False)
        server = Server(configuration, lambda: None, _nothing)
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
            server.welcome = serving.welcome
            collecting.settle()
            async with until_idle(server, settings.stop_when_idle, lambda: serving.is_busy):
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


def uvicorn_server(serving: Serving, settings: Settings) -> "Server":
    """The server that is to speak HTTP for `serving`, from a socket that is bound already."""
    transport = transport_of(
        settings.tls_cert,
        settings.tls_key,
        settings.tls_client_ca,
        client_required=settings.tls_client == "required",
    )
    # a trusted proxy opens many connections, for as many clients
    proxies = TrustedProxies(serving.api, settings.trusted_proxies)
    lobby = Lobby(patience_of(settings), proxies.trusts)
    configuration = uvicorn.Config(
        serving.api,
        ssl_context_factory=context_factory(transport) if transport is not None else None,
        http=connections_in(lobby),
        timeout_keep_alive=settings.keep_alive_timeout,
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
    return Server(configuration, serving.drain, serving.sockets.farewell, transport, serving.origin)


class Server(uvicorn.Server):
    """Uvicorn, except that draining begins with its shutdown, and signals stay ours.

    Uvicorn would raise a signal again once it has stopped, before the database is closed.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        drain: Callable[[], object],
        farewell: Callable[[], Awaitable[None]],
        transport: Transport | None = None,
        origin: Origin | None = None,
    ) -> None:
        super().__init__(config)
        self._origin = origin
        self._drain = drain
        self._farewell = farewell
        self.welcome: Callable[[str], Awaitable[None]] | None = None
        self._transport = transport
        self._renewing: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say where."""
        await super().startup(sockets)
        if self._transport is not None:
            self._renewing = asyncio.create_task(self._transport.watch())
        for bound in sockets or ():
            host, port = bound.getsockname()[:2]
            scheme = "https" if self.config.is_ssl else "http"
            url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
            log.info("serving", url=url)
            if self._origin is not None:
                self._origin.bound(port)
                if not self._origin.is_known:
                    log.warning("public_url_unset", effect="no links are sent to people", setting=SETTING)
            if self.welcome is not None:
                await self.welcome(url)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, and stop."""
        if self._renewing is not None:
            self._renewing.cancel()
        self._drain()
        await self._farewell()
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to us."""
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
