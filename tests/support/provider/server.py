"""The simulated provider: a real HTTP server that speaks each format and does what a script says."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import count
from types import TracebackType
from typing import Self

from aiohttp import web

from pilothouse.kit.clock import Clock, SystemClock
from support.provider.asked import Asked
from support.provider.chat import CHAT
from support.provider.converse import CONVERSE
from support.provider.lists import EMBEDDINGS, models
from support.provider.messages import MESSAGES
from support.provider.replies import Reply, status
from support.provider.responses import RESPONSES
from support.provider.scripts import Script, UsedUp, in_turn, script_of
from support.provider.wire import Event, Wire, dumped, mistyped

ENDINGS: tuple[tuple[str, Wire], ...] = (
    ("/chat/completions", CHAT),
    ("/responses", RESPONSES),
    ("/embeddings", EMBEDDINGS),
    ("/messages", MESSAGES),
    ("/converse", CONVERSE),
    ("/converse-stream", CONVERSE),
)
"""Which format is spoken at which end of a path: whatever stands before it, a base address may hold."""
MODELS = ("gpt-4.1", "gpt-4.1-mini", "claude-opus-4-8", "text-embedding-3-small")


class Provider:
    """Listens on a port of this machine while its `async with` block lasts.

    Clients of OpenAI are pointed at `url + "/v1"`, those of Anthropic and Bedrock at `url`. `replies` are
    given in turn, and `then` after them; a function of the request may decide instead. Embeddings have a
    script of their own, as a cache asks for some between other requests. A request for which no reply is left
    is answered with 500, and leaving the block raises `AssertionError`.
    """

    def __init__(
        self,
        replies: Script | Reply | Iterable[Reply] = (),
        *,
        then: Reply | Script | None = None,
        embeddings: Script | Reply | Iterable[Reply] | None = None,
        models: tuple[str, ...] = MODELS,
        clock: Clock | None = None,
        port: int = 0,
    ) -> None:
        """Nothing listens yet. Port 0 is a free one."""
        self.play(replies, then=then)
        self._embeddings = script_of(Reply() if embeddings is None else embeddings)
        self._models = models
        self._clock = clock or SystemClock()
        self._port = port
        self._numbers = count(1)
        self._runner: web.ServerRunner | None = None
        self._site: web.TCPSite | None = None
        self._changed = asyncio.Condition()
        self._closing = False
        self.requests: list[Asked] = []
        self.unexpected: list[str] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def last(self) -> Asked:
        """The request that came last."""
        return self.requests[-1]

    def play(self, replies: Script | Reply | Iterable[Reply], *, then: Reply | Script | None = None) -> None:
        """Go on by another script."""
        if isinstance(replies, Reply) or callable(replies):
            self._script = script_of(replies)
        else:
            self._script = in_turn(replies, then)

    async def came(self, number: int = 1, seconds: float = 10.0) -> Asked:
        """The request of that number, once it has come; raises `TimeoutError` where it does not."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(lambda: len(self.requests) >= number)
        return self.requests[number - 1]

    @asynccontextmanager
    async def refusing(self) -> AsyncIterator[None]:
        """Within the block nobody listens: what is connected is closed, and who connects is refused."""
        await self._shut()
        with socket.socket() as kept:  # bound and not listening, so that nobody else takes the port
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind(("127.0.0.1", self._port))
            yield
        await self._open()

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._shut()
        if kind is None and self.unexpected:
            raise AssertionError(" ".join(self.unexpected))

    async def _open(self) -> None:
        self._closing = False
        server = web.Server(self._answer, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=0.0)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def _shut(self) -> None:
        self._closing = True
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Keep the request and answer it, and see whether the client stays."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        path = request.rel_url.raw_path
        asked = Asked(next(self._numbers), request.method, path, headers, body, self._clock.monotonic())
        wire = next((one for ending, one in ENDINGS if path.endswith(ending)), None)
        asked.wire = "models" if path.endswith("/models") else wire.name if wire else ""
        self.requests.append(asked)
        async with self._changed:
            self._changed.notify_all()
        try:
            answer = await self._reply(request, asked, wire)
        except (asyncio.CancelledError, ConnectionError):
            if not self._closing:
                asked.left = self._clock.monotonic()
                asked.gone.set()
            raise
        asked.answered = self._clock.monotonic()
        return answer

    async def _reply(self, request: web.BaseRequest, asked: Asked, wire: Wire | None) -> web.StreamResponse:
        if asked.wire == "models":
            return web.json_response(models(self._models))
        if wire is None or request.method != "POST":
            return _refused(CHAT, status(404, f"Nothing is at {asked.method} {asked.path}."), asked)
        try:
            reply = (self._embeddings if wire is EMBEDDINGS else self._script)(asked)
        except UsedUp as error:
            self.unexpected.append(str(error))
            return _refused(wire, status(500, str(error)), asked)
        return await Replying(request, asked, wire, reply).send()


