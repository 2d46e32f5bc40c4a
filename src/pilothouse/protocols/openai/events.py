"""A stream of events on its way through the guards: looked at, restored, and passed on as it came.

An event goes as the bytes that it came in, unless something in it was changed. Events that arrive together
leave together. Its texts wait no longer than `guards.streaming` says; an event waits for those before it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson
from pydantic import JsonValue

from pilothouse.guards.service import Exchange, Tail
from pilothouse.protocols.openai.asking import Body, Kind, answer_places, is_quoted, text_at
from pilothouse.protocols.openai.errors import StreamCut

LONGEST = 4 << 20
"""Bytes of one event."""
DONE = b"[DONE]"
_ENDS = frozenset({"response.completed", "response.failed", "response.incomplete", "error"})
_DELTAS = frozenset({"content", "refusal", "reasoning_content", "reasoning"})

Channel = tuple[object, ...]
"""Which text of a stream a piece belongs to."""


@dataclass(slots=True)
class Piece:
    """A piece of a text within an event: where it stands, and where in its text it ends."""

    channel: Channel
    holder: Body
    name: str
    end: int


@dataclass(slots=True)
class Event:
    """One event as it came, with the pieces of texts in it, and the texts that end before it."""

    raw: bytes
    body: Body | None = None
    pieces: list[Piece] = field(default_factory=list)
    ends: list[Channel] = field(default_factory=list)
    last: bool = False


class Events:
    """The events of one answer. `usage` is what the provider says of it, `ended` whether it is whole."""

    def __init__(self, kind: Kind, exchange: Exchange | None, *, wants_usage: bool) -> None:
        """Look at what is said with `exchange`; usage that was not asked for is not passed on."""
        self._kind, self._exchange, self._wants_usage = kind, exchange, wants_usage
        self._buffer = b""
        self._queue: deque[Event] = deque()
        self._tails: dict[Channel, Tail] = {}
        self.usage: Body | None = None
        self.failure: str | None = None
        self.ended = False
        self.characters = 0

    async def passed(self, data: bytes) -> bytes:
        """What may be sent now that `data` has come. Raises `Blocked` and `StreamCut`."""
        self._buffer = self._buffer + data if self._buffer else data
        *whole, self._buffer = _split(self._buffer)
        if len(self._buffer) > LONGEST:
            raise StreamCut(f"The provider sends an event of more than {LONGEST:,} bytes.")
        for raw in whole:
            event = self._read(raw)
            if event is not None:
                self._queue.append(event)
        return await self._released()

    async def finished(self) -> bytes:
        """What is left at the end. Raises `Blocked`, and `StreamCut` where it came too soon."""
        rest, self._buffer = self._buffer.strip(), b""
        sent = b""
        if rest:
            event = self._read(rest)
            if event is not None:
                self._queue.append(event)
            sent = await self._released()
        if not self.ended:
            raise StreamCut("The provider ended the stream before its end.")
        return sent

    async def _released(self) -> bytes:
        """All events whose texts may go, in order. A text whose end has come already goes as a whole."""
        queue, ready = self._queue, list[Event]()
        whole = any(event.last for event in queue)
        over = {channel for event in queue for channel in event.ends}
        safe = {
            channel: tail.end if whole or channel in over else tail.safe()
            for channel, tail in self._tails.items()
        }
        while queue and _may_go(queue[0], safe):
            ready.append(queue.popleft())
        if not ready:
            return b""
        await self._treat(ready)
        return b"".join([event.raw for event in ready])

    async def _treat(self, ready: list[Event]) -> None:
        """Have the texts of events looked at, and write anew what was changed in them."""
        by_channel: dict[Channel, list[tuple[Event, Piece]]] = {}
        for event in ready:
            for piece in event.pieces:
                by_channel.setdefault(piece.channel, []).append((event, piece))
        changed: set[int] = set()
        for channel, parts in by_channel.items():
            before = "".join([str(piece.holder[piece.name]) for _, piece in parts])
            after = await self._tails[channel].take(parts[-1][1].end)
            if after != before:
                parts[0][1].holder[parts[0][1].name] = after
                for _, piece in parts[1:]:
                    piece.holder[piece.name] = ""
                changed.update(id(event) for event, _ in parts)
        for event in ready:
            if event.last or event.ends:
                await self._look(event)
            if id(event) in changed or (event.body is not None and await self._restated(event.body)):
                event.raw = _written(event.raw, event.body)

    async def _look(self, event: Event) -> None:
        for channel in list(self._tails) if event.last else event.ends:
            tail = self._tails.pop(channel, None)
            if tail is not None:
                await tail.look()

    async def _restated(self, body: Body) -> bool:
        """Whether something was changed in what an event of a response says once more as a whole."""
        if self._kind is not Kind.RESPONSES or self._exchange is None:
            return False
        places = [place for holder in _restating(body) for place in answer_places(self._kind, holder)]
        texts = [text_at(place) for place in places]
        changed = await self._exchange.answered(texts) if texts else {}
        found = False
        for at, (place, text) in enumerate(zip(places, texts, strict=True)):
            shown = self._exchange.restored(changed.get(at, text), quoted=is_quoted(place))
            if shown != text:
                place[0][place[1]] = shown  # type: ignore[index]  # a name for an object
                found = True
        return found

    def _read(self, raw: bytes) -> Event | None:
        """An event; None for one that is not passed on."""
        data = _data(raw)
        if data is None:
            return Event(raw + b"\n\n")
        if data == DONE:
            self.ended = True
            return Event(raw + b"\n\n", last=True)
        try:
            body = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise StreamCut("The provider sends an event that is no JSON.") from None
        if not isinstance(body, dict):
            return Event(raw + b"\n\n")
        if isinstance(body.get("error"), dict):
            self.failure = str(body["error"].get("code") or "provider_error")[:100]
        read = self._chunk if self._kind is Kind.CHAT else self._said
        return read(Event(raw + b"\n\n", body), body)

    def _chunk(self, event: Event, body: Body) -> Event | None:
        """A chunk of a chat completion."""
        choices, usage = body.get("choices"), body.get("usage")
        if isinstance(usage, dict):
            self.usage = usage
            if not choices and not self._wants_usage:
                return None
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._choice(event, choice)
        return event

    def _choice(self, event: Event, choice: Body) -> None:
        index, delta = choice.get("index"), choice.get("delta")
        if isinstance(delta, dict):
            for name, text in delta.items():
                if text and name in _DELTAS:
                    self._piece(event, (index, name), delta, name)
            called = delta.get("tool_calls") if "tool_calls" in delta else None
            for call in called if isinstance(called, list) else ():
                function = call.get("function") if isinstance(call, dict) else None
                if isinstance(call, dict) and isinstance(function, dict) and function.get("arguments"):
                    self._piece(event, (index, "tool", call.get("index")), function, "arguments")
        if choice.get("finish_reason") is not None:
            event.ends += [channel for channel in self._tails if channel[0] == index]

    def _said(self, event: Event, body: Body) -> Event:
        """An event of a response."""
        kind = str(body.get("type", ""))
        if kind.endswith(".delta") and isinstance(body.get("delta"), str):
            self._piece(event, _part(kind, body), body, "delta")
        elif kind.endswith(".done"):
            channel = _part(kind, body)
            event.ends += [channel] if channel in self._tails else []
        elif kind in _ENDS:
            self.ended = event.last = True
            response = body.get("response")
            if isinstance(response, dict):
                usage, error = response.get("usage"), response.get("error")
                self.usage = usage if isinstance(usage, dict) else self.usage
                self.failure = str(error.get("code")) if isinstance(error, dict) else self.failure
        return event

    def _piece(self, event: Event, channel: Channel, holder: Body, name: str) -> None:
        text = holder[name]
        if not isinstance(text, str):
            return
        self.characters += len(text)
        if self._exchange is None:
            return
        tail = self._tails.get(channel)
        if tail is None:
            quoted = name == "arguments" or "arguments" in str(channel[0])
            tail = self._tails[channel] = Tail(self._exchange, quoted=quoted)
        event.pieces.append(Piece(channel, holder, name, tail.push(text)))


def _may_go(event: Event, safe: Mapping[Channel, int]) -> bool:
    """Whether no text of an event reaches beyond what may go of it."""
    for piece in event.pieces:  # noqa: SIM110 - a generator costs as much as all the rest, for each event
        if piece.end > safe.get(piece.channel, piece.end):
            return False
    return True


def _split(data: bytes) -> list[bytes]:
    """The events in what has come, and the beginning of the next one."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    return data.split(b"\n\n")


def _data(raw: bytes) -> bytes | None:
    """The data of an event; None where it has none."""
    if raw.startswith(b"data:") and b"\n" not in raw:
        return raw[5:].strip()
    lines = [line[5:].strip() for line in raw.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None


def _written(raw: bytes, body: Body | None) -> bytes:
    """The event with another body; its other lines stay."""
    others = [line for line in raw.split(b"\n") if line and not line.startswith(b"data:")]
    return b"\n".join([*others, b"data: " + orjson.dumps(body), b"", b""])


def _part(kind: str, body: Body) -> Channel:
    """Which text of a response an event speaks of."""
    names = ("item_id", "output_index", "content_index", "summary_index")
    return (kind.rpartition(".")[0], *(str(body.get(name)) for name in names))


def _restating(body: Body) -> Iterator[JsonValue]:
    """What in an event of a response has whole texts, each as the answer has it."""
    response, item, part = body.get("response"), body.get("item"), body.get("part")
    if isinstance(response, dict):
        yield response
    if isinstance(item, dict):
        yield {"output": [item]}
    if isinstance(part, dict):
        yield {"output": [{"content": [part]}]}
    if str(body.get("type", "")).endswith(".done"):
        yield {"output": [body]}
