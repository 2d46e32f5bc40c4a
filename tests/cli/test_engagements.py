"""`pilothouse engagements` and `run --engagement`, on this machine; test_remote_trust asks a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from pilothouse.cli import engagements
from pilothouse.cli.main import cli
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit import postgres
from support.shell import APPS

Told = Callable[..., str]


@pytest.fixture
def told(data: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What a command prints that is run in this process; raises what it raises."""
    monkeypatch.syspath_prepend(str(APPS))

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["--data", str(data), "--app", "shop:app", *arguments])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.stdout

    return run


def documents(told: Told, *arguments: str) -> list[dict[str, Any]]:
    return json.loads(told("engagements", *arguments, "--json"))


def test_they_are_made_listed_renamed_closed_reopened_and_deleted(told: Told) -> None:
    (made,) = documents(told, "create", "audit 1")
    assert (made["name"], made["closed_at"]) == ("audit 1", None)
    assert documents(told, "rename", "audit 1", "audit-2")[0]["id"] == made["id"]
    assert "audit-2" in told("engagements", "list")
    assert documents(told, "close", made["id"])[0]["closed_at"]
    assert "audit-2" not in told("engagements", "list")
    assert "closed" in told("engagements", "list", "--all")
    assert documents(told, "reopen", "audit-2")[0]["closed_at"] is None
    with pytest.raises(Conflict):
        told("engagements", "create", "audit-2")
    assert told("engagements", "delete", "audit-2") == "deleted\n"
    with pytest.raises(NotFound, match="engagements list --all"):
        told("engagements", "close", "audit-2")
    with pytest.raises(InvalidInput, match="name"):
        told("engagements", "create", "a/b")


def test_another_tenant_has_its_own(told: Told) -> None:
    told("tenants", "create", "acme", "--name", "Acme")
    (theirs,) = documents(told, "create", "shared", "--tenant", "acme")
    (ours,) = documents(told, "create", "shared")
    assert theirs["id"] != ours["id"]
    assert [item["id"] for item in documents(told, "list", "--tenant", "acme")] == [theirs["id"]]
    with pytest.raises(NotFound):
        told("engagements", "close", theirs["id"])


def test_a_run_belongs_to_the_engagement_that_it_names(told: Told, data: Path) -> None:
    (made,) = documents(told, "create", "migration-2026")
    for said in ("migration-2026", made["id"]):
        run = json.loads(told("run", "orders", "--engagement", said, "--json", "--no-save"))["run_id"]
        with postgres.attach(data) as attachment, psycopg.connect(attachment.dsn) as connection:
            (found,) = connection.execute("select engagement_id from runs where id = %s", (run,)).fetchone()
        assert str(found) == made["id"]
    with pytest.raises(InvalidInput, match="no engagement nowhere"):
        told("run", "orders", "--engagement", "nowhere")
    told("engagements", "close", "migration-2026")
    with pytest.raises(InvalidInput, match="closed"):
        told("run", "orders", "--engagement", "migration-2026")


def test_every_command_has_an_example() -> None:
    for command in engagements.cli.registered_commands:
        assert "Example: pilothouse engagements" in (command.callback.__doc__ or ""), command
