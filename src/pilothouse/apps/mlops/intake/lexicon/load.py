"""Loads the tables of words and arranges them so that a text is matched in one pass.

A table is a text file of blocks: a line `field = value @ confidence`, then indented lines of phrases
separated by "|". Phrases are folded (lower case, no accents, no hyphens, slashes or apostrophes). In a
phrase, "stem*" stands for any word that begins with stem, "*stem" for any that ends with it, and a lone
"~" for up to three words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from pilothouse.apps.mlops.requirements import Cloud, ModelFamily, Regime, Skill, UseCase, Workload

TABLES = (
    *("cues", "polarity", "use_cases", "workloads", "models", "clouds", "places", "rules", "people"),
    *("technologies", "sources", "schedule"),
)
STEM = 4
"""Phrases that begin with a wildcard word are found by this many letters of it."""


def _truth(value: str) -> bool:
    return value == "true"


_TYPES: Mapping[str, Callable[[str], object]] = {
    "use_case": UseCase,
    "workload": Workload,
    "model_family": ModelFamily,
    "cloud": Cloud,
    "provider": Cloud,
    "compliance": Regime,
    "team_skill": Skill,
    "team_size": int,
    **dict.fromkeys(
        (
            "gpu",
            "on_premises",
            "open_source_only",
            "personal_data",
            "explainability",
            "human_review",
            "offline",
        ),
        _truth,
    ),
    **dict.fromkeys(
        (
            *("frequency", "retraining_days", "latency_ms", "latency_percentile", "availability"),
            *("throughput_rps", "data_volume_gb"),
        ),
        float,
    ),
}


def typed(field: str, value: str) -> object:
    """The written `value` of `field` with its type. Raises `ValueError` for an unknown one."""
    return _TYPES[field](value) if field in _TYPES else value


class Entry(NamedTuple):
    """One phrase, as words, and what it means: `field` has `value`, with `confidence` in [0, 1]."""

    words: tuple[str, ...]
    field: str
    value: object
    confidence: float


class Bucket:
    """The entries that share a first word, by their second one where it is a plain word."""

    __slots__ = ("by_second", "loose")

    def __init__(self) -> None:
        self.by_second: dict[str, list[Entry]] = {}
        self.loose: list[Entry] = []

    def add(self, entry: Entry) -> None:
        """File `entry`."""
        second = entry.words[1] if len(entry.words) > 1 else "~"
        if "*" in second or second == "~":
            self.loose.append(entry)
        else:
            self.by_second.setdefault(second, []).append(entry)


class Lexicon:
    """Entries by their first word: as it is, by its first four letters ("stem*") or its last ("*stem")."""

    __slots__ = ("exact", "prefix", "suffix")

    def __init__(self) -> None:
        self.exact: dict[str, Bucket] = {}
        self.prefix: dict[str, Bucket] = {}
        self.suffix: dict[str, Bucket] = {}

    def add(self, entry: Entry) -> None:
        """File `entry` under its first word."""
        first = entry.words[0]
        if first.endswith("*"):
            self.prefix.setdefault(first[:-1][:STEM], Bucket()).add(entry)
        elif first.startswith("*"):
            self.suffix.setdefault(first[-STEM:], Bucket()).add(entry)
        else:
            self.exact.setdefault(first, Bucket()).add(entry)

    def starting(self, word: str, following: str) -> Iterator[Entry]:
        """The entries that may begin with `word` and go on with `following`."""
        for bucket in (
            self.exact.get(word),
            self.prefix.get(word[:STEM]),
            self.prefix.get(word[: STEM - 1]),
            self.suffix.get(word[-STEM:]),
        ):
            if bucket is not None:
                yield from bucket.loose
                yield from bucket.by_second.get(following, ())


@cache
def lexicon() -> Lexicon:
    """All tables, loaded once; takes some milliseconds the first time."""
    loaded = Lexicon()
    for table in TABLES:
        for entry in parse(_read(table)):
            loaded.add(entry)
    return loaded


@cache
def names(field: str) -> Mapping[str, object]:
    """The values of `field` that the tables know, by their own names ("fraud detection", "new zealand")."""
    found: dict[str, object] = {}
    for table in TABLES:
        for entry in parse(_read(table)):
            if entry.field == field:
                name = str(getattr(entry.value, "value", entry.value))
                found[name.replace("_", " ").replace("-", " ")] = entry.value
    return found


def vocabulary(field: str) -> Mapping[str, str]:
    """The single words of the table of units that have `field` ("period", "noun" …), each with its value."""
    return _vocabularies()[field]


@cache
def _vocabularies() -> Mapping[str, Mapping[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for entry in parse(_read("units")):
        found.setdefault(entry.field, {})[entry.words[0]] = str(entry.value)
    return found


@cache
def common_words() -> Mapping[str, frozenset[str]]:
    """The commonest words of each language, by its ISO 639-1 code."""
    found: dict[str, set[str]] = {}
    for entry in parse(_read("languages")):
        found.setdefault(str(entry.value), set()).add(entry.words[0])
    return {code: frozenset(words) for code, words in found.items()}


def _read(table: str) -> str:
    return (resources.files(__package__) / "words" / f"{table}.txt").read_text(encoding="ascii")


def parse(table: str) -> Iterator[Entry]:
    """The entries of one table. Raises `ValueError` for a malformed head line or an unknown value."""
    field_, value, confidence = "", "", 0.0
    meaning: object = None
    for line in table.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            field_, _, rest = line.partition(" = ")
            value, _, certainty = rest.rpartition(" @ ")
            confidence = float(certainty)
            meaning = typed(field_, value)
            continue
        for phrase in line.split("|"):
            if words := tuple(phrase.split()):
                yield Entry(words, field_, meaning, confidence)
