"""Reads normalised text as the scorer sees it: passages of words, and the features of a passage.

A feature is a word, or two classes of words near each other (`override`, `instructions`), which hold across
languages. Classes go by a word's beginning (five letters), so that inflections fall together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from pilothouse.guards.injection.rules import RULES_BY_LAST

LONGEST_PASSAGE = 36
"""Words of a passage: longer sentences are cut."""
BEGINNING = 5
"""Letters of a word's beginning; `words.json` has entries of the same length."""
NEAR = 4
"""Words between two classes up to which they count as near each other."""

_WORD = re.compile(r"[^\W_]{1,40}")
_END = re.compile(r"[.!?\n;\u3002\uff01\uff1f|<>{}\[\]\"]+")
_UNSPACED = "\u2e80"  # first of the scripts that are read as pairs of characters


@dataclass(frozen=True)
class Classes:
    """Classes of words: by whole word, and by beginning."""

    words: Mapping[str, str]
    beginnings: Mapping[str, str]

    def of(self, word: str) -> str | None:
        """The class of a word, or None."""
        return self.words.get(word) or self.beginnings.get(word[:BEGINNING])


class Passage(NamedTuple):
    """A sentence, or a part of one: its place in the normalised text and its words."""

    start: int
    end: int
    words: tuple[str, ...]


@lru_cache(maxsize=1)
def word_classes() -> Classes:
    """The classes of `words.json`, read once."""
    text = resources.files(__package__).joinpath("words.json").read_text(encoding="utf-8")
    whole: dict[str, str] = {}
    beginnings: dict[str, str] = {}
    for name, listed in json.loads(text)["classes"].items():
        for word in listed.split():
            if word.endswith("-"):
                beginnings.setdefault(word[:-1], name)
            else:
                whole.setdefault(word, name)
    return Classes(whole, beginnings)


def passages(text: str) -> list[Passage]:
    """The passages of a normalised text that have words, in order. Linear in the text's length."""
    found: list[Passage] = []
    at = 0
    for end in _END.finditer(text):
        if end.start() > at:
            _cut(text, at, end.start(), "?" in end[0] or "\uff1f" in end[0], found)
        at = end.end()
    if at < len(text):
        _cut(text, at, len(text), False, found)
    return found


def _cut(text: str, start: int, end: int, asked: bool, into: list[Passage]) -> None:
    """Adds the passages of one sentence, which is a question where `asked`."""
    piece = text[start:end]
    words = _WORD.findall(piece)
    if not words:
        return
    if len(words) <= LONGEST_PASSAGE:
        if not piece.isascii():
            words = _unspaced(words)
        if asked:
            words.append("?")
        into.append(Passage(start, end, tuple(words[: 3 * LONGEST_PASSAGE])))
        return
    found = list(_WORD.finditer(piece))
    half = LONGEST_PASSAGE // 2
    for first in range(0, len(found) - half, half):  # overlapping, so that nothing is only seen cut in two
        part = found[first : first + LONGEST_PASSAGE]
        words = [word[0] for word in part]
        if not piece.isascii():
            words = _unspaced(words)
        into.append(
            Passage(start + part[0].start(), start + part[-1].end(), tuple(words[: 3 * LONGEST_PASSAGE]))
        )


def _unspaced(words: list[str]) -> list[str]:
    found: list[str] = []
    for word in words:
        if word[0] < _UNSPACED or len(word) < 2:
            found.append(word)
        else:
            found += [word[at : at + 2] for at in range(len(word) - 1)]
    return found


def features(words: tuple[str, ...], classes: Classes) -> tuple[list[str], list[str]]:
    """The features of a passage's words, and the rules that hold in it (`rules.py`), each once, in order."""
    found = dict.fromkeys(words)
    held: dict[str, None] = {}
    last: dict[str, int] = {}
    whole, begins = classes.words.get, classes.beginnings.get
    first = True
    before_class, before_at = "", -NEAR - 1
    for at, word in enumerate(words):
        name = whole(word) or begins(word[:BEGINNING])
        if not name:
            continue
        for first_class, rule in RULES_BY_LAST.get(name, ()):
            if first_class in last and rule.holds(last, at):
                held[rule.name] = None
        if at - before_at <= NEAR:
            found["#" + before_class + ">" + name] = None
        if first and at <= 1:
            held["!^" + name] = None
        first = False
        before_class, before_at = name, at
        last[name] = at
    return list(found), list(held)
