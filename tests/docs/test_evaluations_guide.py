"""The guide to evaluations works as printed: its set, its prompt, its check and its commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from pilothouse.cli.main import cli
from pilothouse.evaluations.checks import BUILT_IN
from support.evaluated import Bench, by_version, speaking
from support.printed import BLOCK, DOCS, sessions

GUIDE = (DOCS / "guides" / "evaluations.md").read_text()


def test_the_commands_print_what_the_guide_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(tmp_path)
    for _, title, content in BLOCK.findall(GUIDE):
        if title:
            (tmp_path / title).write_text(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    first = next(text for language, _, text in BLOCK.findall(GUIDE) if language == "console")
    printed = sessions(first)
    assert len(printed) == 3
    with speaking(by_version) as provider:
        bench.settings(provider.url)
        for command, lines in printed:
            done = bench(*shlex.split(command)[1:])
            assert done.code == 0, (command, done.err)
            for line in lines:
                assert line in done.out, (command, done.out)


def test_every_option_of_the_guide_is_one() -> None:
    commands = vars(get_command(cli))["commands"]
    options = [*commands["eval"].params, *vars(commands["prompts"])["commands"]["optimise"].params]
    known = {name for option in options for name in option.opts}
    assert set(re.findall(r"(--[a-z][a-z-]+)", GUIDE)) <= known


def test_every_check_is_in_the_guide() -> None:
    assert set(BUILT_IN) <= set(re.findall(r"^\| `([a-z]+)` \|", GUIDE, re.MULTILINE))
