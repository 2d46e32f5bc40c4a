"""Checks a module call: its source exists, and exactly the variables it declares are passed."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from lark import Token

from pilothouse.apps.mlops.validators.model import Finding
from pilothouse.apps.mlops.validators.terraform.expressions import INDEX, references
from pilothouse.apps.mlops.validators.terraform.module import Attribute, Block, Module

_META = {"source", "version", "providers", "count", "for_each", "depends_on"}


def child_of(call: Block, modules: Mapping[str, Module]) -> Module | None:
    """The module in this repository that a call means; None for registries and folders that do not exist."""
    source = _source(call)
    if source is None or not source.startswith(("./", "../")):
        return None
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(call.path), source))
    return modules.get(folder)


def check_call(call: Block, module: Module, modules: Mapping[str, Module]) -> Iterator[Finding]:
    """What is wrong with one call of a module, and with the providers it names."""
    name = ".".join(call.labels)
    source = _source(call)
    child = child_of(call, modules)
    if source is None:
        yield _finding(call, call.line, "module-source", f"Module {name!r} has no source.")
    elif source.startswith(("./", "../")) and child is None:
        at = call.attribute("source")
        message = f"Module {name!r}: {source} holds no Terraform files."
        yield _finding(call, at.line if at else call.line, "module-source", message)
    if child is not None:
        yield from _arguments(call, child)
    yield from _providers(call, module)


def _arguments(call: Block, child: Module) -> Iterator[Finding]:
    variables = child.named("var")
    passed = [item for item in call.attributes if item.name not in _META]
    for item in passed:
        if item.name not in variables:
            message = f"The module in {child.folder} declares no variable {item.name!r}."
            yield _finding(call, item.line, "unknown-argument", message)
    given = {item.name for item in passed}
    for name, variable in variables.items():
        if name not in given and variable.attribute("default") is None:
            label = ".".join(call.labels)
            message = f"Module {label!r} needs {name!r}: {variable.path} declares it without a default."
            yield _finding(call, call.line, "missing-argument", message)


def _providers(call: Block, module: Module) -> Iterator[Finding]:
    """Aliased providers that a call passes on must be configured in, or handed to, the calling module."""
    passed = call.attribute("providers")
    known = _aliases(module)
    for found in references(passed.value) if passed else ():
        if len(found.chain) == 2 and found.chain[1] != INDEX and found.chain not in known:
            message = f"No provider {found.chain[0]!r} with the alias {found.chain[1]!r} is configured here."
            yield _finding(call, found.line, "unknown-provider", message)


def _aliases(module: Module) -> set[tuple[str, ...]]:
    own = {
        (block.labels[0], _text(alias))
        for block in module.of_kind("provider")
        if (alias := block.attribute("alias")) is not None
    }
    required = [inner for block in module.of_kind("terraform") for inner in block.blocks]
    handed = {
        found.chain
        for inner in required
        if inner.kind == "required_providers"
        for item in inner.attributes
        for found in references(item.value)
    }
    return own | handed


def _source(call: Block) -> str | None:
    source = call.attribute("source")
    return _text(source) if source else None


def _text(item: Attribute) -> str:
    """The text of an attribute that is a plain string."""
    return "".join(
        str(token) for token in item.value.scan_values(lambda value: isinstance(value, Token))
    ).strip('"')


def _finding(call: Block, line: int, rule: str, message: str) -> Finding:
    return Finding(path=call.path, line=line, rule=rule, message=message)
