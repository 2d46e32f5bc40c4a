"""A Terraform module as declared: its blocks, and the addresses that expressions may use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeAlias

from lark import Token

from pilothouse.apps.mlops.validators.model import Finding
from pilothouse.apps.mlops.validators.terraform.syntax import Node, ParsedFile, line_of, subtrees

Address: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class Attribute:
    """`name = expression` in a block."""

    name: str
    line: int
    value: Node


@dataclass(frozen=True)
class Block:
    """One block: its type and labels, where it stands, and what is in it."""

    path: str
    line: int
    kind: str
    labels: tuple[str, ...]
    attributes: tuple[Attribute, ...]
    blocks: tuple[Block, ...]

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, or None."""
        return next((item for item in self.attributes if item.name == name), None)

    @property
    def repeated(self) -> bool:
        """Whether `count` makes a list of it."""
        return self.attribute("count") is not None


@dataclass
class Module:
    """The files of one folder; `declared` maps every address to the block that declares it."""

    folder: str
    blocks: tuple[Block, ...]
    declared: dict[Address, Block] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def of_kind(self, kind: str) -> Iterator[Block]:
        """The blocks of one type."""
        return (block for block in self.blocks if block.kind == kind)

    def named(self, root: str) -> dict[str, Block]:
        """What is declared under one root ("var", "local", "module", "output"), by name."""
        return {address[1]: block for address, block in self.declared.items() if address[0] == root}


def read_modules(parsed: Sequence[ParsedFile]) -> dict[str, Module]:
    """The modules of a repository by folder, with duplicates found on the way."""
    configuration = sorted(
        (item for item in parsed if item.path.endswith(".tf")), key=lambda item: (item.folder, item.path)
    )
    modules: dict[str, Module] = {}
    for folder, group in groupby(configuration, key=lambda item: item.folder):
        blocks = tuple(block for item in group if item.tree for block in body(item.path, item.tree).blocks)
        module = Module(folder, blocks)
        _declare(module)
        modules[folder] = module
    return modules


def body(path: str, tree: Node) -> Block:
    """A whole file as a block without type."""
    return _block(path, "", (), subtrees(tree)[0], 1)


def _declare(module: Module) -> None:
    for block in module.blocks:
        for address, line in _addresses(block):
            known = module.declared.get(address)
            if known is None:
                module.declared[address] = block
            else:
                message = f"{'.'.join(address)} is already declared in {known.path}:{known.line}."
                module.findings.append(
                    Finding(path=block.path, line=line, rule="duplicate-address", message=message)
                )
        module.findings += _repeated(block)


def _addresses(block: Block) -> Iterator[tuple[Address, int]]:
    """The addresses a block declares, such as ("var", name) and ("data", type, name)."""
    match block.kind, block.labels:
        case "variable", (name,):
            yield ("var", name), block.line
        case "locals", ():
            yield from ((("local", item.name), item.line) for item in block.attributes)
        case "resource", (sort, name):
            yield (sort, name), block.line
        case "data" | "ephemeral", (sort, name):
            yield (block.kind, sort, name), block.line
        case "module" | "output", (name,):
            yield (block.kind, name), block.line
        case _:
            return


def _repeated(block: Block) -> Iterator[Finding]:
    """Attributes that a block sets twice; those of `locals` are addresses and told as such."""
    seen: set[str] = set()
    for item in block.attributes if block.kind != "locals" else ():
        if item.name in seen:
            message = f"{item.name} is set twice in this block."
            yield Finding(path=block.path, line=item.line, rule="duplicate-attribute", message=message)
        seen.add(item.name)
    for inner in block.blocks:
        yield from _repeated(inner)


def _block(path: str, kind: str, labels: tuple[str, ...], content: Node, line: int) -> Block:
    attributes: list[Attribute] = []
    blocks: list[Block] = []
    for child in subtrees(content):
        parts = subtrees(child)
        if child.data == "attribute":
            attributes.append(Attribute(_word(parts[0]), line_of(child), parts[-1]))
        elif child.data == "block":
            words = [_word(part) for part in parts if part.data not in {"body", "new_line_or_comment"}]
            inner = next(part for part in parts if part.data == "body")
            blocks.append(_block(path, words[0], tuple(words[1:]), inner, line_of(child)))
    return Block(path, line, kind, labels, tuple(attributes), tuple(blocks))


def _word(node: Node) -> str:
    """A name or a quoted label."""
    return "".join(str(token) for token in node.scan_values(_is_token)).strip('"')


def _is_token(value: object) -> bool:
    return isinstance(value, Token)
