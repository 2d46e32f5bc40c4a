"""Phrases that tell something, from cues.toml: each group maps a meaning to the phrases that carry it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Cues:
    """Groups of meanings, each with one pattern of all its phrases (regular expressions, between words)."""

    groups: Mapping[str, Mapping[str, re.Pattern[str]]]

    def all(self, group: str, message: str) -> dict[str, str]:
        """The meanings of a group that a message carries, each with the words that do."""
        plain = message.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        found = ((meaning, pattern.search(plain)) for meaning, pattern in self.groups[group].items())
        return {meaning: hit[0] for meaning, hit in found if hit}

    def first(self, group: str, message: str) -> str | None:
        """The first meaning of a group that a message carries, in the order of the file."""
        return next(iter(self.all(group, message)), None)

    def whole(self, group: str, message: str) -> str | None:
        """The meaning of a message that says nothing else, however it is punctuated."""
        plain = " ".join(
            re.sub(r"[^\w']+", " ", message.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")).split()
        )
        for meaning, pattern in self.groups[group].items():
            rest = pattern.sub(" ", plain)
            if rest != plain and not rest.strip():
                return meaning
        return None


@lru_cache(maxsize=1)
def cues() -> Cues:
    """The cues that ship, read once."""
    text = (Path(__file__).parent / "cues.toml").read_text(encoding="utf-8")
    return Cues(
        {
            group: {meaning: _pattern(phrases) for meaning, phrases in meanings.items()}
            for group, meanings in tomllib.loads(text).items()
        }
    )


def _pattern(phrases: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?!\w)", re.IGNORECASE)
