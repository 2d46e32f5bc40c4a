"""Names tell what a thing is: words that only say that something exists are not allowed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from checks.tree import Finding, Tree

EMPTY_WORDS = frozenset(
    {"manager", "managers", "helper", "helpers", "util", "utils", "advanced", "enhanced", "optimized"}
)
PRODUCTS = re.compile(r"(?:secrets?|systems)_manager")  # names of cloud services, and so what a thing is
CODE = (".py", ".ts", ".tsx")
WORD_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[-_.]")


def empty_words(name: str) -> list[str]:
    """The words of a snake_case, kebab-case or CamelCase name that say nothing."""
    words = "_".join(word.lower() for word in WORD_BORDER.split(name))
    return [word for word in PRODUCTS.sub("", words).split("_") if word in EMPTY_WORDS]


def empty_names(tree: Tree) -> Iterator[Finding]:
    """No class, module or folder of code is called a manager, a helper or something advanced."""
    remedy = "name it by what it is or does, in the words of the documentation"
    for source in tree.sources:
        if not source.path.endswith(CODE):
            continue
        for part in PurePosixPath(source.path).with_suffix("").parts:
            for word in empty_words(part):
                yield source.finding(1, f"the name {part} holds the empty word {word}", remedy)
    for source in tree.python():
        for node in source.nodes:
            if isinstance(node, ast.ClassDef):
                for word in empty_words(node.name):
                    yield source.finding(
                        node.lineno, f"the class name {node.name} holds the empty word {word}", remedy
                    )
