from __future__ import annotations

import os
import time
from pathlib import Path

from pilothouse.kit.postgres import logs


def test_only_what_was_logged_since_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    assert logs.newest(tmp_path) is None
    (folder / "server-Mon.log").write_text("old\n")
    before = logs.sizes(tmp_path)
    with (folder / "server-Mon.log").open("a") as file:
        file.write("new\n")
    (folder / "server-Tue.log").write_text("newer\n")
    assert sorted(logs.since(tmp_path, before).split()) == ["new", "newer"]
    os.utime(folder / "server-Mon.log", (1, 1))
    assert logs.newest(tmp_path) == folder / "server-Tue.log"


def test_old_and_large_logs_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    for name in ("server-Mon.log", "server-Tue.log", "server-Wed.log", "other.txt"):
        (folder / name).touch()
    os.utime(folder / "server-Mon.log", (1, time.time() - 7 * 86_400))
    os.truncate(folder / "server-Tue.log", 17 * 2**20)
    logs.prune(tmp_path)
    assert sorted(path.name for path in folder.iterdir()) == ["other.txt", "server-Wed.log"]
