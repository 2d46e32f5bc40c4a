"""Finds every reference in an expression: the dotted chain, its line, and the names bound around it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pilothouse.apps.mlops.validators.terraform.syntax import Node, expression, line_of, subtrees

UNREADABLE = "?"
"""Begins a chain that stands for an interpolation which cannot be parsed."""

INDEX = "[]"
"""Stands in a chain where the text has an index or a splat."""

_CHAINS = {"get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term"}
_HEREDOC = {"heredoc_template", "heredoc_template_trim"}
_LOOP = re.compile(r"~?\s*for\s+(\w+)(?:\s*,\s*(\w+))?\s+in\s+(.*?)~?\s*$", re.DOTALL)
_MARK = re.compile(r"[$%]{1,2}\{")
_BRANCH = re.compile(r"~?\s*if\s+(.*?)~?\s*$", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """A name followed by attributes, such as ("module", "storage", "[]", "bucket_arn")."""

    chain: tuple[str, ...]
    line: int

    @property
    def text(self) -> str:
        """The chain as one would write it."""
        return ".".join(self.chain).replace(f".{INDEX}", INDEX)


def references(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Reference]:
    """All references below `node` whose first name is not in `bound`."""
    match node.data:
        case "identifier":
            if str(node.children[0]) not in bound:
                yield Reference((str(node.children[0]),), line_of(node))
        case "for_tuple_expr" | "for_object_expr":
            yield from _loop(node, bound)
        case "object_elem_key":
            yield from _key(node, bound)
        case "function_call":
            names = [child for child in subtrees(node) if child.data == "identifier"]
            for child in subtrees(node):
                if child not in names:
                    yield from references(child, bound)
        case "string":
            yield from _template(node, bound)
        case kind if kind in _CHAINS:
            yield from _chain(node, bound)
        case kind if kind in _HEREDOC:
            yield from _heredoc(node, bound)
        case _:
            for child in subtrees(node):
                yield from references(child, bound)


def _chain(node: Node, bound: frozenset[str]) -> Iterator[Reference]:
    """A chain, and the references inside its indexes; a chain on a call or a bracket is looked into."""
    steps: list[str] = []
    inner: list[Node] = []
    at = node
    while at.data in _CHAINS or (at.data == "expr_term" and len(subtrees(at)) == 1 and len(at.children) == 1):
        if at.data == "expr_term":
            at = subtrees(at)[0]
            continue
        base, suffix = subtrees(at)
        steps = [*_suffix(suffix, inner), *steps]
        at = base
    if at.data != "identifier":
        inner.append(at)
    elif str(at.children[0]) not in bound:
        yield Reference((str(at.children[0]), *steps), line_of(at))
    for part in inner:
        yield from references(part, bound)


def _suffix(node: Node, inner: list[Node]) -> list[str]:
    """The attribute names and indexes that one suffix adds; expressions in brackets go to `inner`."""
    match node.data:
        case "get_attr":
            return [str(subtrees(node)[0].children[0])]
        case "braces_index":
            inner += [child for child in subtrees(node) if child.data != "new_line_or_comment"]
            return [INDEX]
        case "short_index":
            return [INDEX]
        case _:
            return [INDEX, *(step for child in subtrees(node) for step in _suffix(child, inner))]


def _loop(node: Node, bound: frozenset[str]) -> Iterator[Reference]:
    intro = next(child for child in subtrees(node) if child.data == "for_intro")
    names = frozenset(str(child.children[0]) for child in subtrees(intro) if child.data == "identifier")
    for child in subtrees(intro):
        if child.data != "identifier":
            yield from references(child, bound)
    for child in subtrees(node):
        if child is not intro:
            yield from references(child, bound | names)


def _key(node: Node, bound: frozenset[str]) -> Iterator[Reference]:
    """The key of an object: a bare name is a name, anything else is an expression."""
    for child in subtrees(node):
        inside = subtrees(child)
        bare = (
            child.data == "expr_term"
            and len(child.children) == 1
            and inside
            and inside[0].data == "identifier"
        )
        if not bare and child.data != "keyword":
            yield from references(child, bound)


def _template(node: Node, bound: frozenset[str]) -> Iterator[Reference]:
    """A quoted template; the names of a `%{ for }` are bound to its end."""
    for part in subtrees(node):
        for child in subtrees(part):
            if child.data == "template_for_start":
                names = [str(name.children[0]) for name in subtrees(child) if name.data == "identifier"]
                for inner in subtrees(child):
                    if inner.data != "identifier":
                        yield from references(inner, bound)
                bound |= frozenset(names)
            else:
                yield from references(child, bound)


def _heredoc(node: Node, bound: frozenset[str]) -> Iterator[Reference]:
    """A heredoc, which the grammar leaves as text: its interpolations and directives are parsed here."""
    text, first = str(node.children[0]), line_of(node)
    for sort, inside, offset in _marks(text):
        loop, branch = _LOOP.match(inside), _BRANCH.match(inside)
        source, names = inside.strip("~"), frozenset[str]()
        if sort == "%":
            source = loop[3] if loop else branch[1] if branch else ""
            names = frozenset(name for name in loop.groups()[:2] if name) if loop else names
        tree = expression(source) if source.strip() else None
        above = first + text.count("\n", 0, offset)
        if source.strip() and tree is None:
            yield Reference((UNREADABLE, source.strip()[:60]), above)
        for found in references(tree, bound) if tree is not None else ():
            yield Reference(found.chain, above + found.line - 1)
        bound |= names


def _marks(text: str) -> Iterator[tuple[str, str, int]]:
    """Every `${...}` and `%{...}` that is not escaped: its sign, what stands inside, and where it begins."""
    at = 0
    while (found := _MARK.search(text, at)) is not None:
        end = _closing(text, found.end())
        if len(found[0]) == 2:
            yield found[0][0], text[found.end() : end], found.start()
            at = end
        else:
            at = found.end()


def _closing(text: str, at: int) -> int:
    """Where the brace that is open at `at` closes; braces in strings come in pairs or do not count."""
    depth, quoted = 1, False
    while at < len(text):
        sign = text[at]
        if sign == "\\" and quoted:
            at += 1
        elif sign == '"':
            quoted = not quoted
        elif not quoted and sign in "{}":
            depth += 1 if sign == "{" else -1
            if depth == 0:
                return at
        at += 1
    return at
