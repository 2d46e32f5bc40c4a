"""Migrations run beside processes of the previous release: no index may keep their writes waiting."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from checks.tree import Finding, Source, Tree

FOLDER = "src/pilothouse/migrations/versions"
CREATE_TABLE = re.compile(r"\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?(\w+)", re.IGNORECASE)
CREATE_INDEX = re.compile(
    r"\bcreate\s+(?:unique\s+)?index\s+(?P<how>concurrently\s+)?(?:if\s+not\s+exists\s+)?\w+\s+"
    r"on\s+(?P<only>only\s+)?(?P<table>\w+)",
    re.IGNORECASE,
)
REWRITE = re.compile(
    r"\balter\s+table\s+(\w+)[^;]*?\b(?:drop\s+column|alter\s+column\s+\w+\s+(?:set\s+data\s+)?type"
    r"|set\s+not\s+null|rename\s+(?:column|to))\b",
    re.IGNORECASE,
)
BUILD = "write `create index concurrently` and execute it by pilothouse.migrations.statements"
LEAVE = "add what is new, and leave this to a post step (pilothouse.migrations.post)"


def texts(source: Source) -> Iterator[tuple[int, str]]:
    """The strings of a file outside its `downgrade` and its UNDO, each with its line."""
    skipped: set[int] = set()
    for part in source.syntax.body:
        named = getattr(part, "name", "")
        targets = [getattr(part, "target", None), *getattr(part, "targets", [])]
        undone = any(getattr(target, "id", "") == "UNDO" for target in targets)
        if named == "downgrade" or undone:
            skipped.update(range(part.lineno, (part.end_lineno or part.lineno) + 1))
    for node in source.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.lineno not in skipped:
            yield node.lineno, node.value


def unsafe_migrations(tree: Tree) -> Iterator[Finding]:
    """No migration but the first builds an index in front of writers, or changes what older code uses."""
    for source in tree.python(FOLDER):
        if "/0001_" in source.path:
            continue
        found = list(texts(source))
        made = {name.lower() for _, text in found for name in CREATE_TABLE.findall(text)}
        for line, text in found:
            for index in CREATE_INDEX.finditer(text):
                beside = index["how"] or index["only"] or index["table"].lower() in made
                if not beside:
                    yield source.finding(line, f"an index on {index['table']} stops its writers", BUILD)
            for change in REWRITE.finditer(text):
                if change[1].lower() not in made:
                    yield source.finding(line, f"{change[1]} is changed under older processes", LEAVE)
