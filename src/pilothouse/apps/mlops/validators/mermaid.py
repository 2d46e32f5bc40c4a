"""A sanity check of Mermaid diagrams in Markdown: the kind of diagram, brackets, subgraphs and edges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pilothouse.apps.mlops.validators.model import Finding, ValidatorResult, counted

_KINDS = re.compile(
    r"(flowchart|graph)\s+(TB|TD|BT|RL|LR)\b|(sequenceDiagram|classDiagram|stateDiagram(-v2)?|erDiagram|gantt|pie"
    r"|journey|timeline|mindmap|gitGraph|quadrantChart|C4Context|C4Container)\b"
)
_EDGE_END = re.compile(r"(-->|---|-\.->|==>|--x|--o)\s*(\|[^|]*\|)?\s*$")
_EDGE_START = re.compile(r"^\s*(-->|---|-\.->|==>)")
_QUOTED = re.compile(r'"[^"]*"')
_LABEL = re.compile(r"\|[^|]*\|")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_RESERVED = re.compile(r"^\s*end\b\s*(-->|---|\[|\()")


def check_mermaid(files: Mapping[str, bytes]) -> ValidatorResult:
    """Check every ```mermaid block of every Markdown file."""
    findings: list[Finding] = []
    blocks = 0
    for path in sorted(files):
        if path.endswith(".md"):
            for first, lines, closed in _blocks(files[path].decode(errors="replace")):
                blocks += 1
                problems = list(_problems(first, lines))
                if not closed:
                    problems.append((first - 1, "The block is never closed by ```."))
                findings += [
                    Finding(path=path, line=line, rule="mermaid", message=text) for line, text in problems
                ]
    return ValidatorResult.of("mermaid", findings, f"{counted(blocks, 'diagram')} checked")


def _blocks(text: str) -> Iterator[tuple[int, list[str], bool]]:
    """Each block: the line its content begins at, its lines, and whether it was closed."""
    content: list[str] | None = None
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        if content is None and line.strip() == "```mermaid":
            content, first = [], number + 1
        elif content is not None and line.strip() == "```":
            yield first, content, True
            content = None
        elif content is not None:
            content.append(line)
    if content is not None:
        yield first, content, False


def _problems(first: int, lines: list[str]) -> Iterator[tuple[int, str]]:
    told = [(number, line) for number, line in enumerate(lines, first) if _matters(line)]
    if not told:
        yield first - 1, "The diagram is empty."
        return
    number, opening = told[0]
    kind = _KINDS.match(opening.strip())
    if kind is None:
        yield number, f"{opening.strip()[:40]!r} is no kind of diagram."
    elif kind[1]:
        yield from _flowchart(told[1:])


def _matters(line: str) -> bool:
    return bool(line.strip()) and not line.strip().startswith("%%")


def _flowchart(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    open_graphs: list[int] = []
    for number, line in lines:
        if line.count('"') % 2:
            yield number, "A quote is not closed."
            continue
        bare = _LABEL.sub("", _QUOTED.sub("", line))
        if not _balanced(bare):
            yield number, "Brackets do not match; text with brackets needs quotes."
        if _EDGE_END.search(bare) or _EDGE_START.match(bare):
            yield number, "An edge has only one end."
        if _RESERVED.match(bare):
            yield number, "'end' closes a subgraph and cannot name a node."
        if bare.strip().startswith("subgraph"):
            open_graphs.append(number)
        elif bare.strip() == "end":
            if not open_graphs:
                yield number, "This 'end' closes no subgraph."
            else:
                open_graphs.pop()
    for number in open_graphs:
        yield number, "This subgraph has no 'end'."


def _balanced(text: str) -> bool:
    stack: list[str] = []
    for sign in text.replace("-)", "").replace(">]", "]"):
        if sign in "([{":
            stack.append(sign)
        elif sign in _PAIRS and (not stack or stack.pop() != _PAIRS[sign]):
            return False
    return not stack
