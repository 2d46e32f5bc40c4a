"""Patterns whose time is linear in the text (RE2), over texts of one byte a character."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import re2

MEMORY = 128 * 1024 * 1024
"""Bytes that a set may fill with states; it starts afresh when they are used up."""
NOWHERE = (-1, -1)

Search = Callable[[bytes, int, int], tuple[int, int]]
"""Where a pattern, or its first group if it has one, stands first between two places; or `NOWHERE`."""


def options(*, memory: int = 8 * 1024 * 1024, captures: bool = True) -> re2.Options:
    """How every pattern is read: Latin-1, so that one byte is one character."""
    chosen = re2.Options()
    chosen.encoding = re2.Options.Encoding.LATIN1
    chosen.log_errors = False
    chosen.max_mem = memory
    chosen.never_capture = not captures
    return chosen


def searcher(pattern: str) -> Search:
    """Compiles a pattern of RE2; raises `re2.error` where it is none.

    Calls what google-re2's own `search` calls: its match objects cost several times the search itself.
    """
    compiled = re2.compile(pattern.encode("latin-1"), options())
    anchor = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001 - has no public name
    match = compiled._regexp.Match  # noqa: SLF001 - as said above
    group = min(compiled.groups, 1)

    def search(text: bytes, start: int, end: int) -> tuple[int, int]:
        found: tuple[int, int] = match(anchor, text, start, end)[group]
        return found

    return search


def several(patterns: Sequence[str]) -> re2.Set:
    """All patterns as one automaton, whose time for a text does not grow with their number."""
    found = re2.Set.SearchSet(options(memory=MEMORY, captures=False))
    for pattern in patterns:
        found.Add(pattern.encode("latin-1"))
    found.Compile()
    return found
