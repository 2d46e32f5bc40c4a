"""Workers in processes of their own, which a test may kill and freeze."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson

TESTS = Path(__file__).parents[1]


class Workers:
    """Forks workers by a module of ours, and ends those that are left."""

    def __init__(self, conninfo: str, folder: Path, forks: str = "support.victim") -> None:
        self.conninfo, self.folder = conninfo, folder
        self.pids: set[int] = set()
        self.process = subprocess.Popen(
            [sys.executable, "-m", forks],
            cwd=TESTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, conninfo: str | None = None, **settings: float) -> int:
        """Start a worker with `settings` other than the victims' own; its process id."""
        given = {"folder": str(self.folder), "conninfo": conninfo or self.conninfo, "settings": settings}
        self.process.stdin.write(orjson.dumps(given).decode() + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        self.pids.add(pid)
        return pid

    def signal(self, pid: int, what: signal.Signals) -> None:
        os.kill(pid, what)
        if what is signal.SIGKILL:
            self.pids.discard(pid)

    def stop(self) -> None:
        """End all that are left; whoever has ended by itself has failed the test."""
        gone = [pid for pid in list(self.pids) if not self._ended(pid)]
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        assert gone == [], (self.folder / "workers.log").read_text()

    def _ended(self, pid: int) -> bool:
        try:
            self.signal(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    @property
    def log(self) -> list[tuple[int, int, str]]:
        """What was really done: when, in which process, and what."""
        path = self.folder / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(int(at), int(pid), what) for at, pid, what in (line.split(" ", 2) for line in lines)]

    def done(self, what: str) -> list[int]:
        """The processes that did it."""
        return [pid for _, pid, done in self.log if done == what]
