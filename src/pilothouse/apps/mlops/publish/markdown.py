"""Writes Markdown from parts whose text may be hostile: everything is escaped, tables stay tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPECIAL = re.compile(r"([\\`*\[\]<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")
_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_OPENING = re.compile(r"^(?=[#+=-])|^\d+(?=[.)](?:\s|$))")
"""What would begin a heading, a list or a rule: the sign after it is to be escaped."""


def text(words: str) -> str:
    """`words` as plain text on one line: nothing in it is markup, and no HTML."""
    flat = _SPECIAL.sub(lambda found: _HTML.get(found[0], f"\\{found[0]}"), " ".join(words.split()))
    return _OPENING.sub(lambda found: found[0] + "\\", flat, count=1)


def quote(words: str) -> str:
    """A quotation, line by line."""
    return "\n".join(f"> {text(line)}".rstrip() for line in words.splitlines() or [""])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are escaped."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def bullets(items: Iterable[str]) -> str:
    """A list; items are escaped."""
    return "\n".join(f"- {text(item)}" for item in items)


def _cell(words: str) -> str:
    return text(words) or " "
