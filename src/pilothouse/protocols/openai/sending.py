"""Answers on their way to the client: whole, or piece by piece."""

from __future__ import annotations

from dataclasses import dataclass

import orjson
from starlette.types import Send

from pilothouse.errors import PilothouseError
from pilothouse.protocols.openai.asking import Asked
from pilothouse.protocols.openai.errors import event_of
from pilothouse.protocols.openai.replaying import replayed

_JSON = (b"content-type", b"application/json")
EVENTS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"x-accel-buffering", b"no"))
Header = tuple[bytes, bytes]
Headers = list[Header]


@dataclass(frozen=True)
class Answer:
    """A whole answer: of which model, and whether from the cache (None: that was not asked)."""

    status: int
    body: bytes
    model: str
    cache: str | None = None
    headers: tuple[Header, ...] = ()


class Sender:
    """Sends one answer. It has `begun` once its head is sent; that of a stream is `stream_head`."""

    stream_head: tuple[Header, ...] = EVENTS

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def whole(self, answer: Answer) -> None:
        """Send all of it."""
        headers = [_JSON, (b"content-length", str(len(answer.body)).encode()), *_told(answer)]
        self.begun = True
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": answer.body})

    async def begin(self, model: str, cache: str | None, *headers: Header) -> None:
        """Send the head of a stream."""
        self.begun = True
        told = [*self.stream_head, *_told(Answer(200, b"", model, cache, headers))]
        await self._send({"type": "http.response.start", "status": 200, "headers": told})

    async def piece(self, data: bytes) -> None:
        """Send a part of a stream; waits where the client reads slowly."""
        if data:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, failure: PilothouseError | None = None) -> None:
        """End a stream; with an event that tells what went wrong, if something did."""
        body = b"" if failure is None else event_of(failure)
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    async def replay(self, asked: Asked, answer: Answer) -> None:
        """Send a whole answer as a stream."""
        await self.begin(answer.model, answer.cache, *answer.headers)
        await self.piece(replayed(asked, orjson.loads(answer.body)))
        await self.end()


def _told(answer: Answer) -> Headers:
    told: Headers = [(b"x-pilothouse-model", answer.model.encode("latin-1", "replace")), *answer.headers]
    if answer.cache is not None:
        told.append((b"x-pilothouse-cache", answer.cache.encode()))
    return told
