"""The real command in a real process, on one data folder whose database stays up between commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse.kit import postgres
from support.shell import Shell


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("data")
    with postgres.attach(folder):
        yield folder


@pytest.fixture
def pilothouse(data: Path, tmp_path: Path) -> Shell:
    return Shell(data, tmp_path)


@pytest.fixture
def started(pilothouse: Shell) -> Callable[..., dict[str, Any]]:
    """Runs a workflow with `--json` and returns its document."""

    def start(*arguments: str) -> dict[str, Any]:
        document: dict[str, Any] = pilothouse("run", *arguments, "--json", "--no-save").document
        return document

    return start
