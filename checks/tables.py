"""Every row belongs to a tenant, from the first migration on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from checks.tree import Finding, Source, Tree

OWNER = "tenant_id"
# Tenants, what serves all of them, and what is said of the database itself.
OF_EVERYONE = frozenset(
    {"tenants", "workers", "schema_state", "incarnations", "backups", "sign_in_failures", "sign_in_links"}
    | {"breaker_overrides", "breaker_reports"}
)
CREATE_TABLE = re.compile(
    r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?[\"\w.{}]*?(\w+)\"?\s*\(([^;]*)", re.IGNORECASE
)
REMEDY = f"add a {OWNER} column: rows of one tenant must never be seen by another"


def fields(table: ast.ClassDef) -> set[str]:
    """The names that a class body gives a value or a type."""
    names: set[str] = set()
    for node in table.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        names |= {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)  # a declared_attr of a mixin
    return names


def base_names(table: ast.ClassDef) -> list[str]:
    """The last names of a class's bases."""
    return [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in table.bases]


def owned(
    table: ast.ClassDef, classes: Mapping[str, ast.ClassDef], seen: frozenset[str] = frozenset()
) -> bool:
    """Whether a class or any of its bases in the tree has the tenant's column."""
    if OWNER in fields(table):
        return True
    bases = (classes[name] for name in base_names(table) if name in classes and name not in seen)
    return any(owned(base, classes, seen | {table.name}) for base in bases)


def table_name(table: ast.ClassDef) -> str | None:
    """The value of `__tablename__`, or None where a class is no table."""
    for node in table.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__tablename__")], value=ast.Constant(value=str(name))):
                return name
            case ast.AnnAssign(target=ast.Name(id="__tablename__"), value=ast.Constant(value=str(name))):
                return name
            case _:
                continue
    return None


def created_table(call: ast.Call) -> str | None:
    """The table that `Table("name", ...)` or `op.create_table("name", ...)` makes, or None."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    match call.args:
        case [ast.Constant(value=str(table)), *rest] if rest and name in ("Table", "create_table"):
            return table
        case _:
            return None


def mentions_owner(node: ast.AST) -> bool:
    """Whether a call names the tenant's column, or spreads columns that a name says are the tenant's."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Constant) and inner.value == OWNER:
            return True
        if isinstance(inner, ast.Starred) and "tenant" in ast.dump(inner.value):
            return True
    return False


def orphans(source: Source, classes: Mapping[str, ast.ClassDef]) -> Iterator[tuple[int, str]]:
    """Line and name of every table in a file whose rows belong to no tenant."""
    for node in source.nodes:
        match node:
            case ast.ClassDef():
                name = table_name(node)
                if name and not owned(node, classes):
                    yield node.lineno, name
            case ast.Call():
                name = created_table(node)
                if name and not mentions_owner(node):
                    yield node.lineno, name
            case ast.Constant(value=str(text)):
                for found in CREATE_TABLE.finditer(text):
                    if OWNER not in found[2]:
                        yield node.lineno + text.count("\n", 0, found.start()), found[1]
            case _:
                continue


def tables_without_tenant(tree: Tree) -> Iterator[Finding]:
    """Every table, however it is declared, has a `tenant_id`."""
    elsewhere = {"codegen", "publish"}  # tables of generated repositories and of reports, not of ours
    sources = [
        source for source in tree.python("src/pilothouse") if elsewhere.isdisjoint(source.path.split("/"))
    ]
    nodes = (node for source in sources for node in source.nodes)
    classes = {node.name: node for node in nodes if isinstance(node, ast.ClassDef)}
    for source in sources:
        for line, name in orphans(source, classes):
            if name not in OF_EVERYONE:
                yield source.finding(line, f"the table {name} has no {OWNER}", REMEDY)
