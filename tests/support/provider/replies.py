"""What a simulated provider does with one request, said once for all wire formats.

`text`, `tools`, `structured` and the like answer; `status`, `cut`, `stalled` and the like fail. Each takes
the fields of `Reply` by keyword: `text("hello", before=0.2)`. A piece is everywhere one of text, of thinking
or of a call's arguments in a stream, so that `cut(after=3)` shows as much in each format.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal["closed", "reset", "half_json", "wrong_types", "empty"]
Stop = Literal["end", "length", "filter"]


@dataclass(frozen=True)
class Usage:
    """Tokens that a reply says were used, right or wrong."""

    input: int
    output: int
    cached: int = 0


@dataclass(frozen=True)
class Call:
    """A tool that the model wants called. Arguments as text are sent as they are, JSON or not."""

    name: str
    arguments: Mapping[str, Any] | str = field(default_factory=dict)
    id: str = ""

    @property
    def said(self) -> str:
        """The arguments as text."""
        return self.arguments if isinstance(self.arguments, str) else json.dumps(dict(self.arguments))


@dataclass(frozen=True)
class Reply:
    """One reply. Times are seconds of this machine.

    `before` passes before the first byte, `between` before each event of a stream and before each `drip`
    bytes. `after` is how many pieces are shown before a stream is cut, fails with the error `breaks`, or
    waits for `until` (None: until the client goes away).
    """

    pieces: tuple[str, ...] = ()
    thinking: str = ""
    calls: tuple[Call, ...] = ()
    value: object = None
    """What the output is to be: a call of the output tool where the request has one, else JSON text."""
    stop: Stop = "end"
    usage: Usage | Literal["counted", "missing"] = "counted"
    status: int = 200
    message: str = ""
    code: str | None = None
    retry_after: float | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    before: float = 0.0
    between: float = 0.0
    drip: int | None = None
    fault: Fault | None = None
    after: int | None = None
    breaks: int | None = None
    stalls: bool = False
    until: asyncio.Event | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces)


def text(*pieces: str, **more: Any) -> Reply:
    """An answer in words: the pieces of a stream, or one text, which is cut between its words."""
    cut_up = re.findall(r"\s*\S+(?:\s+$)?|\s+$", pieces[0]) if len(pieces) == 1 else pieces
    return Reply(pieces=tuple(cut_up), **more)


def tools(*calls: Call, said: str = "", **more: Any) -> Reply:
    """An answer that wants tools called, after the words `said` if any."""
    named = tuple(Call(one.name, one.arguments, one.id or f"call_{at}") for at, one in enumerate(calls, 1))
    return Reply(pieces=(said,) if said else (), calls=named, **more)


def tool(name: str, /, **arguments: Any) -> Reply:
    """An answer that wants one tool called."""
    return tools(Call(name, arguments))


def structured(value: object, **more: Any) -> Reply:
    """An answer of JSON: by the output tool (`final_result`) where the request offers it, else as text.

    A string is sent as it is, so that an answer can be no JSON at all.
    """
    return Reply(value=value, **more)


def status(
    number: int, /, message: str = "", *, retry_after: float | str | None = None, **more: Any
) -> Reply:
    """An error in the provider's own shape: 400, 401, 404, 429, 500, 503, 529 and others.

    `retry_after` is in seconds, or the text of the header. Bedrock says 503 for 529, and 403 for 401.
    """
    return Reply(status=number, message=message, retry_after=retry_after, **more)


def raw(body: bytes, status: int = 200, content_type: str = "text/html", **more: Any) -> Reply:
    """Bytes as they are, as from a proxy that stands before the provider."""
    return Reply(raw=body, status=status, headers={"content-type": content_type}, **more)


def closed(**more: Any) -> Reply:
    """The connection ends in order before a reply begins."""
    return Reply(fault="closed", **more)


def reset(**more: Any) -> Reply:
    """The connection is reset before a reply begins."""
    return Reply(fault="reset", **more)


def cut(*pieces: str, after: int = 3, **more: Any) -> Reply:
    """The connection ends after some pieces, without the format's end; a plain reply ends in its middle.

    With `fault="reset"` it is reset, and what is on the way may be lost.
    """
    return text(*(pieces or WORDS), after=after, **more)


def broken(*pieces: str, after: int = 3, breaks: int = 529, **more: Any) -> Reply:
    """A stream that fails after some pieces with an error as an event; a plain reply has that status."""
    return text(*(pieces or WORDS), after=after, breaks=breaks, **more)


def stalled(*pieces: str, after: int = 0, until: asyncio.Event | None = None, **more: Any) -> Reply:
    """Nothing more comes after some pieces until `until` is set; a plain reply does not begin."""
    return text(*(pieces or WORDS), after=after, stalls=True, until=until, **more)


def half_json(*pieces: str, **more: Any) -> Reply:
    """A reply whose HTTP is whole and whose JSON is not: of a stream, that is the first piece's."""
    return text(*(pieces or WORDS), fault="half_json", **more)


def wrong_types(*pieces: str, **more: Any) -> Reply:
    """A reply whose JSON has lists, objects and numbers where others belong."""
    return text(*(pieces or WORDS), fault="wrong_types", **more)


def empty(**more: Any) -> Reply:
    """A reply without any choice or content."""
    return Reply(fault="empty", **more)


def filtered(*pieces: str, **more: Any) -> Reply:
    """A reply that the provider's content filter stopped."""
    return text(*(pieces or ("I ",)), stop="filter", **more)


def dripping(*pieces: str, drip: int = 16, between: float = 0.01, **more: Any) -> Reply:
    """A reply that comes in bits of `drip` bytes with a pause before each."""
    return text(*(pieces or WORDS), drip=drip, between=between, **more)


WORDS = ("One ", "two ", "three ", "four ", "five ", "six.")
