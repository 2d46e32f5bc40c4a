"""The WebSocket's endpoint, and the end of all its connections."""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, WebSocket

from pilothouse.kit.scope import Scope, request_scope
from pilothouse.protocols.websocket.ports import Follows, Streams
from pilothouse.protocols.websocket.session import Session
from pilothouse.routing import Endpoints

Scoped = Annotated[Scope, Depends(request_scope)]


class Sockets:
    """The WebSocket connections of one process."""

    def __init__(self, streams: Streams, follows: Follows) -> None:
        """Serve what can be followed through `streams`; `follows` is told of it before anything is sent."""
        self._streams = streams
        self._follows = follows
        self._open = 0
        self._none = asyncio.Event()
        self._none.set()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return self._open

    def routes(self) -> Endpoints:
        """The endpoint."""
        router = Endpoints()

        @router.websocket("/ws")
        async def connect(socket: WebSocket, scope: Scoped) -> None:
            with self._streams.seat():
                self._open += 1
                self._none.clear()
                try:
                    request_id = socket.state.request_id
                    await Session(socket, self._streams, scope, request_id, self._follows).serve()
                finally:
                    self._open -= 1
                    if not self._open:
                        self._none.set()

        return router

    async def farewell(self, seconds: float = 1.0) -> None:
        """Let every client be told that the process stops, and how to go on; waits at most `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._none.wait()
