"""Turns what PostgreSQL's programs said when they failed into an error that names cause and remedy."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from pilothouse.errors import PilothouseError
from pilothouse.kit.postgres.errors import FolderNotUsable, StartFailed, no_server, no_space

_SAID = 4096  # characters of output that are looked at
_FOREIGN = ("GLIBC", "Exec format error", "cannot open shared object file")
_TELLING = ("PANIC:", "FATAL:", "ERROR:", "error:", "could not")


def checked(result: subprocess.CompletedProcess[str], folder: Path) -> None:
    """Raise if a program that worked on `folder` failed, or a single-user server refused a statement."""
    if result.returncode != 0 or "ERROR:" in result.stderr:
        program = Path(result.args[0]).name
        raise from_output(program, folder, f"{result.stdout}\n{result.stderr}")


def from_output(program: str, folder: Path, said: str, hint: str | None = None) -> PilothouseError:
    """The error for a `program` that failed, from the `folder` it worked on and what it `said`."""
    said = re.sub(r"/proc/self/fd/\d+", "...", said[-_SAID:])  # the folder, which the message names
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [number for number, line in enumerate(lines) if any(word in line for word in _TELLING)]
    at = telling[-1] if telling else len(lines) - 1
    detail = " / ".join(lines[max(0, at - 2) : at + 3]) or "it said nothing"
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return no_space(folder, f"{program} stopped: {detail}")
    if any(text in said for text in _FOREIGN):
        return no_server(f"{program} does not run here: {detail}")
    if "Permission denied" in said or "Read-only file system" in said:
        return FolderNotUsable(
            f"{program} could not use {folder}: {detail}",
            hint="Check the owner and the permissions of that folder.",
        )
    return StartFailed(f"{program} failed on {folder}: {detail}", hint=hint)
