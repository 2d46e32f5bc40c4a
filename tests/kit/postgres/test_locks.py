from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pilothouse.kit.postgres.errors import Busy
from pilothouse.kit.postgres.locks import exclusive, is_held, open_lock, try_lock

Spawn = Callable[..., "subprocess.Popen[str]"]

LOCK = """
import sys
from pathlib import Path
from pilothouse.kit.postgres.locks import exclusive
with exclusive(Path(sys.argv[1]), patience=0, what="it is locked"):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_shared_locks_go_together_and_an_exclusive_one_alone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path, exclusively=False)
    one, two = open_lock(path), open_lock(path)
    assert try_lock(one, shared=True)
    assert try_lock(two, shared=True)
    assert is_held(path, exclusively=False)
    assert not is_held(path, exclusively=True)
    assert not try_lock(one, shared=False)
    os.close(two)
    assert try_lock(one, shared=False)
    assert is_held(path, exclusively=True)
    os.close(one)
    assert not is_held(path, exclusively=False)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_lock_that_another_process_keeps_is_waited_for_and_then_names_it(
    tmp_path: Path, spawn: Spawn
) -> None:
    path = tmp_path / "lock"
    process = spawn(LOCK, path)
    process.stdout.readline()
    started = time.monotonic()
    wait = exclusive(path, patience=0.2, what="the thing is being done")
    with pytest.raises(Busy, match=rf"because the thing is being done .*\(pid {process.pid}\)"), wait:
        pass
    assert time.monotonic() - started >= 0.2


def test_a_process_killed_while_it_holds_a_lock_gives_it_back(tmp_path: Path, spawn: Spawn) -> None:
    path = tmp_path / "lock"
    process = spawn(LOCK, path)
    process.stdout.readline()
    process.kill()
    with exclusive(path, patience=5, what="it is locked"):
        assert is_held(path, exclusively=True)
    assert not is_held(path, exclusively=False)


def test_a_link_in_place_of_a_lock_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        open_lock(tmp_path / "lock")
    assert not (tmp_path / "elsewhere").exists()
