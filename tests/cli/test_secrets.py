"""`pilothouse secrets`, as it is typed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.errors import InvalidInput
from pilothouse.kit import postgres
from pilothouse.secrets.errors import StillNeeded
from support.shell import Shell

Typed = Callable[..., Result]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("secrets")
    with postgres.attach(made / "data"):
        yield made


@pytest.fixture
def typed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Runs the command in this process; starting one takes as long as ten of these."""
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *said, given=None: CliRunner().invoke(
        cli, ["--data", str(folder / "data"), *said], input=given
    )


def document(done: Result) -> Any:
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_secrets_are_made_listed_rotated_checked_and_retired(folder: Path, typed: Typed) -> None:
    assert "vault_key: made version 1" in typed("secrets", "init").stdout
    assert "Nothing is missing" in typed("secrets", "init").stdout
    assert document(typed("secrets", "init", "--json")) == []
    rotated = document(typed("secrets", "rotate", "vault_key", "--json"))
    assert (rotated["name"], rotated["version"]) == ("vault_key", "2")
    assert "were wrapped anew" in rotated["done"]
    listed = {item["name"]: item for item in document(typed("secrets", "list", "--json"))}
    assert [item["version"] for item in listed["vault_key"]["versions"]] == ["2", "1"]
    assert isinstance(typed("secrets", "retire", "vault_key", "1").exception, StillNeeded)
    assert "is not used any more" in typed("secrets", "retire", "vault_key", "1", "--force").stdout
    checked = document(typed("secrets", "check", "--json"))
    assert {item["verdict"] for item in checked} == {"pass"}
    values = [path.read_text().strip() for path in (folder / "data" / "secrets").iterdir()]
    shown = typed("secrets", "list").stdout + typed("secrets", "check").stdout
    assert "signing_key" in shown
    assert all(value not in shown for value in values if value)
    (folder / "data" / "secrets" / "pepper").write_text("weak")
    assert typed("secrets", "check").exit_code == 1
    (folder / "data" / "secrets" / "pepper").unlink()
    assert typed("secrets", "forget", "pepper", given="n\n").exit_code == 1
    assert "1 versions forgotten" in typed("secrets", "forget", "pepper", "--yes").stdout


def test_secrets_are_not_looked_after_over_a_network(typed: Typed) -> None:
    done = typed("--server", "http://127.0.0.1:9", "secrets", "list")
    assert isinstance(done.exception, InvalidInput)


def test_a_value_comes_by_standard_input_and_is_not_shown(folder: Path) -> None:
    shell = Shell(folder / "data", folder)
    refused = shell("secrets", "rotate", "smtp_password")
    assert refused.code == 2
    assert "--stdin" in refused.err
    done = shell("secrets", "rotate", "smtp_password", "--stdin", given="canary of the mail\n")
    assert done.code == 0
    assert "canary" not in done.out + done.err
    assert (folder / "data" / "secrets" / "smtp_password").read_bytes() == b"canary of the mail"
