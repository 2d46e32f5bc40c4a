"""The embedded server is killed under a command: it is started again, and the run goes on."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from pilothouse.kit import postgres
from support.shell import Shell


def test_a_run_survives_the_death_of_its_embedded_database(tmp_path: Path) -> None:
    shell = Shell(tmp_path / "data", tmp_path)
    process = subprocess.Popen(
        shell.command("run", "slow", "1", "--no-save"),
        cwd=shell.folder, env=shell.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "dawdle done" in process.stdout.readline()
    server = postgres.status(shell.data).pid
    assert server is not None
    os.kill(server, signal.SIGKILL)
    out, err = process.communicate(timeout=40)
    assert process.returncode == 0, err
    assert out.splitlines()[-1].endswith("completed")
    assert not postgres.status(shell.data).running
