"""What the wire formats have in common: a format is a row of functions that say a reply in its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from support.provider.asked import Asked
from support.provider.replies import Call, Reply, Usage

JSON = dict[str, Any]


class Event(NamedTuple):
    """One event of a stream. `piece` tells whether it shows a piece of the answer."""

    data: JSON
    name: str = ""
    piece: bool = False


class Refusal(NamedTuple):
    """An error as a format has it."""

    status: int
    body: JSON
    headers: dict[str, str]


@dataclass(frozen=True)
class Wire:
    """A format. `events` is None where there are no streams."""

    name: str
    plain: Callable[[Reply, Asked], JSON]
    events: Callable[[Reply, Asked], Iterator[Event]] | None
    encode: Callable[[Event, bytes], bytes]
    """An event, whose JSON is given as bytes, as it is sent."""
    end: bytes
    refusal: Callable[[Reply, Asked], Refusal]
    broken: Callable[[Reply, Asked], bytes]
    """The event by which a stream fails."""
    stream_type: str = "text/event-stream; charset=utf-8"


def sse(event: Event, data: bytes) -> bytes:
    """A server-sent event."""
    head = f"event: {event.name}\n".encode() if event.name else b""
    return head + b"data: " + data + b"\n\n"


def dumped(found: JSON) -> bytes:
    """JSON as it is sent."""
    return json.dumps(found).encode()


def given(reply: Reply, asked: Asked) -> Reply:
    """The reply in words and calls: a value becomes either, as the request wants it."""
    if reply.value is None:
        return reply
    said = reply.value if isinstance(reply.value, str) else json.dumps(reply.value)
    if asked.output_tool is None:
        return replace(reply, value=None, pieces=tuple(split(said)))
    return replace(reply, value=None, calls=(*reply.calls, Call(asked.output_tool, said, "call_output")))


def split(said: str, size: int = 12) -> list[str]:
    """A text in pieces of at most `size` characters."""
    return [said[at : at + size] for at in range(0, len(said), size)]


def usage(reply: Reply, asked: Asked) -> Usage | None:
    """What the reply says was used; counted, it is a token for every four bytes or characters."""
    if isinstance(reply.usage, Usage):
        return reply.usage
    if reply.usage == "missing":
        return None
    said = reply.text + reply.thinking + "".join(call.name + call.said for call in reply.calls)
    return Usage(len(asked.body) // 4 + 1, len(said) // 4 + 1)


def without_nones(found: JSON) -> JSON:
    """Without the entries that are None."""
    return {name: value for name, value in found.items() if value is not None}


def mistyped(found: JSON) -> JSON:
    """The same names with other types; what tells of which kind an object is stays."""
    return {
        name: value if name in ("type", "object", "role") else _other(value) for name, value in found.items()
    }


def _other(value: object) -> object:
    if isinstance(value, list):
        return {"0": "not a list"}
    if isinstance(value, dict):
        return ["not an object"]
    return "not a number" if isinstance(value, int | float) else 17
