"""Runs a tool on the generated files: in its own session, with a clean environment and a deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from time import monotonic
from typing import IO

DEADLINE = 60.0
"""Seconds a tool may take in all."""

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")


@dataclass(frozen=True)
class Outcome:
    """What a tool left: its exit code (None where the deadline killed it) and what it wrote."""

    code: int | None
    output: str
    errors: str


class Tool:
    """A tool that has been started; `finish` waits for it, `stop` ends it with everything it started."""

    def __init__(self, command: Sequence[str], folder: Path, home: Path, deadline: float = DEADLINE) -> None:
        self._out: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._err: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `stop`
        self._folder = folder
        self._until = monotonic() + deadline
        self._process = subprocess.Popen(  # noqa: S603 - the command is this module's callers' own
            command,
            cwd=folder,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
        )

    def finish(self) -> Outcome:
        """Wait to the end or the deadline, and return what was written, without the folder's own path."""
        try:
            code: int | None = self._process.wait(max(0.0, self._until - monotonic()))
        except subprocess.TimeoutExpired:
            code = None
        self._kill_group()
        return Outcome(code, self._read(self._out), self._read(self._err))

    def stop(self) -> None:
        """End it, whatever state it is in."""
        self._kill_group()
        self._out.close()
        self._err.close()

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # the group has ended (macOS says the latter)
            self._process.poll()
        self._process.wait()

    def _read(self, stream: IO[bytes]) -> str:
        stream.seek(0)
        return without_folder(stream.read().decode(errors="replace"), self._folder)


@contextmanager
def running(*tools: Tool) -> Iterator[None]:
    """Make sure that none of `tools` outlives the block."""
    try:
        yield
    finally:
        for tool in tools:
            tool.stop()


@contextmanager
def written(files: Mapping[str, bytes]) -> Iterator[tuple[Path, Path]]:
    """The files in a temporary folder, and a second folder that serves as home.

    Raises ValueError on a path that is absolute or leads out of the folder.
    """
    with tempfile.TemporaryDirectory(prefix="pilothouse-validate-") as name:
        root = Path(name).resolve()
        repository, home = root / "repository", root / "home"
        for folder in (repository, home):
            folder.mkdir()
        for path, content in files.items():
            pure = PurePosixPath(path)
            if pure.is_absolute() or ".." in pure.parts:
                raise ValueError(f"{path!r} leads out of the repository; paths are relative to its root.")
            target = repository / pure
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        yield repository, home


def python(*arguments: str) -> list[str]:
    """A command of this interpreter."""
    return [sys.executable, *arguments]


def without_folder(text: str, folder: Path) -> str:
    """`text` with paths below `folder` made relative."""
    return text.replace(f"{folder}{os.sep}", "").replace(str(folder), ".")


def _environment(home: Path) -> dict[str, str]:
    """Nothing of the caller's settings: what a fresh checkout would see, and plug-ins only by name."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {
        "HOME": str(home),
        "TMPDIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
