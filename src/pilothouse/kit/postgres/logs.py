"""The server's log files: one per day of the week, read after a failure, bounded at each start."""

from __future__ import annotations

import time
from pathlib import Path

from pilothouse.kit.postgres import files
from pilothouse.kit.postgres.configuration import LOGS

_OLDEST = (
    6 * 86_400
)  # seconds; the server empties a file when its day returns, but only if it runs at midnight
_LARGEST = 16 * 2**20  # bytes
_READ = 8192  # bytes of each log that may explain a failure


def sizes(cluster: Path) -> dict[Path, int]:
    """The log files in `cluster` and their sizes in bytes."""
    found = {}
    for path in (cluster / LOGS).glob("server-*.log"):
        found[path] = path.stat(follow_symlinks=False).st_size
    return found


def since(cluster: Path, before: dict[Path, int]) -> str:
    """What was logged after `sizes` had given `before`: at most the last 8 KB of each file."""
    return "".join(
        files.read_end(path, min(_READ, max(0, size - before.get(path, 0))))
        for path, size in sizes(cluster).items()
    )


def newest(cluster: Path) -> Path | None:
    """The log file written last."""
    return max(sizes(cluster), key=lambda path: path.stat(follow_symlinks=False).st_mtime_ns, default=None)


def prune(cluster: Path) -> None:
    """Remove log files of an earlier week or over 16 MB; the server must not be running."""
    oldest = time.time() - _OLDEST
    for path, size in sizes(cluster).items():
        if size > _LARGEST or path.stat(follow_symlinks=False).st_mtime < oldest:
            files.remove(path.parent, [path.name])
