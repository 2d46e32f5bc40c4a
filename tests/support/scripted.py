"""A provider of models that says what a test tells it to: a real HTTP server on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

Handler = Callable[[web.Request, dict[str, Any]], Awaitable[web.StreamResponse]]
USAGE = {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}


def completion(text: str, **message: Any) -> dict[str, Any]:
    """A whole answer."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, **message},
        "finish_reason": "stop",
    }
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": USAGE,
    }


def chunk(text: str | None = None, end: str | None = None, **delta: Any) -> bytes:
    """A piece of a streamed answer."""
    said = {**({} if text is None else {"content": text}), **delta}
    choice = {"index": 0, "delta": said, "finish_reason": end}
    return event(
        {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    )


def event(body: dict[str, Any]) -> bytes:
    """An event."""
    return b"data: " + json.dumps(body).encode() + b"\n\n"


LAST = event(
    {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": USAGE}
)
DONE = b"data: [DONE]\n\n"


def says(body: Any, status: int = 200, **headers: str) -> Handler:
    """Answers with a whole body."""

    async def handle(_request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        return web.json_response(body, status=status, headers=headers)

    return handle


def streams(*pieces: bytes, cut: bool = False, gate: asyncio.Event | None = None) -> Handler:
    """Answers with pieces of a stream, the last of them once `gate` is set; `cut` ends it without its end."""

    async def handle(request: web.Request, _body: dict[str, Any]) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for place, piece in enumerate(pieces):
            if gate is not None and place == len(pieces) - 1:
                await gate.wait()
            await response.write(piece)
            await asyncio.sleep(0)
        if cut and request.transport is not None:
            request.transport.close()
            return response
        await response.write_eof()
        return response

    return handle


@dataclass
class Provider:
    """Answers each request with the next of its `script`, and the last one for ever; `asked` is what came."""

    script: list[Handler] = field(default_factory=lambda: [says(completion("Good day."))])
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=64 << 20)
        application.router.add_route("*", "/v1/{path:.*}", self._answer)
        self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        handle = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        try:
            return await handle(request, body)
        except asyncio.CancelledError:
            self.gone.set()
            raise
