"""Initialised data folders, and other processes that use them, run as other users or are killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pilothouse.kit.postgres import attach, stop
from pilothouse.kit.postgres.accounts import Account, server_account

# Attaches, says where, holds on until its input ends or it is killed, and lets go.
HOLD = """
import sys
from pathlib import Path
from pilothouse.kit.postgres import attach
attachment = attach(Path(sys.argv[1]))
print(attachment.dsn, flush=True)
sys.stdin.read()
attachment.close()
print("closed", flush=True)
"""

# Everything is imported before root is given up: the other user may not be able to read this Python.
AS_USER = """
import os, pkgutil, importlib, sys
import hashlib, platformdirs, platformdirs.unix, psycopg, pwd, fcntl, shutil, signal, subprocess, traceback
import pilothouse.kit.postgres as package
for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{module.name}")
psycopg.conninfo.conninfo_to_dict("host=x")
if os.geteuid() == 0:
    os.setgroups([])
os.setgid(int(sys.argv[1]))
os.setuid(int(sys.argv[1]))
del sys.argv[1]
"""

Spawn = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder after its first start, for the whole session: making one takes half a second."""
    data = tmp_path_factory.mktemp("initialised") / "a 'quoted\" \\ folder"
    attach(data).close()
    yield data
    discard(data)


@pytest.fixture
def data(initialised: Path) -> Iterator[Path]:
    """An initialised data folder whose server is stopped, before and after the test, however that ends."""
    yield initialised
    stop(initialised, force=True)


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    """The name of a data folder that does not exist yet."""
    target = tmp_path / "data"
    yield target
    discard(target)


def discard(data: Path) -> None:
    if data.is_dir():
        stop(data, force=True)
        shutil.rmtree(data)


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Starts a Python process: `spawn(code, *arguments)`; what is left of them is killed after the test."""
    started = []

    def begin(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, arguments)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, **options)
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def hold(spawn: Spawn) -> Spawn:
    """Starts a process that attaches to the folder given and holds on; its first line is a `dsn`."""
    return lambda data, **options: spawn(HOLD, data, **options)


@pytest.fixture
def as_user(spawn: Spawn) -> Callable[..., str]:
    """Runs code as another user, `as_user(uid, code, *arguments)`, and returns what it printed."""

    def finish(uid: int, code: str, *arguments: object, **options: object) -> str:
        process = spawn(AS_USER + code, uid, *arguments, **options)
        said, _ = process.communicate()
        assert process.returncode == 0
        return said

    return finish


@pytest.fixture
def kill() -> Callable[[int], None]:
    """Kills a process, `kill(pid)`, and waits until it is gone, or a zombie, which holds nothing."""

    def state(pid: int) -> str:
        command = ["ps", "-o", "stat=", "-p", str(pid)]
        return subprocess.run(command, check=False, capture_output=True, text=True).stdout[:1]

    def end(pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        while state(pid) not in ("", "Z"):
            time.sleep(0.001)

    return end


@pytest.fixture
def account() -> Account:
    """The user that the server runs as."""
    return server_account()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may pass through, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="pilothouse-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def nobody_folder(open_folder: Path) -> tuple[int, Path]:
    """The id of an unprivileged user and a data folder's name where that user may make it."""
    uid = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(open_folder, uid, uid)
    return uid, open_folder / "data"
