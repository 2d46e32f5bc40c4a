"""Queries live in repositories: SQL elsewhere would miss tenancy, and nobody would look for it there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from checks.tree import Finding, Source, Tree

HOME_FILES = ("repository.py", "tables.py")
HOME_FOLDERS = ("src/pilothouse/kit/", "src/pilothouse/runtime/")
HOME_PARTS = frozenset({"migrations", "repository"})
GENERATORS = frozenset({"codegen"})  # folders that write programs for others: their texts may hold SQL

BUILDERS = frozenset({"select", "insert", "update", "delete", "text", "union", "union_all", "exists"})
RUNNERS = frozenset({"execute", "executemany", "exec_driver_sql", "scalar", "scalars"})
SQL = re.compile(
    r"\s*(?:WITH\s+\w+\s+AS\s|SELECT\s[\s\S]*\sFROM\s|SELECT\s+\w+\(|INSERT\s+INTO\s|UPDATE\s+\S+\s+SET\s|DELETE\s+FROM\s"
    r"|(?:CREATE|ALTER|DROP)\s+(?:UNIQUE\s+)?(?:TABLE|INDEX|ROLE|DATABASE|SCHEMA|EXTENSION|POLICY|VIEW)\s)",
    re.IGNORECASE,
)
REMEDY = "move the query into the domain's repository.py"


def may_query(source: Source) -> bool:
    """Whether a file is one of those that queries belong in."""
    parts = source.path.split("/")
    return parts[-1] in HOME_FILES or source.path.startswith(HOME_FOLDERS) or bool(HOME_PARTS & {*parts[:-1]})


def builder_names(source: Source) -> tuple[set[str], set[str]]:
    """The names under which SQLAlchemy's query builders, and SQLAlchemy itself, are known in a file."""
    functions: set[str] = set()
    modules: set[str] = set()
    for node in source.nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            functions |= {alias.asname or alias.name for alias in node.names if alias.name in BUILDERS}
        elif isinstance(node, ast.Import):
            names = (alias for alias in node.names if alias.name.split(".")[0] == "sqlalchemy")
            modules |= {alias.asname or "sqlalchemy" for alias in names}
    return functions, modules


def query_call(node: ast.Call, functions: set[str], modules: set[str]) -> str | None:
    """The name of what builds or runs a query in a call, or None where it does neither."""
    match node.func:
        case ast.Name(id=name) if name in functions:
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in modules and name in BUILDERS:
            return f"{owner}.{name}"
        case ast.Attribute(attr=name) if name in RUNNERS:
            return f".{name}"
        case _:
            return None


def is_sql(text: str) -> bool:
    """Whether a text begins as a statement. With one capital it is a sentence: "Select a region"."""
    return SQL.match(text) is not None and not text.split(maxsplit=1)[0].istitle()


def sql_literals(source: Source) -> Iterator[int]:
    """The lines at which a string that is SQL begins."""
    if GENERATORS & {*source.path.split("/")[:-1]}:
        return
    for node in source.nodes:
        match node:
            case ast.Constant(value=str(text)) if is_sql(text):
                yield node.lineno
            case _:
                continue


def queries_elsewhere(tree: Tree) -> Iterator[Finding]:
    """No query is built, run or written outside repositories, tables, migrations, kit and runtime."""
    for source in tree.python("src/pilothouse"):
        if may_query(source):
            continue
        functions, modules = builder_names(source)
        for node in source.nodes:
            name = query_call(node, functions, modules) if isinstance(node, ast.Call) else None
            if name:
                yield source.finding(getattr(node, "lineno", 1), f"{name}(...) outside a repository", REMEDY)
        for line in sql_literals(source):
            yield source.finding(line, "SQL outside a repository", REMEDY)
