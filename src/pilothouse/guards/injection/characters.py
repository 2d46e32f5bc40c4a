"""Characters that hide or imitate: removed or replaced by what a reader (or a model) takes them for.

Compatibility forms follow NFKD of `unicodedata`; which letters look alike is a fact of Unicode Technical
Standard 39 (confusables), of which `homoglyphs.json` lists those that imitate Latin letters.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

_COMPATIBLE = (
    (0x00A0, 0x0250),  # Latin with accents
    (0x1D2C, 0x1D7A),  # modifier letters
    (0x1E00, 0x1F00),
    (0x2000, 0x2190),  # spaces, superscripts, letterlike
    (0x2460, 0x2500),  # enclosed
    (0x3000, 0x3001),
    (0xFB00, 0xFB07),  # ligatures
    (0xFF01, 0xFF5F),  # full width
    (0x1D400, 0x1D800),  # mathematical alphabets
    (0x1F100, 0x1F190),  # squared
)
_TAGS = (0xE0020, 0xE007F)
"""Tag characters: invisible, and each stands for the ASCII character 0xE0000 below it."""
_REGIONAL = 0x1F1E6
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2060-\u2064\u206a-\u206f\u3164\ufeff\uffa0"
)
_ZERO_WIDTH = re.compile(f"[\u200b-\u200d{_UNSEEN}]")
_BIDIRECTIONAL = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_TAGGED = re.compile("[\U000e0001-\U000e007f]")
_REMOVED = re.compile(
    f"[\u200b-\u200f\u202a-\u202e\u2066-\u2069{_UNSEEN}\u0300-\u036f\ufe00-\ufe0f\U000e0001\U000e007f"
    "\U000e0100-\U000e01ef]"
)
_MIXED = re.compile("(?<![a-z\u0370-\u058f])[a-z]{0,40}[\u0370-\u058f][a-z\u0370-\u058f]*")
_LATIN = re.compile("[a-z]{2,}")
_SIGNS = {
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u00ab": '"',
    "\u00bb": '"',
    "\u2010": "-",
    "\u2011": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u00f8": "o",
    "\u0142": "l",
    "\u0111": "d",
    "\u0131": "i",
    "\u0130": "i",
    "\u00df": "ss",
    "\u00e6": "ae",
    "\u0153": "oe",
}


@dataclass(frozen=True)
class Folded:
    """A text in the form in which words are looked up, and how many characters of it were not what they seem.

    `text` is lower case, without accents, invisible characters and look-alikes, made of `source`.
    """

    text: str
    source: str
    zero_width: int = 0
    bidirectional: int = 0
    tagged: int = 0
    look_alike: int = 0

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """The place in `source` of the characters `start` to `end` (exclusive) of `text`. Linear in `end`."""
        if self.source.isascii():
            return start, min(end, len(self.source))
        table = folding()
        at = 0
        first = last = len(self.source)
        for position, character in enumerate(self.source):
            if at <= start:
                first = position
            made = table.get(ord(character))
            at += 1 if made is None else len(made)
            if at >= end:
                last = position + 1
                break
        return min(first, last), last


@lru_cache(maxsize=1)
def folding() -> dict[int, str]:
    """What a character becomes, by its code point; those that stay as they are have no entry."""
    table: dict[int, str] = {}
    for first, last in _COMPATIBLE:
        for code in range(first, last):
            bare = "".join(
                c for c in unicodedata.normalize("NFKD", chr(code)) if not unicodedata.combining(c)
            )
            if bare and bare.isascii() and bare != chr(code):
                table[code] = bare.lower()
    for code in range(*_TAGS):
        table[code] = chr(code - 0xE0000)
    for letter in range(26):
        table[_REGIONAL + letter] = chr(ord("a") + letter)
    table.update({ord(sign): made for sign, made in _SIGNS.items()})
    for first, last in (
        (0x00AD, 0x0370),
        (0x0600, 0x1900),
        (0x2000, 0x2070),
        (0x3160, 0x3170),
        (0xFE00, 0xFFA1),
    ):
        table.update({code: "" for code in range(first, last) if _REMOVED.match(chr(code))})
    table.update({code: latin for code, latin in look_alikes().items() if not 0x370 <= code < 0x590})
    table.update(dict.fromkeys((917505, 917631, *range(917760, 918000)), ""))
    return table


@lru_cache(maxsize=1)
def look_alikes() -> dict[int, str]:
    """The Latin letter that a letter of another script looks like, by its code point."""
    text = resources.files(__package__).joinpath("homoglyphs.json").read_text(encoding="utf-8")
    return {ord(other): latin for latin, others in json.loads(text)["letters"].items() for other in others}


def fold(text: str) -> Folded:
    """The folded form of a text. Linear in its length."""
    if text.isascii():
        return Folded(text.lower(), text)
    made = text.translate(folding()).lower()
    imitated = 0
    latin = len(_LATIN.findall(made))

    def seen(found: re.Match[str]) -> str:
        nonlocal imitated
        word = found[0]
        plain = word.translate(look_alikes())
        mixed = any(character.isascii() for character in word)
        if plain.isascii() and (mixed or (len(word) > 2 and latin > 3)):
            imitated += 1
            return plain
        return word

    made = _MIXED.sub(seen, made) if not made.isascii() else made
    return Folded(
        made,
        text,
        zero_width=len(_ZERO_WIDTH.findall(text)),
        bidirectional=len(_BIDIRECTIONAL.findall(text)),
        tagged=len(_TAGGED.findall(text)),
        look_alike=imitated,
    )
