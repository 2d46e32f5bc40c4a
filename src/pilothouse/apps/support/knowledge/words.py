"""Text as terms: words without endings, pairs of neighbouring words, sentences, and the letters of a word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import Stemmer

WORD = re.compile(r"\w+(?:'\w+)?")
SENTENCE_END = re.compile(r"(?<=[.!?:])[\"')\]]*\s+|\n+")
SHORTEST_SENTENCE = 12  # characters; anything shorter asks for nothing on its own


@lru_cache(maxsize=1)
def stop_words() -> frozenset[str]:
    """What almost every message contains, whatever it is about: the words of stop_words.txt."""
    lines = (Path(__file__).parent / "stop_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=8)
def likewise(language: str) -> dict[str, tuple[str, ...]]:
    """For each stem of likewise.txt the stems that mean the same; empty for languages other than English."""
    groups: dict[str, tuple[str, ...]] = {}
    lines = (Path(__file__).parent / "likewise.txt").read_text(encoding="utf-8").splitlines()
    for line in lines if language == "english" else ():
        if not line.startswith("#"):
            stems = tuple(dict.fromkeys(stem(word, language) for word in line.split()))
            groups |= {one: tuple(other for other in stems if other != one) for one in stems}
    return groups


@lru_cache(maxsize=8)
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """The word in lower case without its ending, by the Snowball rules of `language` (as "english")."""
    return str(_stemmer(language).stemWord(word))


def words(text: str, language: str) -> list[str]:
    """The stems of the words in their order, stop words left out."""
    found = WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    stopped = stop_words()
    return [stem(word, language) for word in found if word not in stopped]


def terms(stems: list[str]) -> list[str]:
    """The stems and each pair of neighbours: what the index counts."""
    return stems + [f"{one} {next_}" for one, next_ in pairwise(stems)]


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text that are long enough to mean something."""
    parts = (part.strip() for part in SENTENCE_END.split(text))
    return [part for part in parts if len(part) >= SHORTEST_SENTENCE]


def letters(word: str) -> Iterator[str]:
    """The runs of three letters of a word, its ends marked, so that beginnings count."""
    marked = f"^{word}$"
    for start in range(len(marked) - 2):
        yield marked[start : start + 3]
