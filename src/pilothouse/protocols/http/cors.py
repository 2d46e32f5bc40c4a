"""Which pages of other origins a browser lets read this API: those that are listed, and nobody else."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.errors import PilothouseError
from pilothouse.protocols.http.errors import CrossOrigin

METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
ASKED = (
    "authorization, content-type, idempotency-key, if-match, if-none-match, if-range, last-event-id, range, "
    "traceparent, x-api-key, x-csrf-token, x-request-id"
)
TOLD = (
    "content-disposition, content-range, etag, location, ratelimit, ratelimit-policy, repr-digest, "
    "retry-after, x-api-version, x-request-id"
)
REMEMBERED = 600
"""Seconds for which a browser keeps the answer to a preflight."""


class Cors:
    """Answers preflights, and names the origin of a listed page in what it is answered with (Fetch, 3.2).

    Origins are compared whole, byte by byte: nothing is a pattern, and `null` is nobody. A listed origin may
    send credentials; a page of any other gets no header by which a browser would let it read anything.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        """Serve `app` to pages of `origins`, each as `https://name[:port]`."""
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises `CrossOrigin` for the preflight of an origin that is not listed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        origins = asked.getlist("origin")
        origin = origins[0] if len(origins) == 1 else None
        listed = origin is not None and origin in self._origins

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = message.setdefault("headers", [])
                if listed or any(name.lower() == b"vary" for name, _ in said):
                    self._name(MutableHeaders(scope=message), origin if listed else None)
                else:  # most responses: nothing else is to be told
                    message["headers"] = [*said, (b"vary", b"Origin")]
            await send(message)

        preflight = scope["method"] == "OPTIONS" and origins and "access-control-request-method" in asked
        try:
            await (
                _answered(scope, receive, named, origin, listed)
                if preflight
                else self._app(scope, receive, named)
            )
        except PilothouseError as error:  # it is told further out, where this layer sees no response
            headers = MutableHeaders(getattr(error, "headers", {}))
            self._name(headers, origin if listed else None)
            error.__dict__["headers"] = dict(headers)
            raise

    def _name(self, headers: MutableHeaders, origin: str | None) -> None:
        headers.add_vary_header("Origin")
        if origin is not None:
            headers["access-control-allow-origin"] = origin
            headers["access-control-allow-credentials"] = "true"
            headers["access-control-expose-headers"] = TOLD
            headers["cross-origin-resource-policy"] = "cross-origin"


async def _answered(scope: Scope, receive: Receive, send: Send, origin: str | None, listed: bool) -> None:
    """Answer a preflight; raises `CrossOrigin` for an origin that is not listed."""
    if not listed:
        raise CrossOrigin(
            f"Pages of {str(origin)[:100]!r} may not use this API.",
            hint="An administrator lists origins in the setting cors_origins.",
        )
    told = {
        "access-control-allow-methods": METHODS,
        "access-control-allow-headers": ASKED,
        "access-control-max-age": str(REMEMBERED),
    }
    await Response(status_code=204, headers=told)(scope, receive, send)
