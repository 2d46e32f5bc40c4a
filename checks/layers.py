"""Who may import whom, where import-linter cannot say it: by name, and for packages still to come.

The order of the layers themselves is a contract of import-linter in pyproject.toml.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checks.tree import Finding, Source, Tree

PACKAGE = "src/pilothouse"
CORE = frozenset({"errors", "settings", "kit", "runtime"})
FRONT_ENDS = frozenset({"fastapi", "starlette", "uvicorn", "typer", "click", "rich"})
NOT_DOMAINS = frozenset({"kit", "runtime", "apps", "api", "cli", "migrations"})
DOORS = frozenset({"service", "schemas"})  # what one domain may import of another
OPEN = frozenset({"resilience"})  # domains that are used alone, too: their public names are a door


def place(source: Source) -> list[str]:
    """The name of a module below `pilothouse`, in parts: src/pilothouse/runs/tables.py is runs, tables."""
    parts = source.path.removeprefix(f"{PACKAGE}/").removesuffix(".py").split("/")
    return parts[:-1] if parts[-1] == "__init__" else parts


def part(source: Source) -> str:
    """The part of `pilothouse` that a module belongs to: src/pilothouse/runs/tables.py to runs."""
    return (place(source) or [""])[0]


def imported(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Line and full dotted name, in parts, of everything a module imports; relative ones are resolved."""
    package = ["pilothouse", *place(source)]
    if source.name != "__init__.py":
        package = package[:-1]
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            yield from ((node.lineno, [*base, alias.name]) for alias in node.names)


def core_imports(tree: Tree) -> Iterator[Finding]:
    """`kit` and `runtime`, and what lies below them, know nothing of HTTP and terminals."""
    for source in tree.python(PACKAGE):
        if part(source) not in CORE:
            continue
        for line, name in imported(source):
            if name[0] in FRONT_ENDS:
                yield source.finding(
                    line,
                    f"{part(source)} imports {name[0]}",
                    "keep HTTP in a domain's endpoints.py and the terminal in cli",
                )


def domains(tree: Tree) -> frozenset[str]:
    """The packages of the tree that are domains."""
    places = (source.path.removeprefix(f"{PACKAGE}/").split("/") for source in tree.python(PACKAGE))
    return frozenset(parts[0] for parts in places if len(parts) > 1) - NOT_DOMAINS


def domain_imports(tree: Tree) -> Iterator[Finding]:
    """A domain imports another domain's `service` and `schemas` only."""
    every = domains(tree)
    for source in tree.python(PACKAGE):
        if part(source) not in every:
            continue
        others = every - {part(source)}
        for line, name in imported(source):
            package, other, door = [*name, "", ""][:3]
            public = other in OPEN and exports(tree, other, door)
            if package == "pilothouse" and other in others and door not in DOORS and not public:
                yield source.finding(
                    line,
                    f"{part(source)} imports {'.'.join(name)}",
                    f"ask pilothouse.{other}.service, or take a type from pilothouse.{other}.schemas",
                )


def exports(tree: Tree, domain: str, name: str) -> bool:
    """Whether a domain's `__init__.py` exports a name."""
    for source in tree.python(f"{PACKAGE}/{domain}"):
        if source.path == f"{PACKAGE}/{domain}/__init__.py":
            return any(
                isinstance(node, ast.Assign)
                and any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets)
                and name in ast.literal_eval(node.value)
                for node in source.nodes
            )
    return False


def app_imports(tree: Tree) -> Iterator[Finding]:
    """An application imports the public names of `pilothouse` and its own package, as anyone's would."""
    modules = {source.path.removeprefix(f"{PACKAGE}/").split("/")[0] for source in tree.python(PACKAGE)}
    inner = {name.removesuffix(".py") for name in modules} - {"__init__"}
    for source in tree.python(f"{PACKAGE}/apps"):
        own = place(source)[:2]
        for line, name in imported(source):
            public = len(name) == 2 and name[1] not in inner
            if name[0] != "pilothouse" or len(name) == 1 or public or (len(own) == 2 and name[1:3] == own):
                continue
            yield source.finding(
                line,
                f"an application imports {'.'.join(name)}",
                "import a public name of pilothouse; if it lacks one, that is what to add",
            )
