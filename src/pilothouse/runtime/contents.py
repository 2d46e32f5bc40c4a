"""What files say passes the guard: text is looked at a window at a time, and what is masked in it is noted.

Windows overlap, so that what stands across the end of one is found in the next. A file is never changed where
it is stored: whoever reads it is given placeholders in the places that were noted, the same at every replay.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import orjson

from pilothouse.kit import textual
from pilothouse.runtime.branch import NO_MARKS
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.guarding import Blocked, Inlet
from pilothouse.runtime.passing import passed
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.replacing import Replaced
from pilothouse.runtime.turn import Turn

WINDOW = 512 << 10
"""Bytes that are looked at together."""
OVERLAP = 8 << 10
"""Bytes that two windows share: what is longer may be missed across their border."""
ATTACKS = 4_000_000
"""Bytes at the beginning that are looked through for attacks on models; that takes longer than all else."""


@dataclass
class Looked:
    """What the guard said of a content: the marks that it brings, and what is written beside the append."""

    replaced: Replaced | None = None
    marks: frozenset[Mark] = NO_MARKS
    beside: list[Statement] = field(default_factory=list)


async def looked_through(
    turn: Turn, inlet: Inlet, step: str, pieces: AsyncIterator[bytes], encoding: str, *, ours: bool
) -> Looked:
    """What the guard says of a content that is text. Raises `Blocked`, and what reading raises."""
    looking = _Looking(turn, inlet, step, encoding, ours=ours)
    waiting = bytearray()
    async for piece in pieces:
        waiting += piece
        while len(waiting) >= WINDOW + OVERLAP:
            await looking.look(bytes(waiting[: textual.cut(waiting, WINDOW, encoding)]))
            kept = textual.cut(waiting, WINDOW - OVERLAP, encoding)
            looking.at += kept
            del waiting[:kept]
    if waiting:
        await looking.look(bytes(waiting))
    return looking.done()


class _Looking:
    """Looks at the windows of one content; the next begins at the byte `at`."""

    def __init__(self, turn: Turn, inlet: Inlet, step: str, encoding: str, *, ours: bool) -> None:
        self._turn, self._inlet, self._step, self._ours = turn, inlet, step, ours
        self._encoding = encoding
        self._places: list[tuple[int, int, str]] = []
        self.at = 0
        self._looked = Looked()

    async def look(self, window: bytes) -> None:
        """Have a window pass."""
        looked, text = self._looked, textual.decoded(window, self._encoding)
        said = orjson.dumps(textual.readable(text))
        try:
            found = await passed(
                self._turn, self._inlet, self._step, said, ours=self._ours, attacks=self.at < ATTACKS
            )
        except Blocked as error:
            error.told = (*looked.beside, *error.told)
            raise
        looked.marks |= found.marks
        looked.beside += found.beside
        if found.data is not said:
            places = found.places or [(0, len(text), orjson.loads(found.data))]
            self._places += self._in_bytes(text, places)

    def done(self) -> Looked:
        """All that was said of the content."""
        if self._places:
            self._looked.replaced = Replaced(encoding=self._encoding, places=_united(self._places))
        return self._looked

    def _in_bytes(self, text: str, places: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Places in a window's text as places in the content."""
        found, at, last = [], self.at, 0
        for begin, end, instead in places:
            at += len(textual.encoded(text[last:begin], self._encoding))
            size = len(textual.encoded(text[begin:end], self._encoding))
            found.append((at, at + size, instead))
            at, last = at + size, end
        return found


def _united(places: Sequence[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    """The places without those that two windows have both: of what meets, the longer one gives the text."""
    united: list[tuple[int, int, str]] = []
    for begin, end, text in sorted(places, key=lambda one: (one[0], -one[1])):
        if united and begin < united[-1][1]:
            first, last, kept = united[-1]
            longer = text if end - begin > last - first else kept
            united[-1] = (first, max(end, last), longer)
        else:
            united.append((begin, end, text))
    return tuple(united)
