"""The tutorials' files and commands work as they are printed.

A database's URL and the server's port are replaced by those of the test. A command that ends with `&` goes on
in the background; what follows it may take a moment to print what it should.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from support.printed import BLOCK, DOCS, free_port, sessions

TUTORIALS = [*sorted((DOCS / "tutorials").glob("*.md")), DOCS / "guides" / "schedules.md"]


DATABASE, PORT = "postgresql://pilothouse@localhost/pilothouse", "8000"
MODEL = "8001"
"""The port of a model that a tutorial starts itself."""


class Terminal:
    """Runs a tutorial's commands in a folder, and ends what it left in the background."""

    def __init__(self, folder: Path, replaced: Mapping[str, str]) -> None:
        self.folder, self.replaced = folder, replaced
        self.path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for programs
        self.background: list[subprocess.Popen[bytes]] = []
        self.others: list[subprocess.Popen[bytes]] = []  # programs of the tutorial's own

    def adapted(self, text: str) -> str:
        for printed, own in self.replaced.items():
            text = text.replace(printed, own)
        return text

    def arguments(self, command: str) -> list[str]:
        program, *arguments = shlex.split(self.adapted(command))
        if program == "python":
            return [sys.executable, *arguments]
        assert program == "pilothouse"
        if arguments[0] == "serve":
            arguments += ["--port", self.replaced[PORT]]
        return [str(Path(sys.executable).parent / "pilothouse"), *arguments]

    def start(self, command: str) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        started = subprocess.Popen(self.arguments(command), cwd=self.folder, **quiet)
        (self.background if command.startswith("pilothouse ") else self.others).append(started)

    def run(self, command: str) -> tuple[int, str]:
        done = subprocess.run(
            self.arguments(command), cwd=self.folder, capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "NO_COLOR": "1", "PATH": self.path}, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def check(self, command: str, expected: Sequence[str]) -> None:
        """Run a command; it has to exit and to print as the tutorial says."""
        wanted = next((int(line[6:-1]) for line in expected if line.startswith("[exit ")), 0)
        lines = [line for line in expected if not line.startswith("[exit ")]
        deadline = time.monotonic() + (30 if self.background else 0)
        while True:
            code, output = self.run(command)
            if code == wanted and all(line in output for line in lines):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"{command!r} exits with {code}, not printing all of {lines}:\n{output}")
            time.sleep(0.2)

    def close(self) -> list[int]:
        """Stop what goes on in the background, as a service would; returns the exit codes."""
        for process in (*self.background, *self.others):
            process.terminate()
        for other in self.others:
            other.wait(30)
        return [process.wait(30) for process in self.background]


def url_of(conninfo: str) -> str:
    info = conninfo_to_dict(conninfo)
    host = quote(info["host"], safe="")
    return f"postgresql://{info['user']}@/{info['dbname']}?host={host}&port={info['port']}"


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_the_tutorial_works_as_printed(
    tutorial: Path, tmp_path: Path, new_database: Callable[..., str]
) -> None:
    text = tutorial.read_text()
    database = url_of(new_database(None)) if DATABASE in text else ""
    terminal = Terminal(tmp_path, {DATABASE: database, PORT: str(free_port()), MODEL: str(free_port())})
    try:
        for language, title, content in BLOCK.findall(text):
            if title:
                (tmp_path / title).write_text(terminal.adapted(content))
            if language != "console":
                continue
            for command, expected in sessions(content):
                if command.endswith(" &"):
                    terminal.start(command.removesuffix(" &"))
                else:
                    terminal.check(command, expected)
    finally:
        codes = terminal.close()
    assert set(codes) <= {0}
