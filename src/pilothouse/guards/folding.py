"""One form of a text for the rules: digits, letters and spaces of other scripts as the plain ones.

Every character becomes one byte, so that a place in the bytes is a place in the text; characters that are
not seen (zero-width ones, soft hyphens) are left out, and the places of the others remembered.
"""

from __future__ import annotations

import codecs
import unicodedata
from dataclasses import dataclass

UNSEEN = frozenset(
    "\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
)
LETTER, CAPITAL, OTHER = "\u00ff", "\u00de", "\u00a4"
"""What stands for a letter, a capital and anything else that has no plain form."""
STROKES = dict(
    zip("\u0141\u0142\u0110\u0111\u0126\u0127\u0131\u0166\u0167\u0152\u0153", "LlDdHhiTtOo", strict=True)
)
"""Latin letters with a stroke, which Unicode takes apart into nothing."""
HANDLER = "pilothouse.guards.folding"


def plain(character: str) -> str:
    """What stands for one character: one of Latin-1, or nothing where it is not seen."""
    if character in UNSEEN:
        return ""
    kind = unicodedata.category(character)
    if kind == "Nd":
        return str(unicodedata.digit(character))
    if kind == "Pd" or character == "\u2212":
        return "-"
    if kind in {"Zs", "Zl", "Zp"}:
        return " "
    if character in "\u2018\u2019\u02bc":
        return "'"
    base = STROKES.get(character) or unicodedata.normalize("NFKD", character)[0]
    if ord(base) < 128:
        return base
    return CAPITAL if kind == "Lu" else LETTER if kind[0] in "LM" else OTHER


@dataclass(frozen=True, slots=True)
class Folded:
    """The plain form as text and as Latin-1 bytes, and where its characters stood if some are left out."""

    plain: str
    data: bytes
    places: tuple[int, ...] | None

    def visible(self, text: str) -> str:
        """The original text without what is left out: its places are those of the plain form."""
        return text if self.places is None else "".join([text[place] for place in self.places])

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the plain form, at least one character long, stands in the original text."""
        if self.places is None:
            return start, end
        return self.places[start], self.places[end - 1] + 1


class Folding:
    """Makes the plain form of texts. Remembers characters, no text; usable from any thread."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        codecs.register_error(HANDLER, self._replaced)  # the fastest way to only look at what is not Latin-1

    def _replaced(self, error: UnicodeError) -> tuple[str, int]:
        """What stands for a run of characters that Latin-1 has not."""
        if not isinstance(error, UnicodeEncodeError):
            raise error
        return "".join([self._plain(one) for one in error.object[error.start : error.end]]), error.end

    def _plain(self, character: str) -> str:
        found = self._known.get(character)
        if found is None:
            found = self._known[character] = plain(character)
        return found

    def fold(self, text: str) -> Folded:
        """The plain form; a text of ASCII is its own."""
        if text.isascii():
            return Folded(text, text.encode("ascii"), None)
        data = text.encode("latin-1", HANDLER).replace(b"\xa0", b" ")
        if len(data) == len(text) and b"\xad" not in data:
            return Folded(data.decode("latin-1"), data, None)
        places = tuple([place for place, character in enumerate(text) if character not in UNSEEN])
        data = data.replace(b"\xad", b"")
        return Folded(data.decode("latin-1"), data, places)
