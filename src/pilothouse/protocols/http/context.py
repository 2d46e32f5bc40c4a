"""The outermost layer of a request: its id, its line in the log, and a problem document for every error."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Protocol

import structlog
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.errors import PilothouseError, Unavailable
from pilothouse.kit.ids import Ids
from pilothouse.kit.masking import mask_address
from pilothouse.kit.problems import MEDIA_TYPE, headers_of, problem_of
from pilothouse.protocols.http.headers import security_headers, strict_transport
from pilothouse.runtime.observing import Origin, origin

log = structlog.get_logger(__name__)

REQUEST_ID, TRACEPARENT = "x-request-id", "traceparent"
_REQUEST_ID = REQUEST_ID.encode()
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Watched(Protocol):
    """Hears of one request. `traceparent` is its place in a trace; None where nobody traces."""

    @property
    def traceparent(self) -> str | None:
        """What the runs that the request makes keep of its trace."""
        ...

    @property
    def trace_id(self) -> str | None:
        """What log lines have of its trace."""
        ...

    def ended(self, scope: Scope, status: int | None) -> None:
        """The response is over; `status` is None where there was none."""
        ...


class RequestObserver(Protocol):
    """Hears of every request."""

    def began(self, scope: Scope, traceparent: str, request_id: str) -> Watched:
        """A request begins; `traceparent` is the header it came with, or empty."""
        ...


Tells = Callable[[PilothouseError, str, str], Response]
"""The answer that tells an error, from the path that was asked for and the request's id."""


def as_problem(error: PilothouseError, path: str, request_id: str) -> Response:
    """The error's problem document."""
    problem = problem_of(error, instance=path, request_id=request_id)
    return Response(problem.model_dump_json(), error.status, headers_of(error), media_type=MEDIA_TYPE)


class RequestContext:
    """Gives a request its id, logs it once it is answered, and tells errors as problem documents.

    A valid `X-Request-ID` is kept, anything else replaced. It is in the response, in every log line of
    the request, in its problem document, and in the journal of the runs that it makes or moves.
    """

    def __init__(
        self,
        app: ASGIApp,
        ids: Ids,
        observer: RequestObserver | None = None,
        show_address: Callable[[str], str] = mask_address,
        tells: Tells = as_problem,
    ) -> None:
        """Serve `app`; `ids` names the requests that come without an id, `observer` hears of all.

        `show_address` makes of a client's address what its line in the log has of it, and `tells` of an error
        its answer.
        """
        self._app = app
        self._ids = ids
        self._show_address = show_address
        self._tells = tells
        self._observer = observer
        self._headers = _raw(security_headers())
        self._over_tls = [*self._headers, *_raw(dict([strict_transport()]))]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        request_id = given if _ACCEPTED_ID.fullmatch(given) else str(self._ids.new())
        always = self._over_tls if scope.get("scheme") == "https" else self._headers
        address = self._show_address(str((scope.get("client") or ("",))[0]))
        exchange = _Exchange(scope, receive, send, request_id, always, address=address, tells=self._tells)
        if self._observer is None:
            await self._serve(exchange, request_id, None)
            return
        watched = self._observer.began(scope, headers.get(TRACEPARENT, ""), request_id)
        try:
            await self._serve(exchange, request_id, watched)
        finally:
            watched.ended(scope, exchange.status)

    async def _serve(self, exchange: _Exchange, request_id: str, watched: Watched | None) -> None:
        """Serve with the ids in every line, and in what is asked of the engine meanwhile."""
        traced = {"trace_id": watched.trace_id} if watched is not None and watched.trace_id else {}
        token = origin.set(Origin(request_id, watched.traceparent if watched is not None else None))
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id, **traced):
                await exchange.serve(self._app)
        finally:
            origin.reset(token)


class _Exchange:
    """One request and its response."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        request_id: str,
        always: Sequence[tuple[bytes, bytes]],
        *,
        address: str,
        tells: Tells,
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._always = always
        self._address = address
        self._tells = tells
        self._request_id = request_id
        self._started = time.monotonic()
        self.status: int | None = None

    async def serve(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self._receive, self._completed)
        except ClientDisconnect:
            log.debug("client_gone")
        except PilothouseError as error:
            await self._tell(error)
        except Exception as error:
            log.exception("request_broke", error_type=type(error).__name__)
            if self.status is not None:
                raise
            hint = "The server's log has the details under the request id."
            await self._tell(PilothouseError(hint=hint), logged=True)
        finally:
            self._log()

    async def _completed(self, message: Message) -> None:
        """Send a message; to the first one belong the headers of every response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            said = [pair for pair in message.get("headers", ()) if pair[0] != _REQUEST_ID]
            names = {name for name, _ in said}
            always = [pair for pair in self._always if pair[0] not in names]
            message["headers"] = [*said, *always, (_REQUEST_ID, self._request_id.encode())]
        await self._send(message)

    async def _tell(self, error: PilothouseError, *, logged: bool = False) -> None:
        """Answer with the error's problem document; the log has what the document leaves out."""
        if not logged:
            trace = error if error.status >= 500 and not isinstance(error, Unavailable) else None
            log.log(
                _LEVELS[error.severity], "request_failed", code=error.code, reason=str(error), exc_info=trace
            )
        if self.status is not None:
            raise error
        response = self._tells(error, self._scope["path"], self._request_id)
        await response(self._scope, self._receive, self._completed)

    def _log(self) -> None:
        path = self._scope["path"]
        ids: MutableMapping[str, Any] = self._scope.get("path_params", {})
        write = log.debug if path.startswith("/health/") and self.status == 200 else log.info
        write(
            "request",
            method=self._scope["method"],
            path=path,
            status=self.status,
            ms=round((time.monotonic() - self._started) * 1000, 1),
            address=self._address,
            **{name: str(value) for name, value in ids.items() if name.endswith("_id")},
        )


def _raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


_LEVELS = {"info": 20, "warning": 30, "error": 40, "critical": 50}
