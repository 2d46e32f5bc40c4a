"""A provider of models for tests: a real HTTP server in OpenAI's chat format, and Anthropic's, by script."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


@dataclass(frozen=True)
class Say:
    """One answer: a text, calls of tools, an error's status, or a stream that is cut or stands still."""

    text: str = ""
    calls: tuple[tuple[str, Any], ...] = ()
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: tuple[str, ...] = ()
    cut: bool = False
    stands: bool = False


def answer(**fields: Any) -> Say:
    """A structured answer."""
    return Say(calls=(("final_result", fields),))


class Speaker:
    """Answers one request after another by a script; the last line is said again and again."""

    def __init__(self, script: Iterable[Say] | Callable[[dict[str, Any]], Say] = ()) -> None:
        self.script = script if callable(script) else list(script)
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.url = ""

    def _next(self, body: dict[str, Any]) -> Say:
        if callable(self.script):
            return self.script(body)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("authorization", request.headers.get("x-api-key", "")))
        said = self._next(body)
        if said.stands and not body.get("stream"):
            await asyncio.sleep(30)
        if said.status != 200:
            error = {"error": {"message": f"no, {self.keys[-1]}", "type": "e", "code": None}}
            return web.json_response(error, status=said.status, headers=said.headers)
        if request.path.endswith("/messages"):
            return web.json_response(_anthropic(said))
        if body.get("stream"):
            return await self._stream(request, said)
        return web.json_response(_chat(said))

    @staticmethod
    async def _stream(request: web.Request, said: Say) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        for piece in said.pieces or (said.text,):
            await response.write(_event({"choices": [_delta(content=piece)]}))
        if said.stands:
            await asyncio.sleep(30)
        if said.cut:
            await asyncio.sleep(0)
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write(_event({"choices": [{**_delta(), "finish_reason": "stop"}]}))
        await response.write(_event({"choices": [], "usage": USAGE}))
        await response.write(b"data: [DONE]\n\n")
        return response


def _delta(**said: Any) -> dict[str, Any]:
    return {"index": 0, "delta": {"role": "assistant", **said}, "finish_reason": None}


def _event(said: dict[str, Any]) -> bytes:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return b"data: " + json.dumps(head | said).encode() + b"\n\n"


def _chat(said: Say) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": said.text or None}
    if said.calls:
        message["tool_calls"] = [
            {"id": f"call-{at}", "type": "function", "function": {"name": name, "arguments": _written(given)}}
            for at, (name, given) in enumerate(said.calls)
        ]
    choice = {
        "index": 0,
        "message": message,
        "finish_reason": "tool_calls" if said.calls else "stop",
        "logprobs": None,
    }
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": USAGE,
    }


def _written(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given)


def _anthropic(said: Say) -> dict[str, Any]:
    content: list[dict[str, Any]] = [{"type": "text", "text": said.text}] if said.text else []
    for at, (name, given) in enumerate(said.calls):
        content.append({"type": "tool_use", "id": f"call-{at}", "name": name, "input": given})
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 100, "output_tokens": 10},
    }


@asynccontextmanager
async def speaking(
    script: Iterable[Say] | Callable[[dict[str, Any]], Say],
) -> AsyncIterator[Speaker]:
    """A provider that answers by `script`, at its `url`."""
    speaker = Speaker(script)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", speaker.handle)
    app.router.add_post("/v1/messages", speaker.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    speaker.url = f"http://127.0.0.1:{port}/v1"
    try:
        yield speaker
    finally:
        await runner.cleanup()
