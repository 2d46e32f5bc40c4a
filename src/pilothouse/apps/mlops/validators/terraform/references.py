"""Checks that every Terraform address resolves: variables, locals, resources, data, modules, outputs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from lark import Token

from pilothouse.apps.mlops.validators.model import Finding, Severity, ValidatorResult, counted
from pilothouse.apps.mlops.validators.terraform.calls import check_call, child_of
from pilothouse.apps.mlops.validators.terraform.expressions import INDEX, UNREADABLE, Reference, references
from pilothouse.apps.mlops.validators.terraform.module import Block, Module, body, read_modules
from pilothouse.apps.mlops.validators.terraform.syntax import ParsedFile

_ALWAYS = frozenset({"path", "self", "terraform"})
"""Roots that Terraform itself provides (https://developer.hashicorp.com/terraform/language/expressions/references)."""

_TWO = {"var": "variable", "local": "local value"}
_UNREAD = {"terraform", "moved", "removed", "import"}
_UNREAD_ATTRIBUTES = {"variable": {"type"}, "lifecycle": {"ignore_changes"}}
_MEANT = re.compile(r"\$\$\{\s*(?:var|local|module|each|data|aws_\w+)\.")
_PROVIDERS = {"provider", "providers"}


def check_references(parsed: Sequence[ParsedFile]) -> ValidatorResult:
    """Resolve every reference, the arguments of every module call, and the keys of every `.tfvars` file."""
    modules = read_modules(parsed)
    findings: list[Finding] = []
    resolved = calls = 0
    for module in modules.values():
        findings += module.findings
        used: set[tuple[str, ...]] = set()
        for path, reference in _all(module):
            resolved += 1
            findings += _unresolved(path, reference, module, modules)
            used.add(reference.chain[:2])
        for call in module.of_kind("module"):
            calls += 1
            findings += check_call(call, module, modules)
        findings += _unused(module, used)
    findings += [item for one in parsed for item in _escaped(one)]
    findings += [item for one in parsed if one.path.endswith(".tfvars") for item in _values(one, modules)]
    return ValidatorResult.of(
        "terraform-references",
        findings,
        f"{counted(resolved, 'reference')} resolved in {counted(len(modules), 'module')}",
        f"{counted(calls, 'module call')} checked",
    )


def _all(module: Module) -> Iterator[tuple[str, Reference]]:
    for block in module.blocks:
        if block.kind not in _UNREAD:
            yield from ((block.path, found) for found in _within(block, frozenset()))


def _within(block: Block, bound: frozenset[str]) -> Iterator[Reference]:
    """References in a block; `each`, `count` and iterators of dynamic blocks are bound where they exist."""
    if block.attribute("for_each") is not None and block.kind != "dynamic":
        bound |= {"each"}
    if block.repeated:
        bound |= {"count"}
    unread = _UNREAD_ATTRIBUTES.get(block.kind, set()) | _PROVIDERS
    iterator = _iterator(block) if block.kind == "dynamic" else None
    for item in block.attributes:
        if item.name not in unread and not (iterator and item.name == "iterator"):
            yield from references(item.value, bound)
    for inner in block.blocks:
        yield from _within(inner, bound | {iterator} if iterator else bound)


def _iterator(block: Block) -> str:
    chosen = block.attribute("iterator")
    named = next(references(chosen.value), None) if chosen else None
    return named.chain[0] if named else block.labels[0]


def _unresolved(
    path: str, found: Reference, module: Module, modules: Mapping[str, Module]
) -> Iterator[Finding]:
    """What is wrong with one reference: nothing, or one finding."""
    message = _problem(found, module, modules)
    if message:
        yield Finding(path=path, line=found.line, rule="unresolved-reference", message=message)


def _problem(found: Reference, module: Module, modules: Mapping[str, Module]) -> str | None:
    root, names = found.chain[0], found.chain[1:]
    if root in _ALWAYS:
        return None
    if root == UNREADABLE:
        return f"{names[0]!r} in a heredoc is no expression."
    if root in {"each", "count"}:
        needs = "for_each" if root == "each" else "count"
        return f"{found.text} is used where no {needs} is set."
    size = 3 if root in {"data", "ephemeral"} else 2
    address = found.chain[:size]
    if len(address) < size or INDEX in address:
        return f"{found.text} is no reference: a name must follow."
    declared = module.declared.get(address)
    if declared is None:
        what = _TWO.get(
            root, "module call" if root == "module" else f"{root} resource" if size == 2 else "data source"
        )
        return f"{'.'.join(address)} is not declared: this module has no {what} {address[-1]!r}."
    if root not in _TWO and declared.repeated and len(found.chain) > size and found.chain[size] != INDEX:
        return f"{found.text} needs an index: {'.'.join(address)} has a count."
    return _output(found, declared, modules) if root == "module" and len(names) > 1 else None


def _output(found: Reference, call: Block, modules: Mapping[str, Module]) -> str | None:
    """Whether the module that is called has the output."""
    child = child_of(call, modules)
    output = next((name for name in found.chain[2:] if name != INDEX), None)
    if child is None or output is None or output in child.named("output"):
        return None
    return f"{found.text}: the module in {child.folder} has no output {output!r}."


def _escaped(parsed: ParsedFile) -> Iterator[Finding]:
    """`$${var.name}` is the text "${var.name}", which is hardly ever meant: a warning."""
    for token in parsed.tree.scan_values(_is_escape) if parsed.tree is not None else ():
        if _MEANT.match(str(token)):
            yield Finding(
                path=parsed.path,
                line=token.line,
                rule="escaped-reference",
                message=f'{token} is text, not a value; a dollar sign before a value is written as ${{"$"}}.',
                severity=Severity.WARNING,
            )


def _is_escape(token: object) -> bool:
    return isinstance(token, Token) and token.type == "ESCAPED_INTERPOLATION"


def _unused(module: Module, used: set[tuple[str, ...]]) -> Iterator[Finding]:
    """Variables and local values that nothing reads: a warning."""
    for address, block in module.declared.items():
        if address[0] in _TWO and address not in used:
            item = block.attribute(address[1]) if address[0] == "local" else None
            yield Finding(
                path=block.path,
                line=item.line if item else block.line,
                rule="unused-declaration",
                message=f"{'.'.join(address)} is never used.",
                severity=Severity.WARNING,
            )


def _values(parsed: ParsedFile, modules: Mapping[str, Module]) -> Iterator[Finding]:
    """A `.tfvars` file sets variables of the nearest module above it, to constants."""
    if parsed.tree is None:
        return
    parents = [str(parent) for parent in PurePosixPath(parsed.path).parents]
    module = next((modules[parent] for parent in parents if parent in modules), None)
    variables = module.named("var") if module else {}
    for item in body(parsed.path, parsed.tree).attributes:
        if item.name not in variables:
            message = (
                f"No variable {item.name!r} is declared in {module.folder if module else 'a folder above'}."
            )
            yield Finding(path=parsed.path, line=item.line, rule="unknown-variable", message=message)
        for found in references(item.value):
            message = f"{found.text}: a value in a .tfvars file is a constant."
            yield Finding(path=parsed.path, line=found.line, rule="not-a-constant", message=message)
