"""The live view in a real terminal: cards appear, questions are asked there, the end is told."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from support.shell import Shell

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
DEADLINE = 30


@dataclass
class Terminal:
    """A command at the other end of a pseudo-terminal."""

    process: subprocess.Popen[bytes]
    end: int
    seen: str = field(default="")

    def until(self, text: str) -> None:
        """Read until `text` has appeared."""
        deadline = time.monotonic() + DEADLINE
        while text not in self.seen:
            assert time.monotonic() < deadline, f"{text!r} did not appear in:\n{self.seen}"
            if select.select([self.end], [], [], 0.1)[0]:
                self._read()

    def type(self, text: str) -> None:
        os.write(self.end, text.encode())

    def rest(self) -> int:
        """Read to the end; returns the exit code."""
        while self._read():
            continue
        return self.process.wait(DEADLINE)

    def _read(self) -> bool:
        try:
            data = os.read(self.end, 65_536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.seen += ESCAPES.sub("", data.decode(errors="replace"))
        return bool(data)


@contextmanager
def terminal(pilothouse: Shell, *arguments: str) -> Iterator[Terminal]:
    mine, theirs = pty.openpty()
    environment = {**pilothouse.environment, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "40"}
    environment.pop("NO_COLOR")
    process = subprocess.Popen(
        pilothouse.command(*arguments), cwd=pilothouse.folder, env=environment,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        yield Terminal(process, mine)
    finally:
        process.kill()
        process.wait()
        os.close(mine)


def test_a_person_is_asked_at_the_terminal_and_asked_again_after_a_wrong_answer(pilothouse: Shell) -> None:
    with terminal(pilothouse, "run", "orders", "--out", "made") as screen:
        screen.until("Answer [red]:")
        assert "Which colour?" in screen.seen
        assert "Ada may buy." in screen.seen
        assert "confidence 0.70" in screen.seen
        screen.type("green\n")
        screen.until("is not one of the choices")
        screen.type("blue\n")
        assert screen.rest() == 0
        assert "completed" in screen.seen
        assert "receipt.txt" in screen.seen
    assert (pilothouse.folder / "made" / "receipt.txt").read_text() == "shipped to Ada in blue\n"


def test_an_empty_answer_takes_the_default(pilothouse: Shell) -> None:
    with terminal(pilothouse, "run", "orders", "--out", "made") as screen:
        screen.until("Answer [red]:")
        screen.type("\n")
        assert screen.rest() == 0
    assert "in red" in (pilothouse.folder / "made" / "receipt.txt").read_text()


@pytest.mark.parametrize("moment", ["dawdle", "Answer [red]:"])
def test_ctrl_c_at_the_terminal_keeps_the_run(pilothouse: Shell, moment: str) -> None:
    arguments = ("run", "slow", "2") if moment == "dawdle" else ("run", "orders")
    with terminal(pilothouse, *arguments) as screen:
        screen.until(moment)
        screen.process.send_signal(2)
        assert screen.rest() == 130
        assert "go on with: pilothouse watch" in screen.seen


def test_a_failure_is_shown_with_its_step_and_what_to_do(pilothouse: Shell) -> None:
    with terminal(pilothouse, "run", "fails", "/does/not/exist") as screen:
        assert screen.rest() == 1
        for told in ("failed", "No such file", "Step: fragile#0", "pilothouse retry"):
            assert told in screen.seen
