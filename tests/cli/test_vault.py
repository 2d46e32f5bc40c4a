"""`pilothouse vault`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from typer.testing import CliRunner

from pilothouse.app import SEALED
from pilothouse.cli.main import cli
from pilothouse.cli.opening import Options
from pilothouse.errors import Conflict, InvalidInput
from pilothouse.kit.sealing import Place
from pilothouse.runtime.entries import Codec
from support.kept import vault_over
from support.waiting import rows

MADE = """
insert into runs (id, tenant_id, workflow, version, pin, status, personal)
values (%s, 'acme', 'w', 1, 'w@1', 'completed', true)
"""
ENTRY = """
insert into journal (run_id, seq, tenant_id, kind, key, codec, payload)
values (%s, 1, 'acme', 'submitted', '', %s, %s)
"""
Run = Callable[..., Result]


@pytest.fixture
def pilothouse(here: Options, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command of `pilothouse` on the test's database."""
    monkeypatch.setattr("pilothouse.vault.resealing.ResealingPace.settled", 0.0)
    environment = {"COLUMNS": "200", "NO_COLOR": "1"}
    return lambda *said: CliRunner().invoke(cli, ["--data", str(here.data), *said], env=environment)


def seal_entry(conninfo: str, folder: Path) -> None:
    """Store a personal run whose journal has one sealed entry."""
    run_id = uuid4()

    async def sealed() -> bytes:
        vault = vault_over(conninfo, folder)
        made = await vault.seal(Place("acme", "journal", str(run_id), "submitted "), b"\x00null")
        await vault.close()
        return made

    rows(conninfo, MADE, run_id)
    rows(conninfo, ENTRY, run_id, Codec.ENCRYPTED, asyncio.run(sealed()))


def test_keys_are_shown_turned_over_and_what_they_sealed_is_sealed_anew(
    pilothouse: Run, conninfo: str, tmp_path: Path
) -> None:
    assert pilothouse("vault", "status").output == "Nothing is sealed yet.\n"
    seal_entry(conninfo, tmp_path / "secrets")
    rotated = pilothouse("vault", "rotate", "--tenant", "acme", "--json")
    assert json.loads(rotated.output) == {"tenant_id": "acme", "version": 2}
    done = pilothouse("vault", "reencrypt", "--tenant", "acme").output
    assert "journal.payload: 1 of 1 seen, 1 sealed anew" in done
    again = pilothouse("vault", "reencrypt", "--tenant", "acme").output
    assert again == "acme: everything is sealed with the newest key\n"
    (told,) = json.loads(pilothouse("vault", "status", "--json").output)
    states = [(key["version"], key["status"]) for key in told["keys"]]
    assert states == [(0, "index"), (1, "retired"), (2, "active")]
    assert {part["part"] for part in told["progress"]} == {column.part for column in SEALED}
    shown = pilothouse("vault", "status", "--tenant", "acme").output
    assert "retired" in shown
    assert "journal.payload: 1 of 1 seen, 1 sealed anew, through" in shown


def test_for_programs_there_are_documents(pilothouse: Run, conninfo: str, tmp_path: Path) -> None:
    seal_entry(conninfo, tmp_path / "secrets")
    assert "key 2 seals from now on" in pilothouse("vault", "rotate", "--tenant", "acme").output
    rows(conninfo, "update journal set payload = 'damaged'")
    parts = json.loads(pilothouse("vault", "reencrypt", "--tenant", "acme", "--json").output)
    assert {part["part"]: part["unreadable"] for part in parts}["journal.payload"] == 1
    assert "1 unreadable" in pilothouse("vault", "status").output
    assert pilothouse("vault", "rewrap").output == "keys wrapped anew: 0\n"
    assert json.loads(pilothouse("vault", "rewrap", "--json").output) == {"keys": 0, "left": {}}


def test_keys_are_not_looked_after_over_a_network(pilothouse: Run) -> None:
    refused = pilothouse("--server", "http://127.0.0.1:1", "vault", "status")
    assert isinstance(refused.exception, InvalidInput)


def test_a_tenant_without_keys_has_none_to_turn_over(pilothouse: Run) -> None:
    assert isinstance(pilothouse("vault", "rotate", "--tenant", "nobody").exception, Conflict)
