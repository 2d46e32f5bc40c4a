"""The files that checks read, and what a check finds in them."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

SKIPPED_FOLDERS = frozenset({"__pycache__", "build", "dist", "htmlcov", "node_modules"})
SHOWN_DOT_FOLDERS = frozenset({".ci"})


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule: where (line from 1), what is wrong, and what to do."""

    path: str
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}: {self.remedy}"


@dataclass(frozen=True)
class Source:
    """A text file. `path` is relative to the root of the repository, with forward slashes."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The file's name without folders."""
        return PurePosixPath(self.path).name

    @property
    def length(self) -> int:
        """How many lines it has."""
        return len(self.text.splitlines())

    @cached_property
    def syntax(self) -> ast.Module:
        """The parsed Python. A file that does not parse counts as empty: ruff and mypy report it."""
        try:
            return ast.parse(self.text)
        except SyntaxError:
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the parsed Python."""
        return tuple(ast.walk(self.syntax))

    @cached_property
    def comments(self) -> tuple[tuple[int, str], ...]:
        """Line and text of every Python comment; none where the file does not parse."""
        try:
            tokens = list(tokenize.generate_tokens(io.StringIO(self.text).readline))
        except (tokenize.TokenError, SyntaxError):
            return ()
        return tuple((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)

    def finding(self, line: int, message: str, remedy: str) -> Finding:
        """What is wrong at a line of this file."""
        return Finding(self.path, line, message, remedy)


@dataclass(frozen=True)
class Tree:
    """The text files of a repository, in order of their paths."""

    root: Path
    sources: tuple[Source, ...]

    def under(self, *folders: str, suffix: str = "") -> Iterator[Source]:
        """The files below any of the folders (all without one) whose names end with `suffix`."""
        for source in self.sources:
            below = not folders or source.path.startswith(tuple(f"{folder}/" for folder in folders))
            if below and source.path.endswith(suffix):
                yield source

    def python(self, *folders: str) -> Iterator[Source]:
        """The Python files below any of the folders (all without one), `dev` among them."""
        yield from self.under(*folders, suffix=".py")
        if not folders:
            yield from (source for source in self.sources if source.path == "dev")

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all text files and of every folder above them."""
        folders = {str(parent) for source in self.sources for parent in PurePosixPath(source.path).parents}
        return frozenset({source.path for source in self.sources} | folders)


def listed(root: Path) -> list[str]:
    """Paths of the files that git tracks or would track; all but caches and builds where git cannot tell."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - the fixed command above
    except FileNotFoundError:
        return walked(root)
    inside = done.returncode == 0 and (root / ".git").exists()
    return sorted(set(done.stdout.decode().split("\0")) - {""}) if inside else walked(root)


def walked(root: Path) -> list[str]:
    """Paths of the files below `root`, without hidden folders, caches and builds."""
    found: list[str] = []
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [
            name
            for name in folders
            if name not in SKIPPED_FOLDERS and (not name.startswith(".") or name in SHOWN_DOT_FOLDERS)
        ]
        found += [(here / name).relative_to(root).as_posix() for name in names]
    return sorted(found)


def read_tree(root: Path) -> Tree:
    """Read the text files of the repository at `root`; what is not UTF-8 text, or is a link, is left out."""
    sources = []
    for path in listed(root):
        file = root / path
        if file.is_symlink() or not file.is_file():
            continue
        try:
            text = file.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            sources.append(Source(path, text))
    return Tree(root, tuple(sources))
