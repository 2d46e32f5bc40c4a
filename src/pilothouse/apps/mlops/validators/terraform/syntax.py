"""Parses Terraform with python-hcl2 into trees that keep their lines; equal texts are parsed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

import hcl2
from lark import Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from pilothouse.apps.mlops.validators.model import Finding, ValidatorResult, counted

Node: TypeAlias = Tree[Token]

SUFFIXES = (".tf", ".tfvars", ".tfbackend")


@dataclass(frozen=True)
class ParsedFile:
    """One file of Terraform: its tree, or the finding that says why there is none."""

    path: str
    tree: Node | None
    finding: Finding | None = None

    @property
    def folder(self) -> str:
        """The folder the file lies in, which is its module."""
        return str(PurePosixPath(self.path).parent)


def parse_files(files: Mapping[str, bytes]) -> tuple[ParsedFile, ...]:
    """Parse every Terraform file, in order of path."""
    known: dict[bytes, Node | Exception] = {}
    parsed: list[ParsedFile] = []
    for path in sorted(files):
        if not path.endswith(SUFFIXES):
            continue
        content = files[path]
        if content not in known:
            known[content] = _parse(content)
        found = known[content]
        if isinstance(found, Exception):
            parsed.append(ParsedFile(path, None, _refusal(path, found)))
        else:
            parsed.append(ParsedFile(path, found))
    return tuple(parsed)


def check_syntax(parsed: Sequence[ParsedFile]) -> ValidatorResult:
    """The result of having parsed all files."""
    findings = [item.finding for item in parsed if item.finding is not None]
    return ValidatorResult.of(
        "terraform-syntax", findings, f"{counted(len(parsed), 'file')} parsed by python-hcl2"
    )


def expression(text: str) -> Node | None:
    """The tree of one expression, or None where `text` is none."""
    found = _parse(f"x = {text}".encode())
    if isinstance(found, Exception):
        return None
    attribute = next(found.find_data("attribute"), None)
    return subtrees(attribute)[-1] if attribute is not None else None


def subtrees(node: Node) -> list[Node]:
    """The children of `node` that are trees, not tokens."""
    return [child for child in node.children if isinstance(child, Tree)]


def line_of(node: Node) -> int:
    """The line of the first token below `node`."""
    at: Node | Token = node
    while isinstance(at, Tree):
        if not at.children:
            return 1
        at = at.children[0]
    return at.line or 1


def _parse(content: bytes) -> Node | Exception:
    try:
        tree: Node = hcl2.parses_to_tree(content.decode())
    except (UnexpectedInput, UnicodeDecodeError) as error:
        return error
    return tree


def _refusal(path: str, error: Exception) -> Finding:
    line, message = 1, "The file is not UTF-8."
    if isinstance(error, UnexpectedToken):
        what = "the end of the file" if error.token.type == "$END" else repr(str(error.token))
        line, message = error.line, f"Unexpected {what}."
    elif isinstance(error, UnexpectedCharacters):
        line, message = error.line, f"Unexpected character {error.char!r}."
    elif isinstance(error, UnexpectedInput):
        line, message = error.line, "The text ends where more was expected."
    return Finding(path=path, line=max(line, 1), rule="syntax", message=message)
