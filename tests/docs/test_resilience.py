"""The examples of the guide to resilience run as they are printed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest

from pilothouse.cli.main import cli
from pilothouse.resilience.opening import terms_in
from pilothouse.settings import Settings
from support.printed import DOCS

GUIDE = (DOCS / "guides" / "resilience.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
PRINTED = (
    "fine\n",
    "OSError\n" * 4 + "closed -> open\nOSError\nBreakerOpen\n",
    "deadline_exceeded\n",
)


@pytest.mark.parametrize(("program", "printed"), list(zip(PROGRAMS, PRINTED, strict=True)))
def test_a_program_of_the_guide_prints_what_it_should(program: str, printed: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (printed, "")


def test_the_settings_of_the_guide_are_settings() -> None:
    (said,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    found = terms_in(Settings(_env_file=None, **tomllib.loads(said)))
    assert found["model/*"].deadline == 20
    assert found["model/openai"].breaker.open_for == 30


def test_the_commands_of_the_guide_are_commands() -> None:
    from typer.main import get_command

    known = vars(vars(get_command(cli))["commands"]["breakers"])["commands"]
    assert set(re.findall(r"^pilothouse breakers ([a-z-]+)", GUIDE, re.MULTILINE)) == known.keys()
