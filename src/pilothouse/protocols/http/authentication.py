"""Finds out on whose behalf a request is made, before anything else looks at it.

Streams that stay open are looked after: one whose credential was revoked ends within seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

import structlog
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as Connection

from pilothouse.errors import PilothouseError
from pilothouse.kit.scope import Scope, current, nobody

log = structlog.get_logger(__name__)

LOOK_EVERY = 2.0
"""Seconds between two looks at whether the credentials of open streams still hold."""
POLICY_VIOLATION = 1008
"""The code of a WebSocket that ends because its credential does (RFC 6455, section 7.4.1)."""


class Authenticator(Protocol):
    """Knows those who may come."""

    async def authenticate(self, request: HTTPConnection) -> Scope | None:
        """On whose behalf the request is made; None where it says nothing.

        Raises `Unauthenticated` for a credential that is not, or no longer, valid.
        """
        ...

    async def still_holds(self, request: HTTPConnection, scope: Scope) -> bool:
        """Whether the credential of an open stream still stands for the same scope."""
        ...


IsPublic = Callable[[Connection], bool | None]
"""Whether a request needs no credential; None where it asks for nothing that there is."""


def _nothing_is(_scope: Connection) -> bool:
    return False


class Authentication:
    """Serves each request in the scope of whoever makes it. Without one, only what is public is served.

    Nobody else gets further than this: no body is read for a request that is refused here, nor for one
    without a credential that asks for nothing that there is.
    """

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        look_every: float = LOOK_EVERY,
        *,
        is_public: IsPublic = _nothing_is,
    ) -> None:
        """Serve `app`; `authenticator` says who comes, and `is_public` what needs nobody."""
        self._app = app
        self._authenticator = authenticator
        self._watch = _Watch(authenticator, look_every)
        self._is_public = is_public

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        """Serve one request, or raise `Unauthenticated`."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        found = await self._authenticator.authenticate(request)
        if found is None:
            public = self._is_public(scope)
            if public is False:
                raise nobody()
            if public is None and scope["type"] == "http":
                receive = _Unread(receive)
        token = current.set(found)
        try:
            if found is None or not _may_stay_open(scope):
                await self._app(scope, receive, send)
            else:
                await _Stream(request, found, receive, send).serve(self._app, self._watch)
        finally:
            current.reset(token)


class _Unread:
    """Leaves a body where it is: whoever asks hears of an empty one first."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._told = False

    async def __call__(self) -> Message:
        if self._told:
            return await self._receive()
        self._told = True
        return {"type": "http.request", "body": b"", "more_body": False}


def _may_stay_open(scope: Connection) -> bool:
    return scope["type"] == "websocket" or (
        scope["method"] == "GET" and str(scope["path"]).endswith("/events")
    )


class _Stream:
    """A connection that may stay open. When its credential ends, its endpoint sees the client go away."""

    def __init__(self, request: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        self.request = request
        self.scope = scope
        self._receive = receive
        self._send = send
        self._ended = asyncio.Event()
        self._begun = self._over = False

    def end(self) -> None:
        """The credential does not hold any more."""
        self._ended.set()

    async def serve(self, app: ASGIApp, watch: _Watch) -> None:
        with watch.over(self):
            await app(self.request.scope, self._received, self._sent)
        if not self._ended.is_set() or not self._begun or self._over:
            return
        log.info("stream_ended", reason="credential", principal=self.scope.principal)
        with suppress(RuntimeError, OSError):  # the client is gone meanwhile
            await self._send(self._farewell())

    def _farewell(self) -> Message:
        if self.request.scope["type"] == "websocket":
            return {"type": "websocket.close", "code": POLICY_VIOLATION, "reason": "Sign in again."}
        return {"type": "http.response.body", "body": b"", "more_body": False}

    async def _received(self) -> Message:
        if self._ended.is_set():
            return self._gone()
        incoming = asyncio.ensure_future(self._receive())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait({incoming, ended}, return_when=asyncio.FIRST_COMPLETED)
            return incoming.result() if incoming.done() else self._gone()
        finally:
            ended.cancel()
            incoming.cancel()

    def _gone(self) -> Message:
        if self.request.scope["type"] == "websocket":
            return {"type": "websocket.disconnect", "code": POLICY_VIOLATION}
        return {"type": "http.disconnect"}

    async def _sent(self, message: Message) -> None:
        kind = message["type"]
        self._begun = self._begun or kind in {"http.response.start", "websocket.accept"}
        if kind == "websocket.close" or (
            kind == "http.response.body" and not message.get("more_body", False)
        ):
            self._over = True
        await self._send(message)


class _Watch:
    """Looks after all open streams of a process with one task, which is there while there are any."""

    def __init__(self, authenticator: Authenticator, every: float) -> None:
        self._authenticator = authenticator
        self._every = every
        self._streams: set[_Stream] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, stream: _Stream) -> Iterator[None]:
        """The time for which a stream is watched."""
        self._streams.add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._streams.discard(stream)
            if not self._streams and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            for stream in list(self._streams):
                try:
                    holds = await self._authenticator.still_holds(stream.request, stream.scope)
                except PilothouseError as error:  # the database is away: streams wait for it, too
                    log.debug("stream_not_checked", reason=str(error))
                    break
                if not holds:
                    stream.end()
