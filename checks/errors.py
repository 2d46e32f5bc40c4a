"""A caught `Exception` is recorded or raised, never swallowed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checks.tree import Finding, Tree

BROAD = frozenset({"Exception", "BaseException"})
REMEDY = "catch the specific error, or record this one where the reader will look, or raise it"


def broad(kind: ast.expr | None) -> bool:
    """Whether an `except` clause of this kind catches everything."""
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(one, ast.Name) and one.id in BROAD for one in kinds)


def recorded(handler: ast.ExceptHandler) -> bool:
    """Whether a handler raises, uses the error it caught, or logs it with its traceback."""
    for node in (inner for statement in handler.body for inner in ast.walk(statement)):
        if isinstance(node, ast.Raise):
            return True
        if handler.name and isinstance(node, ast.Name) and node.id == handler.name:
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "exception":
                return True
            if any(keyword.arg == "exc_info" for keyword in node.keywords):
                return True
    return False


def suppresses_everything(call: ast.Call) -> bool:
    """Whether a call is `suppress(Exception)`."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name == "suppress" and any(broad(kind) for kind in call.args)


def swallowed_errors(tree: Tree) -> Iterator[Finding]:
    """No handler of `Exception` loses the error."""
    for source in tree.python():
        if source.path.startswith("tests/"):
            continue  # a workflow under test may swallow everything on purpose
        for node in source.nodes:
            if isinstance(node, ast.ExceptHandler) and broad(node.type) and not recorded(node):
                yield source.finding(node.lineno, "every error is caught here and lost", REMEDY)
            elif isinstance(node, ast.Call) and suppresses_everything(node):
                yield source.finding(node.lineno, "every error is suppressed here", REMEDY)
