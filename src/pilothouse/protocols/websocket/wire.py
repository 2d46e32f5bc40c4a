"""The WebSocket connection itself: what is closed for slowness is closed, whether the client reads or not."""

from __future__ import annotations

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LINGER = 11.0
"""Seconds after which a closed connection is cut whose client has not read the last of it."""


class SocketConnection(WebSocketsSansIOProtocol):
    """Uvicorn's connection, except that a close frame never waits for the client to read."""

    async def send(self, message: ASGISendEvent) -> None:
        """Send a message; the close frame is queued behind what was sent before."""
        closing = message["type"] == "websocket.close"
        if closing:
            self.writable.set()
        await super().send(message)
        if closing:
            self.loop.call_later(LINGER, self.transport.abort)
