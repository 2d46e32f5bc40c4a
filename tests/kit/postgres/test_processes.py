from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pilothouse.kit.postgres import processes

Spawn = Callable[..., "subprocess.Popen[str]"]
OPEN = "import sys; file = open(sys.argv[1]); print(flush=True); input()"


@pytest.fixture(params=["proc", "ps and lsof"])
def system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The same questions to /proc and, as on a system without it, to ps and lsof."""
    if request.param != "proc":
        monkeypatch.setattr(processes, "_PROC", tmp_path / "no-proc")
    return request.param


def test_a_process_is_known_by_its_command_line_and_owner(system: str, spawn: Spawn) -> None:
    process = spawn("print(flush=True); input()", "a mark of its own")
    process.stdout.readline()
    assert "a mark of its own" in processes.command_line(process.pid)
    assert processes.owner(process.pid) == os.geteuid()
    assert processes.matching("a mark of its own") == (process.pid,)


def test_a_process_that_is_gone_is_nobody(system: str) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert processes.command_line(gone.pid) == ""
    assert processes.owner(gone.pid) is None


def test_who_has_a_file_open_is_found(system: str, tmp_path: Path, spawn: Spawn) -> None:
    path = tmp_path / "file"
    assert processes.having_open(path) == ()
    path.touch()
    process = spawn(OPEN, path)
    process.stdout.readline()
    expected = (process.pid,) if system == "proc" or shutil.which("lsof") else ()
    assert processes.having_open(path) == expected
