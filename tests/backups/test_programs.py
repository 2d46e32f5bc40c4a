from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from pilothouse.backups import programs
from pilothouse.backups.errors import BackupFailed, RestoreFailed
from support.waiting import until


async def test_a_program_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    script = ["/bin/sh", "-c", f"echo $$ > {noted}; sleep 60"]
    task = asyncio.create_task(programs._run(script, {"PATH": os.environ["PATH"]}))
    pid = int(await until(lambda: noted.exists() and noted.read_text().strip()))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_pg_dump_and_pg_restore_say_is_told(conninfo: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="no-such-snapshot"):
        await programs.dump(conninfo, "public", "no-such-snapshot", 180_000, tmp_path / "dump")
    (tmp_path / "none").mkdir()
    load = await programs.loading(conninfo, tmp_path / "none", "public", 18, 180_000)
    with pytest.raises(RestoreFailed, match="cannot read the dump"):
        await load.list(tmp_path / "contents")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(BackupFailed, match="pg_basebackup failed"):
        await programs.base(conninfo, 180_000, tmp_path / "full")
