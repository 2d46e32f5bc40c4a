"""How commands print: tables and sentences for people, JSON for programs. Rich is loaded when it is used."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

WIDE = 100_000
"""Columns where no terminal is: in a file or a pipe nothing is folded or cut off."""


def table(*headings: str, whole: Collection[str] = (), right: Collection[str] = ()) -> Table:
    """A table without lines. Columns named in `whole` are not cut off: they are what other commands take.

    Those named in `right` are figures.
    """
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        side: Literal["left", "right"] = "right" if heading in right else "left"
        made.add_column(heading, no_wrap=heading in whole, overflow="fold", justify=side)
    return made


def listed(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    otherwise: str,
    *,
    whole: Collection[str] = (),
    styles: Iterable[str | None] | None = None,
) -> None:
    """Print rows as a table, each in its style if styles are given, or `otherwise` where there are none.

    Cells are plain text: nothing in them is taken for markup.
    """
    from rich.text import Text

    made = table(*headings, whole=whole)
    each = list(rows)
    for cells, style in zip(each, styles or [None] * len(each), strict=True):
        made.add_row(*map(Text, cells), style=style)
    if each:
        printed(made)
    else:
        sys.stdout.write(f"{otherwise}\n")


def facts(lines: Iterable[tuple[str, str]], styles: Mapping[str, str] | None = None) -> None:
    """Print what is known of one thing: a line for each name, unless nothing is known of it."""
    from rich.text import Text

    made = table("", "")
    made.show_header = False
    for name, text in lines:
        if text:
            made.add_row(Text(name, "dim"), Text(text, (styles or {}).get(name, "")))
    printed(made)


def printed(what: RenderableType) -> None:
    """Print for people."""
    from rich.console import Console

    Console(width=None if sys.stdout.isatty() else WIDE).print(what, highlight=False)


def document(what: Any) -> None:
    """Print for programs: one JSON document; models are shown as the API shows them."""
    shown = what.model_dump(mode="json") if hasattr(what, "model_dump") else what
    sys.stdout.write(json.dumps(shown, indent=2, default=str) + "\n")
