"""How long files and functions may be (the bar in CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator

from checks.tree import Finding, Source, Tree

LONGEST_FILE = {".py": 500, ".ts": 500, ".tsx": 250}  # lines
LONGEST_FUNCTION = 60  # lines, from `def` to the last one
LONGEST_MEDIAN = 120  # lines, over the modules of src that hold code
GENERATED = ("api.d.ts",)  # written by a generator, read by nobody


def file_length(tree: Tree) -> Iterator[Finding]:
    """No file is too long to be read at once."""
    for source in tree.sources:
        suffix = ".py" if source.path == "dev" else "." + source.name.rpartition(".")[2]
        most = LONGEST_FILE.get(suffix)
        if most and source.length > most and source.name not in GENERATED:
            yield source.finding(
                most + 1,
                f"{source.length} lines, at most {most} are allowed",
                "split the file by idea and name the parts by what is in them",
            )


def function_length(tree: Tree) -> Iterator[Finding]:
    """No function is too long to be understood at once; inner functions count as part of the outer one."""
    for source in tree.python():
        for node in source.nodes:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield source.finding(
                    node.lineno,
                    f"{node.name} has {lines} lines, at most {LONGEST_FUNCTION} are allowed",
                    "give its parts names and functions of their own",
                )


def holds_code(source: Source) -> bool:
    """Whether a module has more than a docstring."""
    body = source.syntax.body
    return len(body) > (1 if ast.get_docstring(source.syntax, clean=False) is not None else 0)


def median_of_src(tree: Tree) -> float:
    """The median length in lines of the modules of src that hold code; 0 where there are none."""
    lengths = [source.length for source in tree.python("src") if holds_code(source)]
    return statistics.median(lengths) if lengths else 0


def median_length(tree: Tree) -> Iterator[Finding]:
    """Half of the modules are short."""
    median = median_of_src(tree)
    if median > LONGEST_MEDIAN:
        yield Finding(
            "src",
            1,
            f"the median module has {median:g} lines, at most {LONGEST_MEDIAN} are allowed",
            "split the longest modules by idea",
        )
