"""The guide to experiments works as printed: its commands, in their order, print what stands below them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from pilothouse.cli.main import cli
from support.printed import BLOCK, DOCS, sessions

GUIDE = (DOCS / "guides" / "experiments.md").read_text()


def test_the_guide_works_as_printed(conninfo: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = conninfo_to_dict(conninfo)
    url = f"postgresql://{told['user']}@/{told['dbname']}?host={told['host']}&port={told.get('port', 5432)}"
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)
    runner, ran = CliRunner(), 0
    for number in range(1, 6):  # the versions that the guide speaks of
        file = tmp_path / f"{number}.md"
        file.write_text(f"---\ndescription: The {number}th.\n---\nSort the message.\n")
        assert runner.invoke(cli, ["prompts", "create", "support/triage", str(file)]).exit_code == 0
    for language, _, content in BLOCK.findall(GUIDE):
        for command, expected in sessions(content) if language == "console" else []:
            program, *words = shlex.split(command)
            assert program == "pilothouse"
            done = runner.invoke(cli, words)
            assert done.exit_code == 0, done.output
            printed = " ".join(done.output.split())
            for line in expected:
                assert " ".join(line.split()) in printed, f"{command} prints {done.output}"
            ran += 1
    assert ran == 13
