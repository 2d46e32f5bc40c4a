"""What the tests of the project's own linters share: a repository made of a few texts."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))  # `checks` stands at the root of the repository and is not installed

from checks.tree import Finding, Source, Tree  # noqa: E402 - found by the line above

Check = Callable[[Tree], Iterable[Finding]]


@pytest.fixture
def found() -> Callable[[Check, Mapping[str, str]], list[tuple[str, int]]]:
    """Run one check on a repository of these files: path and line of each finding."""

    def run(check: Check, files: Mapping[str, str]) -> list[tuple[str, int]]:
        sources = tuple(Source(path, dedent(text)) for path, text in sorted(files.items()))
        findings = list(check(Tree(Path("/somewhere/made/up"), sources)))
        assert all(finding.message and finding.remedy for finding in findings)
        return [(finding.path, finding.line) for finding in findings]

    return run


@pytest.fixture
def repository() -> Path:
    """The root of this repository."""
    return REPOSITORY
