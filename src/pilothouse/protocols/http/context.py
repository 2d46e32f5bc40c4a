"""The outermost layer of a request: its id, its line in the log, and a problem document for every error."""

from __future__ import annotations

import re
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.errors import PilothouseError, Unavailable
from pilothouse.kit.ids import Ids
from pilothouse.kit.problems import MEDIA_TYPE, headers_of, problem_of

log = structlog.get_logger(__name__)

REQUEST_ID = "x-request-id"
_ACCEPTED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""Headers of every response that does not say otherwise itself: nothing is embedded, sniffed or stored."""


class RequestContext:
    """Gives a request its id, logs it once it is answered, and tells errors as problem documents.

    A valid `X-Request-ID` is kept, anything else replaced. It is in the response, in every log line of
    the request and in its problem document.
    """

    def __init__(self, app: ASGIApp, ids: Ids) -> None:
        """Serve `app`; `ids` names the requests that come without an id."""
        self._app = app
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = given if _ACCEPTED_ID.fullmatch(given) else str(self._ids.new())
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await _Exchange(scope, receive, send, request_id).serve(self._app)


class _Exchange:
    """One request and its response."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._request_id = request_id
        self._started = time.monotonic()
        self._status: int | None = None

    async def serve(self, app: ASGIApp) -> None:
        try:
            await app(self._scope, self._receive, self._completed)
        except ClientDisconnect:
            log.debug("client_gone")
        except PilothouseError as error:
            await self._tell(error)
        except Exception as error:
            log.exception("request_broke", error_type=type(error).__name__)
            if self._status is not None:
                raise
            hint = "The server's log has the details under the request id."
            await self._tell(PilothouseError(hint=hint), logged=True)
        finally:
            self._log()

    async def _completed(self, message: Message) -> None:
        """Send a message; to the first one belong the headers of every response."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self._request_id
            for name, value in SECURITY.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def _tell(self, error: PilothouseError, *, logged: bool = False) -> None:
        """Answer with the error's problem document; the log has what the document leaves out."""
        if not logged:
            trace = error if error.status >= 500 and not isinstance(error, Unavailable) else None
            log.log(
                _LEVELS[error.severity], "request_failed", code=error.code, reason=str(error), exc_info=trace
            )
        if self._status is not None:
            raise error
        problem = problem_of(error, instance=self._scope["path"], request_id=self._request_id)
        response = Response(problem.model_dump_json(), error.status, headers_of(error), media_type=MEDIA_TYPE)
        await response(self._scope, self._receive, self._completed)

    def _log(self) -> None:
        path = self._scope["path"]
        ids: MutableMapping[str, Any] = self._scope.get("path_params", {})
        write = log.debug if path.startswith("/health/") and self._status == 200 else log.info
        write(
            "request",
            method=self._scope["method"],
            path=path,
            status=self._status,
            ms=round((time.monotonic() - self._started) * 1000, 1),
            **{name: str(value) for name, value in ids.items() if name.endswith("_id")},
        )


_LEVELS = {"info": 20, "warning": 30, "error": 40, "critical": 50}
