"""One WebSocket connection: what its client subscribes to is told to it, as fast as it takes it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import structlog
from pydantic import BaseModel, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from pilothouse.errors import Conflict, InvalidInput, LimitExceeded, NotFound, PilothouseError
from pilothouse.kit.clock import elapsed
from pilothouse.kit.problems import problem_of
from pilothouse.kit.scope import Scope
from pilothouse.protocols.websocket import messages
from pilothouse.protocols.websocket.messages import ASKED, CloseCode
from pilothouse.protocols.websocket.ports import Batch, Follows, Stream, Streams
from pilothouse.runtime.tail_pages import Line

log = structlog.get_logger(__name__)

Key = UUID | None
"""What a subscription is of: a run, or (None) the tenant."""


class _Close(Exception):
    """End the connection."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Session:
    """Serves one connection until either side ends it.

    Nothing is kept for a client that does not read: its subscriptions wait, and fall back to reading the
    journal. One that takes nothing for `streams.heartbeat` seconds is closed as too slow.
    """

    def __init__(
        self, socket: WebSocket, streams: Streams, scope: Scope, request_id: str, follows: Follows
    ) -> None:
        """Serve `socket` on behalf of `scope`; `follows` is told of each subscription."""
        self._socket = socket
        self._streams = streams
        self._scope = scope
        self._request_id = request_id
        self._follows = follows
        self._subscriptions: dict[Key, tuple[Stream | None, asyncio.Task[None]]] = {}
        self._mistakes = 0
        self._sending = 0
        self._moved = elapsed()  # when something was last sent, or began to be
        self._closed = False
        self._farewell: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Accept the connection and serve it."""
        await self._socket.accept()
        off = self._streams.on_stop(self._stop)
        beating = asyncio.create_task(self._beat())
        try:
            await self._listen()
        except WebSocketDisconnect as gone:
            log.debug("websocket_gone", code=gone.code)
        except _Close as order:
            await self.close(order.code, order.reason)
        finally:
            self._closed = True
            off()
            beating.cancel()
            tasks = [beating, *(task for _, task in self._subscriptions.values())]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def close(self, code: CloseCode, reason: str) -> None:
        """Say how to go on, then end the connection."""
        if self._closed:
            return
        self._closed = True
        resume = [_resume(key, stream) for key, (stream, _) in self._subscriptions.items() if stream]
        log.info("websocket_closed", code=int(code), reason=reason, request_id=self._request_id)
        try:
            if code is not CloseCode.TOO_SLOW:  # which would not read it
                said = messages.Closing(code=code, reason=reason, resume=resume)
                await self._socket.send({"type": "websocket.send", "text": _text(said)})
            await self._socket.send({"type": "websocket.close", "code": int(code), "reason": reason})
        except (WebSocketDisconnect, RuntimeError) as error:
            log.debug("websocket_gone", reason=str(error))

    async def _listen(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is None:
                raise _Close(CloseCode.NOT_TEXT, "Send JSON as text.")
            try:
                await self._asked(message["text"])
            except PilothouseError as error:
                await self._refuse(None, error)

    async def _asked(self, text: str) -> None:
        try:
            asked = ASKED.validate_json(text)
        except ValidationError as error:
            self._mistakes += 1
            if self._mistakes > messages.MOST_MISTAKES:
                raise _Close(CloseCode.NO_SENSE, "Too many messages that make no sense.") from None
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            told = f"The message is not valid: {where} {first['msg']}".replace(":  ", ": ")
            raise InvalidInput(told, hint="The reference of the WebSocket lists all messages.") from None
        if isinstance(asked, messages.Ping):
            await self._say(messages.Pong(id=asked.id))
        elif isinstance(asked, messages.Unsubscribe):
            await self._unsubscribe(asked.run_id)
        else:
            self._subscribe(asked)

    def _subscribe(self, asked: messages.Subscribe | messages.SubscribeTenant) -> None:
        key = asked.run_id if isinstance(asked, messages.Subscribe) else None
        if key in self._subscriptions:
            what = f"Run {key}" if key else "The tenant"
            raise Conflict(f"{what} is subscribed to already.", hint="Unsubscribe first.")
        if len(self._subscriptions) >= messages.MOST_SUBSCRIPTIONS:
            message = f"A connection has at most {messages.MOST_SUBSCRIPTIONS} subscriptions."
            raise LimitExceeded(message, hint="Follow the tenant, or open another connection.")
        task = asyncio.create_task(self._follow(key, asked))
        self._subscriptions[key] = None, task
        task.add_done_callback(lambda done: self._ended(key, done))

    def _ended(self, key: Key, task: asyncio.Task[None]) -> None:
        if key in self._subscriptions and self._subscriptions[key][1] is task:
            del self._subscriptions[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("subscription_broke", exc_info=error)

    async def _unsubscribe(self, key: Key) -> None:
        if key not in self._subscriptions:
            raise NotFound(f"There is no subscription to {f'run {key}' if key else 'the tenant'}.")
        _, task = self._subscriptions.pop(key)
        task.cancel()
        await asyncio.wait([task])
        await self._say(messages.Unsubscribed(run_id=key))

    async def _follow(self, key: Key, asked: messages.Subscribe | messages.SubscribeTenant) -> None:
        """One subscription, from its begin to its end."""
        try:
            stream = await self._open(asked)
        except PilothouseError as error:
            await self._refuse(key, error)
            return
        try:
            try:
                await self._follows(self._scope, key, self._request_id)
            except PilothouseError as error:
                await self._refuse(key, error)
                return
            self._subscriptions[key] = stream, self._subscriptions[key][1]
            place = stream.place
            begun = {"after": place} if isinstance(place, int) else {"cursor": place}
            await self._say(messages.Subscribed(run_id=key, **begun))
            while True:
                try:
                    batch = await anext(stream)
                except StopAsyncIteration:
                    break
                await self._tell(key, stream, batch)
                if batch.end is not None:
                    return
            if not self._streams.stopping:
                await self._refuse(key, NotFound(f"There is no run {key} any more."))
        except WebSocketDisconnect:
            return  # whoever listens hears of it, too
        finally:
            stream.close()

    async def _open(self, asked: messages.Subscribe | messages.SubscribeTenant) -> Stream:
        if isinstance(asked, messages.Subscribe):
            return await self._streams.follow(self._scope, asked.run_id, asked.after, seated=True)
        return await self._streams.follow_tenant(
            self._scope, asked.cursor, kinds=asked.kinds, workflows=asked.workflows, seated=True
        )

    async def _tell(self, key: Key, stream: Stream, batch: Batch) -> None:
        """Send a batch; entries that come one after the other go together."""
        entries: list[str] = []
        size = 0
        for item in batch.items:
            if isinstance(item, Line):
                entry = stream.json(item)
                if size + len(entry) > messages.ENTRIES_SIZE:
                    await self._send_entries(key, entries)
                    entries, size = [], 0
                entries.append(entry)
                size += len(entry)
                continue
            await self._send_entries(key, entries)
            entries, size = [], 0
            await self._say(messages.Delta(run_id=item.run_id, **_piece(item)))
        await self._send_entries(key, entries)
        if batch.end is not None and key is not None:
            await self._say(messages.Ended(run_id=key, end=batch.end))

    async def _send_entries(self, key: Key, entries: list[str]) -> None:
        if entries:
            run_id = "null" if key is None else f'"{key}"'
            await self._send(f'{{"type":"entries","run_id":{run_id},"items":[{",".join(entries)}]}}')

    async def _refuse(self, key: Key, error: PilothouseError) -> None:
        problem = problem_of(error, instance=self._socket.url.path, request_id=self._request_id)
        await self._say(messages.Refused(run_id=key, problem=problem))

    async def _say(self, message: BaseModel) -> None:
        await self._send(_text(message))

    async def _send(self, text: str) -> None:
        """Send a message; waits while the client does not take what was sent before."""
        if not self._sending:
            self._moved = elapsed()
        self._sending += 1
        try:
            await self._socket.send({"type": "websocket.send", "text": text})
        except RuntimeError as error:  # it was closed in the meantime
            raise WebSocketDisconnect(CloseCode.NORMAL, str(error)) from None
        finally:
            self._sending -= 1
            self._moved = elapsed()

    async def _beat(self) -> None:
        """Give signs of life, and end a connection whose client takes nothing."""
        silence = self._streams.heartbeat
        while not self._closed:
            await asyncio.sleep(max(self._moved + silence - elapsed(), 0.01))
            if elapsed() - self._moved < silence:
                continue
            if self._sending:
                await self.close(CloseCode.TOO_SLOW, "You take nothing: resume from what you have.")
                return
            tenant = self._subscriptions.get(None, (None, None))[0]
            try:
                await self._say(messages.Heartbeat(cursor=str(tenant.place) if tenant else None))
            except WebSocketDisconnect:
                return

    def _stop(self) -> None:
        """The process stops: tell, and end the connection."""
        self._farewell = asyncio.create_task(
            self.close(CloseCode.RESTART, "The server restarts: connect again and resume.")
        )


def _resume(key: Key, stream: Stream) -> messages.Resume:
    place = stream.place
    if isinstance(place, int):
        return messages.Resume(run_id=key, after=place)
    return messages.Resume(cursor=place)


def _piece(delta: Any) -> dict[str, Any]:
    return {"step": delta.step, "offset": delta.offset, "text": delta.text}


def _text(message: BaseModel) -> str:
    return message.model_dump_json(exclude_none=True)