def _refused(wire: Wire, reply: Reply, asked: Asked) -> web.Response:
    said = wire.refusal(reply, asked)
    headers = said.headers | dict(reply.headers)
    if reply.retry_after is not None:
        headers["retry-after"] = str(reply.retry_after)
    headers.setdefault("content-type", "application/json")
    return web.Response(body=dumped(said.body), status=said.status, headers=headers)


def _stop_at(events: list[Event], after: int | None) -> int | None:
    """The place of the event before which a stream stops that shows `after` pieces, or all it has."""
    if after is None:
        return None
    pieces = [at for at, event in enumerate(events) if event.piece]
    if after < len(pieces) and after == 0:
        return pieces[0]
    return pieces[min(after, len(pieces)) - 1] + 1 if pieces else len(events) - 1


class Replying:
    """Sends one reply to one request."""

    def __init__(self, request: web.BaseRequest, asked: Asked, wire: Wire, reply: Reply) -> None:
        """Nothing is sent yet."""
        self._request, self._asked, self._wire, self._reply = request, asked, wire, reply
        self._headers = dict(reply.headers)

    async def send(self) -> web.StreamResponse:
        """Send it, as far as the script has it sent."""
        reply = self._reply
        streamed = self._asked.stream and self._wire.events is not None
        if reply.before:
            await asyncio.sleep(reply.before)
        if reply.stalls and not streamed:
            await self._wait()
        if reply.fault in {"closed", "reset"} and reply.after is None:
            return self._end(web.Response())
        if reply.raw is not None:
            return await self._bytes(reply.raw, reply.status)
        if reply.status != 200:
            return _refused(self._wire, reply, self._asked)
        if streamed:
            return await self._stream()
        if reply.breaks is not None:
            return _refused(self._wire, status(reply.breaks, reply.message), self._asked)
        return await self._plain()

    def _end(self, answer: web.StreamResponse) -> web.StreamResponse:
        """End the connection: in order, or by a reset."""
        transport = self._request.transport
        if transport is not None:
            if self._reply.fault == "reset":
                linger = struct.pack("ii", 1, 0)
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.close()
        return answer

    async def _wait(self) -> None:
        """Until the script goes on; where it never does, the client's leaving cancels this."""
        await (self._reply.until or asyncio.Event()).wait()

    async def _plain(self) -> web.StreamResponse:
        reply = self._reply
        said = self._wire.plain(reply, self._asked)
        body = dumped(mistyped(said) if reply.fault == "wrong_types" else said)
        if reply.fault == "half_json":
            body = body[: len(body) // 2]
        self._headers.setdefault("content-type", "application/json")
        return await self._bytes(body, 200)

    async def _bytes(self, body: bytes, code: int) -> web.StreamResponse:
        """A body of a known length: at once, in drips, or half of it."""
        reply = self._reply
        half = reply.after is not None and not reply.stalls
        if reply.drip is None and not half:
            return web.Response(body=body, status=code, headers=self._headers)
        answer = web.StreamResponse(status=code, headers=self._headers)
        answer.content_length = len(body)
        await answer.prepare(self._request)
        sent = body[: len(body) // 2] if half else body
        size = reply.drip or len(body)
        for at in range(0, len(sent), size):
            await asyncio.sleep(reply.between)
            await answer.write(sent[at : at + size])
        return self._end(answer) if half else answer

    async def _stream(self) -> web.StreamResponse:
        reply = self._reply
        answer = web.StreamResponse(headers={"content-type": self._wire.stream_type} | self._headers)
        answer.enable_chunked_encoding()
        await answer.prepare(self._request)
        assert self._wire.events is not None
        events = list(self._wire.events(reply, self._asked))
        stop = _stop_at(events, reply.after)
        spoilt = next((event for event in events if event.piece), None)
        for at, event in enumerate(events):
            if at == stop:
                if not reply.stalls:
                    return await self._stopped(answer)
                await self._wait()
            await self._write(answer, self._wire.encode(event, self._data(event, spoils=event is spoilt)))
        if self._wire.end:
            await answer.write(self._wire.end)
        await answer.write_eof()
        return answer

    async def _stopped(self, answer: web.StreamResponse) -> web.StreamResponse:
        """A stream that ends before its time, with an error or by the end of the connection."""
        if self._reply.breaks is None:
            return self._end(answer)
        failed = status(self._reply.breaks, self._reply.message, code=self._reply.code)
        await answer.write(self._wire.broken(failed, self._asked))
        await answer.write_eof()
        return answer

    def _data(self, event: Event, *, spoils: bool) -> bytes:
        """An event's JSON, spoiled in the first piece where the script has it so."""
        if spoils and self._reply.fault == "half_json":
            return (whole := dumped(event.data))[: len(whole) // 2]
        if spoils and self._reply.fault == "wrong_types":
            return dumped(mistyped(event.data))
        return dumped(event.data)

    async def _write(self, answer: web.StreamResponse, data: bytes) -> None:
        reply = self._reply
        size = reply.drip or len(data)
        for at in range(0, len(data), size):
            if reply.between:
                await asyncio.sleep(reply.between)
            await answer.write(data[at : at + size])
