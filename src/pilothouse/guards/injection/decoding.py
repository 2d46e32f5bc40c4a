"""Segments of a text that say something else once decoded: base64, hex, binary, escapes, turned letters.

Everything here is linear in the text: a segment is decoded at most twice, and what comes out is never
longer than what went in.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from pilothouse.guards.injection.reading import word_classes

MOST_SEGMENTS = 64
"""Encoded segments of one kind that are looked at in one text."""
LONGEST_SEGMENT = 8_192
"""Characters of one segment that are decoded."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,8192}={0,2}")
_HEX = re.compile(r"(?:[2-7][0-9a-fA-F][ :,]?){8,4096}|(?:\\x[0-9a-fA-F]{2}){6,2048}")
_BINARY = re.compile(r"(?:[01]{8}[ ,]?){4,1024}")
_PERCENT = re.compile(r"(?<![\w.+-])[\w.+-]{0,64}(?:%[0-9a-fA-F]{2}[\w.+-]{0,64}){3,512}")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}){4,1024}")
_ENTITIES = re.compile(r"(?:&#x?[0-9a-fA-F]{2,6};[ ]?){4,1024}")
_LEET_WORD = re.compile(r"(?<![\w@$])(?=[a-z0-9@$]{0,22}[0-9@$][a-z])[a-z0-9@$]{4,24}(?![\w@$])")
_LEET_SIGN = re.compile(r"[0-9@$][a-z]")
_LEET = str.maketrans("013457@$", "oieastas")
_SPELLED = re.compile(r"(?<!\w)\w([ ._*-])\w(?:\1\w){1,200}(?!\w)")
_WORDS = re.compile(r"[^\W\d_]{2,20}")

# Words so frequent in English, or in attacks, that three of them tell a decoded text from noise.
_FREQUENT = frozenset(
    (
        *(
            "the",
            "and",
            "you",
            "your",
            "to",
            "of",
            "is",
            "in",
            "it",
            "for",
            "that",
            "this",
            "with",
            "are",
            "not",
        ),
        *("all", "what", "ignore", "previous", "instructions", "instruction", "password", "secret", "system"),
        *("prompt", "reveal", "tell", "me", "say", "show", "give", "rules", "act", "user", "disregard"),
        *("forget", "now", "please", "how"),
    )
)
_ROT13_FREQUENT = frozenset(codecs.encode(word, "rot13") for word in _FREQUENT)
_REVERSED_FREQUENT = frozenset(word[::-1] for word in _FREQUENT if len(word) > 2)

_TURNED = frozenset({"rot13", "reversed"})

# One of these is in nearly every turned text of some length: a cheap look before the words are counted.
_TURNED_SIGNS = tuple(
    codecs.encode(word, "rot13") for word in ("the ", " and ", "you", "ignor", "password", "instruct")
)
_TURNED_SIGNS += tuple(word[::-1] for word in (" the ", " and ", "you ", "ignore", "password", "instruct"))


@dataclass(frozen=True)
class Decoded:
    """A segment (`start` to `end`, exclusive, of the text that was given) and what it says once decoded."""

    kind: str
    start: int
    end: int
    text: str


def decoded(text: str) -> Iterator[Decoded]:
    """The segments of a text, in its original case, that decode to readable words."""
    for one in _layer(text):
        inner = next((deeper for deeper in _layer(one.text) if _readable(deeper.text)), None)
        if inner is not None:
            yield Decoded(inner.kind, one.start, one.end, inner.text)
        elif one.kind in _TURNED or _readable(one.text):
            yield one


def _layer(text: str) -> Iterator[Decoded]:
    for kind, pattern, decode in _CODECS:
        if not _possible(kind, text):
            continue
        for found in islice(pattern.finditer(text), MOST_SEGMENTS):
            plain = decode(found[0][:LONGEST_SEGMENT])
            if plain is not None and plain.replace("\n", " ").isprintable():
                yield Decoded(kind, found.start(), found.end(), plain)
    yield from _whole(text)


def _possible(kind: str, text: str) -> bool:
    """Whether a cheap look allows a kind of segment at all."""
    if kind == "hex":  # lower case letters are 61 to 7a
        return "\\x" in text or text.count("6") + text.count("7") > 3
    return kind not in _SIGN_OF or _SIGN_OF[kind] in text


def _whole(text: str) -> Iterator[Decoded]:
    """Text in which all letters were replaced or turned round."""
    lower = text.lower()
    if not any(sign in lower for sign in _TURNED_SIGNS):
        return
    words = set(_WORDS.findall(lower))
    plain = len(_FREQUENT & words)
    turned = len(_ROT13_FREQUENT & words)
    if turned >= 2 and (turned > plain or turned >= 4):
        yield Decoded("rot13", 0, len(text), codecs.encode(text, "rot13"))
    back = len(_REVERSED_FREQUENT & words)
    if back >= 2 and (back > plain or back >= 4):
        yield Decoded("reversed", 0, len(text), text[::-1])


def plainer(folded: str) -> tuple[str, int]:
    """Folded text with leetspeak written in letters and spelled-out words joined; how many places that were.

    The length stays the same, so that places remain what they were.
    """
    count = 0
    classes = word_classes()

    def letters(found: re.Match[str]) -> str:
        nonlocal count
        plain = found[0].translate(_LEET)
        if not plain.isalpha() or classes.of(plain) is None:
            return found[0]
        count += 1
        return plain

    def joined(found: re.Match[str]) -> str:
        nonlocal count
        count += len(found[0]) > 6
        word = "".join(character for character in found[0] if character.isalnum())
        return word + " " * (len(found[0]) - len(word))

    made = _LEET_WORD.sub(letters, folded) if _LEET_SIGN.search(folded) else folded
    return _SPELLED.sub(joined, made), count


def _from_base64(segment: str) -> str | None:
    body = segment.rstrip("=").replace("-", "+").replace("_", "/")
    body = body[: len(body) - 1] if len(body) % 4 == 1 else body
    try:
        return base64.b64decode(body + "=" * (-len(body) % 4)).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _from_hex(segment: str) -> str | None:
    digits = "".join(character for character in segment if character in "0123456789abcdefABCDEF")
    try:
        return bytes.fromhex(digits).decode("utf-8")
    except ValueError:
        return None


def _from_binary(segment: str) -> str | None:
    bits = segment.replace(" ", "").replace(",", "")
    try:
        return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)).decode("utf-8")
    except ValueError:
        return None


def _from_escapes(segment: str) -> str | None:
    codes = re.findall(r"[0-9a-fA-F]{4}", segment)
    return "".join(chr(int(code, 16)) for code in codes)


def _readable(text: str) -> bool:
    """Whether a decoded text is words rather than bytes that happen to be letters."""
    if len(text) < 4:
        return False
    words = sum(map(len, _WORDS.findall(text)))
    return words * 10 >= len(text) * 6 and " " in text.strip()


_CODECS: tuple[tuple[str, re.Pattern[str], Callable[[str], str | None]], ...] = (
    ("binary", _BINARY, _from_binary),
    ("hex", _HEX, _from_hex),
    ("base64", _BASE64, _from_base64),
    ("percent", _PERCENT, lambda segment: unquote(segment.replace("+", " "))),
    ("escapes", _ESCAPES, _from_escapes),
    ("entities", _ENTITIES, html.unescape),
)
_SIGN_OF = {"binary": "01", "percent": "%", "escapes": "\\u", "entities": "&#"}
