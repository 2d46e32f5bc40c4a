"""Counts requests on their way in: whose credential is refused, then whoever has come."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.errors import PilothouseError, Unauthenticated
from pilothouse.kit.scope import current
from pilothouse.throttling.operations import COSTLY, UNCOUNTED, NameOf
from pilothouse.throttling.schemas import Verdict
from pilothouse.throttling.service import Throttle

COUNTED = "pilothouse.counted"
"""Set in a connection's scope once it was counted."""


def address_of(scope: Scope) -> str:
    """Where a request comes from."""
    client = scope.get("client")
    return str(client[0]) if client else ""


class CountFailures:
    """Counts requests whose credential is not valid against their address. Stands outside authentication."""

    def __init__(self, app: ASGIApp, throttle: Throttle) -> None:
        """Serve `app`."""
        self._app = app
        self._throttle = throttle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; raises `TooManyRequests` in place of one `Unauthenticated` too many."""
        try:
            await self._app(scope, receive, send)
        except Unauthenticated as error:
            if not scope.get(COUNTED):
                verdict = await self._throttle.of_address(address_of(scope))
                if verdict is not None:
                    error.__dict__["headers"] = verdict.headers() | getattr(error, "headers", {})
            raise


class Throttling:
    """Counts requests by principal, or by address where nobody has signed in. Stands inside authentication.

    Each response says how much is left.
    """

    def __init__(self, app: ASGIApp, throttle: Throttle, name_of: NameOf) -> None:
        """Serve `app`; `name_of` names operations."""
        self._app = app
        self._throttle = throttle
        self._name_of = name_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise `TooManyRequests`."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        verdict = await self._count(scope)
        if verdict is None or scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        headers = verdict.headers()
        raw = [(name.encode(), value.encode()) for name, value in headers.items()]

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":  # nobody further in tells any of these
                message["headers"] = [*message.get("headers", ()), *raw]
            await send(message)

        try:
            await self._app(scope, receive, told)
        except PilothouseError as error:  # the answer is made further out
            error.__dict__["headers"] = headers | getattr(error, "headers", {})
            raise

    async def _count(self, scope: Scope) -> Verdict | None:
        """What is left to whoever asks."""
        who, operation = current.get(), self._name_of(scope)
        if operation in UNCOUNTED:
            return None
        scope[COUNTED] = True
        if who is None:
            verdict = await self._throttle.of_address(address_of(scope))
        else:
            verdict = await self._throttle.of_principal(who)
        if operation in COSTLY:
            verdict = await self._throttle.of_costly(operation, who, address_of(scope)) or verdict
        return verdict
