"""Writes HCL: literals, aligned attributes and blocks, in the form that `terraform fmt` leaves as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

Literal: TypeAlias = str | int | float | bool | Sequence["Literal"] | Mapping[str, "Literal"] | None
"""A value as it stands in a `.tfvars` file."""

WIDTH = 110


def literal(value: Literal, indent: int = 0) -> str:
    """`value` as an HCL expression; collections that do not fit a line are broken, one item a line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return f"{value:.10g}"
        case str():
            return quoted(value)
        case Mapping():
            inner = [(key, literal(item, indent + 2)) for key, item in value.items()]
            flat = "{ " + ", ".join(f"{key} = {item}" for key, item in inner) + " }" if inner else "{}"
            return flat if len(flat) + indent <= WIDTH else braced(inner, indent)
        case _:
            return listed([literal(item, indent + 2) for item in value], indent)


def quoted(text: str) -> str:
    """`text` as a string literal, with quotes, backslashes, line ends and template marks escaped.

    Marks are written by the code of their first character: of `$${` python-hcl2 wants to see the end, too.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + escaped.replace("${", "\\u0024{").replace("%{", "\\u0025{") + '"'


def listed(items: Sequence[str], indent: int = 0) -> str:
    """A list of expressions, on one line where it fits."""
    flat = f"[{', '.join(items)}]"
    if len(flat) + indent <= WIDTH and "\n" not in flat:
        return flat
    pad = " " * (indent + 2)
    return "[\n" + "".join(f"{pad}{item},\n" for item in items) + " " * indent + "]"


def braced(items: Iterable[tuple[str, str]], indent: int = 0) -> str:
    """An object over several lines, its equals signs aligned."""
    return "{\n" + attributes(items, indent + 2) + " " * indent + "}"


def attributes(items: Iterable[tuple[str, str]], indent: int = 2) -> str:
    """Lines of `name = expression`; neighbours of one line each are aligned, as `terraform fmt` does."""
    pad = " " * indent
    lines: list[str] = []
    group: list[tuple[str, str]] = []

    def flush() -> None:
        width = max((len(name) for name, _ in group), default=0)
        lines.extend(f"{pad}{name:<{width}} = {value}" for name, value in group)
        group.clear()

    for name, value in items:
        if "\n" in value:
            flush()
            lines.append(f"{pad}{name} = {value}")
        else:
            group.append((name, value))
    flush()
    return "".join(f"{line}\n" for line in lines)


def block(header: str, items: Iterable[tuple[str, str]]) -> str:
    """A block at the top level: `header` is its type with its labels."""
    return f"{header} {{\n{attributes(items)}}}\n"
