"""Renders template files, with the marks of ERB (`<%= name %>`), which no generated language uses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

FOLDER = Path(__file__).parent / "templates"
SUFFIX = ".j2"

_BLANK_LINES = re.compile(r"\n{4,}")


def layer(name: str) -> Iterator[tuple[str, str]]:
    """(path in the repository, template) of every file under templates/layers/`name`, sorted."""
    root = FOLDER / "layers" / name
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        path = re.sub(r"(^|/)dot\.", r"\1.", file.relative_to(root).as_posix().removesuffix(SUFFIX))
        yield path, file.relative_to(FOLDER).as_posix()


def render(template: str, values: Mapping[str, object]) -> str:
    """One template with `values`; a name it does not get is an error. Files without the suffix are copied."""
    if not template.endswith(SUFFIX):
        return _plain(template)
    return tidy(_template(template).render(values))


def tidy(text: str) -> str:
    """At most two blank lines in a row, none at the start, and one line end at the end."""
    return _BLANK_LINES.sub("\n\n\n", text).strip("\n") + "\n"


def cell(text: object) -> str:
    """Text for one cell of a Markdown table: no bar that would end the cell."""
    return line(text).replace("|", "\\|")


def line(text: object) -> str:
    """Text for one line of Markdown: no line end, and nothing that reads as a tag."""
    return " ".join(str(text).split()).replace("<", "&lt;").replace(">", "&gt;")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<%=",
        variable_end_string="%>",
        comment_start_string="<%#",
        comment_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - it writes source code, not HTML
        auto_reload=False,
        optimized=False,
    )
    environment.filters |= {"cell": cell, "line": line}
    return environment


@cache
def _template(name: str) -> Template:
    return _environment().get_template(name)


@cache
def _plain(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")
