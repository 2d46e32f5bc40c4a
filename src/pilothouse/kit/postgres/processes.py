"""What is known of other processes: who has a file open, what a pid runs, and whose it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def having_open(path: Path) -> tuple[int, ...]:
    """Pids, ascending, of the processes that have the file at `path` open, as far as this user may see."""
    if not (_PROC / "self" / "fd").is_dir():
        return _having_open_by_lsof(path)
    try:
        wanted = path.stat()
    except FileNotFoundError:
        return ()
    found = (int(process.name) for process in _processes() if _has_open(process, wanted))
    return tuple(sorted(found))


def _processes() -> Iterator[Path]:
    return (process for process in _PROC.iterdir() if process.name.isdigit())


def _has_open(process: Path, wanted: os.stat_result) -> bool:
    with suppress(OSError):  # it ended meanwhile, or is somebody else's
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                if os.path.samestat(link.stat(), wanted):
                    return True
    return False


def _having_open_by_lsof(path: Path) -> tuple[int, ...]:
    lsof = shutil.which("lsof") or ("/usr/sbin/lsof" if Path("/usr/sbin/lsof").exists() else None)
    return tuple(int(pid) for pid in _said([lsof, "-t", "--", str(path)]).split()) if lsof else ()


def command_line(pid: int) -> str:
    """The command line of process `pid`; empty if there is no such process or it has ended (a zombie)."""
    if (_PROC / "self").exists():
        try:
            return (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    return _said(["ps", "-ww", "-o", "command=", "-p", str(pid)])


def matching(text: str) -> tuple[int, ...]:
    """Pids of the processes, of whatever user, that have `text` in their command line."""
    if (_PROC / "self").exists():
        pids = (int(process.name) for process in _processes())
        return tuple(pid for pid in pids if text in command_line(pid))
    lines = _said(["ps", "-axww", "-o", "pid=,command="]).splitlines()
    return tuple(int(line.split(None, 1)[0]) for line in lines if text in line)


def owner(pid: int) -> int | None:
    """The user id that process `pid` runs as, or None if there is no such process."""
    if (_PROC / "self").exists():
        try:
            return (_PROC / str(pid)).stat().st_uid
        except OSError:
            return None
    said = _said(["ps", "-o", "uid=", "-p", str(pid)]).strip()
    return int(said) if said else None


def _said(arguments: list[str]) -> str:
    import subprocess

    result = subprocess.run(arguments, capture_output=True, text=True, check=False)  # noqa: S603 - fixed programs
    return result.stdout
