"""`pilothouse guards`: what is found in a text, masked or told, and the table in force."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.guards.name_model import NameModelUnusable
from support.naming import listed

CARD = "4539 1488 0343 6467"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_a_scan_tells_what_is_found_and_never_what_it_says(run: CliRunner) -> None:
    done = run.invoke(cli, ["guards", "scan", f"mail ada@engines.example, card {CARD}"])
    assert done.exit_code == 0, done.output
    assert "card" in done.output
    assert "mask 1, flag 1" in done.output
    assert CARD not in done.output
    assert run.invoke(cli, ["guards", "scan", "a parcel"]).output == "Nothing is found.\n"


def test_a_file_and_standard_input_are_masked(run: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text(f"card {CARD}, thanks")
    from_file = run.invoke(cli, ["guards", "scan", "letter.txt", "--mask"]).output
    assert from_file.startswith("card <CARD:")
    assert from_file.endswith(">, thanks\n")
    piped = run.invoke(cli, ["guards", "scan", "-", "--mask"], input=f"card {CARD}, thanks")
    assert piped.output == from_file


def test_the_inlet_decides_and_json_has_the_places(run: CliRunner) -> None:
    text = "mail ada@engines.example now"
    done = run.invoke(cli, ["guards", "scan", text, "--inlet", "model_prompt", "--json"])
    (found,) = json.loads(done.output)["findings"]
    assert (found["type"], found["action"]) == ("email", "mask")
    assert text[found["start"] : found["end"]] == "ada@engines.example"


def test_the_table_is_shown_as_the_settings_change_it(
    run: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "guards.toml").write_text("[tenants.acme.input]\nemail = 'mask'\n")
    monkeypatch.setenv("PILOTHOUSE_GUARDS", str(tmp_path / "guards.toml"))
    done = run.invoke(cli, ["guards", "show", "--tenant", "acme"])
    assert "tool_arguments" in done.output
    assert "input: mask email" in done.output
    shown = json.loads(run.invoke(cli, ["guards", "show", "--json"]).output)
    first = shown["inlets"][0]
    assert (first["inlet"], first["acts"]["secrets"], "email" in first["acts"]) == ("input", "mask", False)
    assert "openai_key" in run.invoke(cli, ["guards", "show", "--types"]).output


def test_a_model_for_names_is_used_shown_and_missed(
    run: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "From Tarvo Ellisaar"
    assert run.invoke(cli, ["guards", "scan", text]).output == "Nothing is found.\n"
    assert json.loads(run.invoke(cli, ["guards", "show", "--json"]).output)["names_model"] is None
    monkeypatch.setenv("PILOTHOUSE_GUARDS_NAMES_MODEL", listed(tmp_path / "ours", "Tarvo Ellisaar"))
    assert run.invoke(cli, ["guards", "scan", text, "--inlet", "model_prompt", "--mask"]).output.startswith(
        "From <PERSON_NAME:"
    )
    assert "spaCy's pipeline ours" in run.invoke(cli, ["guards", "show"]).output
    monkeypatch.setenv("PILOTHOUSE_GUARDS_NAMES_MODEL", "en_no_such_pipeline")
    for command in (["scan", text], ["show"]):
        done = run.invoke(cli, ["guards", *command])
        assert done.exit_code != 0
        assert isinstance(done.exception, NameModelUnusable)
