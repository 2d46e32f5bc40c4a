"""The real command: in a process of its own, or in this one where the process is not the point."""

from __future__ import annotations

import gc
import os
import runpy
import subprocess
import sys
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import orjson
from typer.testing import CliRunner

from pilothouse import cli
from pilothouse.telemetry import logs

APPS = Path(__file__).parent
main = runpy.run_path(str(cli.__file__))["main"]  # `cli.main` is a module once that was imported


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
    """Runs `pilothouse` with the test's application in a folder."""

    data: Path
    folder: Path
    app: str = "shop:app"

    def command(self, *arguments: str) -> list[str]:
        executable = str(Path(sys.executable).parent / "pilothouse")
        return [executable, "--data", str(self.data), "--app", self.app, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")}
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


@dataclass(frozen=True)
class Inside(Shell):
    """Runs the same command line in this process: what it prints, reads and exits with is the same.

    Most of what a command costs is to start Python and to load what it uses. Not for what runs in a loop,
    and not for signals, terminals or what is left at the end of a process.
    """

    def __call__(self, *arguments: str, given: str = "", **environment: str) -> Done:
        wanted, before = {**self.environment, **environment}, (list(sys.path), gc.get_threshold())
        runner = CliRunner()
        with (
            patch.dict(os.environ, wanted, clear=True),
            patch.object(sys, "argv", self.command(*arguments)),
            chdir(self.folder),
            runner.isolation(input=given) as (out, err, _),
        ):
            sys.path.insert(0, str(APPS))
            try:
                main()
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            finally:
                sys.path[:] = before[0]
                gc.set_threshold(*before[1])
                sys.stdout.flush()
                sys.stderr.flush()
            told = Done(code, out.getvalue().decode(), err.getvalue().decode())
        logs.configure("debug", "readable")
        return told


class Client(Inside):
    """Commands for the server at the address `app`."""

    def command(self, *arguments: str) -> list[str]:
        executable, *_ = super().command()
        return [executable, "--data", str(self.data), "--server", self.app, *arguments]
