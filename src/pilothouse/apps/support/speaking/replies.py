"""The desk's replies, from replies.toml: one line for each thing it may say, in each language that it has."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter

from pilothouse.apps.support.proposals import Say

FALLBACK = "en"
"""The language of a reply to a customer whose own the desk does not have."""


def languages() -> frozenset[str]:
    """The languages in which the desk replies, as ISO 639-1 codes."""
    return frozenset(_lines())


def spoken(say: Say, language: str | None) -> str:
    """A line in a language. What stands in a place is put there as it is, and never read as a template."""
    lines = _lines()
    chosen = lines[language] if language in lines else lines[FALLBACK]
    words = {name: _translated(name, value, chosen) for name, value in say.places.items()}
    return Formatter().vformat(chosen[say.line], (), words)


def _translated(place: str, value: str, lines: Mapping[str, str]) -> str:
    """A value that is one of ours, such as an order's state, in the language; another one as it is."""
    if place == "parts":
        return ", ".join(lines[f"part_{part}"] for part in value.split("+"))
    return lines.get(f"{place}_{value}", value)


@lru_cache(maxsize=1)
def _lines() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "replies.toml").read_text(encoding="utf-8"))
