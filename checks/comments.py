"""Comments that switch a checker off say why, and none puts work off."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from checks.tree import Finding, Tree

SWITCH = re.compile(
    r"#\s*(?:noqa\b(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)?|type:\s*ignore\b(?:\[[\w\-, ]*\])?)"
)
WORD = re.compile(r"[^\W\d_]{2,}")
LATER = re.compile(r"\b(?:TODO|FIXME)\b|pragma: no cover")


def suppressions_without_reason(tree: Tree) -> Iterator[Finding]:
    """Every `noqa` and `type: ignore` has its reason behind it, or in a comment on the line above."""
    for source in tree.python():
        lines = source.text.splitlines()
        for line, comment in source.comments:
            if not SWITCH.search(comment):
                continue
            above = lines[line - 2].strip() if line > 1 else ""
            beside = SWITCH.sub("", comment)
            if not WORD.search(beside) and not above.startswith("#"):
                yield source.finding(
                    line, f"no reason beside {comment.strip()}", "write why behind it, or mend the code"
                )


def unfinished(tree: Tree) -> Iterator[Finding]:
    """Nothing in src is left for later."""
    for source in tree.python("src"):
        for line, comment in source.comments:
            found = LATER.search(comment)
            if found:
                yield source.finding(line, f"{found[0]} in the source", "do it now, or open an issue for it")
        for node in source.nodes:
            if isinstance(node, ast.Raise) and "NotImplementedError" in ast.dump(node):
                yield source.finding(
                    node.lineno, "NotImplementedError in the source", "implement it, or use a Protocol"
                )
