"""The WebSocket's endpoint, and the end of all its connections."""

import asyncio
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Depends, WebSocket

from pilothouse.kit.scope import Scope, local_scope
from pilothouse.protocols.websocket.ports import Streams
from pilothouse.protocols.websocket.session import Session

Scoped = Annotated[Scope, Depends(local_scope)]


class Sockets:
    """The WebSocket connections of one process."""

    def __init__(self, streams: Streams) -> None:
        """Serve what can be followed through `streams`."""
        self._streams = streams
        self._open = 0
        self._none = asyncio.Event()
        self._none.set()

    @property
    def open(self) -> int:
        """How many connections there are."""
        return self._open

    def routes(self) -> APIRouter:
        """The endpoint."""
        router = APIRouter()

        @router.websocket("/ws")
        async def connect(socket: WebSocket, scope: Scoped) -> None:
            with self._streams.seat():
                self._open += 1
                self._none.clear()
                try:
                    await Session(socket, self._streams, scope, socket.state.request_id).serve()
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
