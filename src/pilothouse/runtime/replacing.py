"""What stands in a file's text instead of what it has, and a reading that puts it there."""

from __future__ import annotations

from bisect import bisect_right

from pydantic import BaseModel, ConfigDict


class Replaced(BaseModel):
    """What stands in a content instead of what it has: begin and end in bytes, in order, and the text."""

    model_config = ConfigDict(frozen=True)

    encoding: str
    places: tuple[tuple[int, int, str], ...]


class Filling:
    """Puts what was noted into a content that is read piece by piece from `start`."""

    def __init__(self, replaced: Replaced, start: int = 0) -> None:
        """A place that begins before `start` is left out: it was given with what came before."""
        self._replaced = replaced
        self._at = self._copied = start
        self._next = bisect_right([end for _, end, _ in replaced.places], start)

    def fill(self, piece: bytes) -> bytes:
        """The next piece, as it may be read."""
        places, stop, given = self._replaced.places, self._at + len(piece), bytearray()
        while self._next < len(places) and places[self._next][0] < stop:
            begin, end, text = places[self._next]
            if begin >= self._copied:
                given += piece[self._copied - self._at : begin - self._at]
                given += text.encode(self._replaced.encoding)
            self._copied = max(self._copied, end)
            self._next += 1
        if self._copied < stop:
            given += piece[self._copied - self._at :]
            self._copied = stop
        self._at = stop
        return bytes(given)
