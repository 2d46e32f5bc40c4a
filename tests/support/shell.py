"""The real command in a real process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

APPS = Path(__file__).parent


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return orjson.loads(self.out)


@dataclass(frozen=True)
class Shell:
    """Runs `pilothouse` with the test's application in a folder.

    Commands that are not `measured` are left out of the coverage: it more than doubles their time.
    """

    data: Path
    folder: Path
    app: str = "shop:app"
    measured: bool = True

    def command(self, *arguments: str) -> list[str]:
        executable = str(Path(sys.executable).parent / "pilothouse")
        return [executable, "--data", str(self.data), "--app", self.app, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        dropped = ("PILOTHOUSE_",) if self.measured else ("PILOTHOUSE_", "COVERAGE_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return {**kept, "PYTHONPATH": str(APPS), "NO_COLOR": "1", "COLUMNS": "200"}

    def __call__(self, *arguments: str, given: str = "", **environment: str) -> Done:
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, **environment},
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)
