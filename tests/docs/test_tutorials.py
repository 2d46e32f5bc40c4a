"""The tutorials' files and commands work as they are printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIALS = sorted((Path(__file__).parents[2] / "docs" / "tutorials").glob("*.md"))
BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def run(command: str, folder: Path) -> tuple[int, str]:
    program, *arguments = shlex.split(command)
    assert program == "pilothouse"
    executable = Path(sys.executable).parent / "pilothouse"
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(
        [executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def sessions(text: str) -> list[tuple[str, list[str]]]:
    """Each command with the lines that its output has to contain."""
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line:
            found[-1][1].append(line)
    return found


@pytest.mark.parametrize("tutorial", TUTORIALS, ids=lambda path: path.stem)
def test_the_tutorial_works_as_printed(tutorial: Path, tmp_path: Path) -> None:
    for language, title, content in BLOCK.findall(tutorial.read_text()):
        if title:
            (tmp_path / title).write_text(content)
        if language != "console":
            continue
        for command, expected in sessions(content):
            code, output = run(command, tmp_path)
            wanted = next((int(line[6:-1]) for line in expected if line.startswith("[exit ")), 0)
            assert code == wanted, output
            for line in expected:
                if not line.startswith("[exit "):
                    assert line in output, f"{command!r} does not print {line!r} but:\n{output}"
