"""The commands on keys: on this machine and on a server, and what they print where."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from typer.main import get_command

from pilothouse.cli import keys
from pilothouse.cli.opening import Options
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput, NotFound
from support.shell import Shell

NEW = {"name": "nightly", "roles": ["operator"], "permissions": ["runs:submit"], "engagement": None}


def test_every_command_has_an_example() -> None:
    commands = get_command(keys.cli).commands  # type: ignore[attr-defined]  # it is a group
    assert len(commands) == 6
    for command in commands.values():
        assert "Example: pilothouse keys" in command.help


def test_the_secret_and_nothing_else_goes_to_standard_output(pilothouse: Shell) -> None:
    done = pilothouse("keys", "create", "nightly", "--role", "viewer", "--days", "30", "--tenant", "default")
    assert done.code == 0, done
    assert done.out.startswith("ph_live_")
    assert len(done.out.split()) == 1
    listed = pilothouse("keys", "list", "--json")
    assert done.out.strip().rsplit("_", 1)[1] not in listed.out
    (key,) = [item for item in listed.document if item["name"] == "nightly"]
    assert (key["state"], key["roles"], key["made_by"]) == ("active", ["viewer"], "local")


def test_what_makes_no_sense_is_refused_in_words(pilothouse: Shell) -> None:
    done = pilothouse("keys", "create", "n", "--role", "root")
    assert done.code == 2, done
    assert "This is not valid: roles" in done.err


@pytest.fixture
def asked(client: httpx.AsyncClient) -> RemoteClient:
    return RemoteClient(client)


async def test_on_a_server_the_api_is_asked(asked: RemoteClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.cli.client.PAGE", 2)
    made = [(await keys.there(asked, "create", NEW | {"name": f"k{number}"}, None))[0] for number in range(3)]
    assert [item["name"] for item in await keys.there(asked, "list", {}, None)] == ["k2", "k1", "k0"]
    key = made[0]["key"]["id"]
    (shown,) = await keys.there(asked, "show", {}, key)
    assert shown == made[0]["key"]
    (rotated,) = await keys.there(asked, "rotate", {"overlap": 60}, key)
    assert rotated["secret"] != made[0]["secret"]
    (narrowed,) = await keys.there(asked, "models", {"models": ["fast"]}, key)
    assert narrowed["models"] == ["fast"]
    (revoked,) = await keys.there(asked, "revoke", {}, key)
    assert revoked["state"] == "revoked"
    with pytest.raises((NotFound, Exception), match="There is no key"):
        await keys.there(asked, "show", {}, str(uuid4()))


async def test_on_this_machine_the_database_is_asked(here: Options, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.cli.client.PAGE", 2)

    async def asked(what: str, given: dict[str, Any], key: str | None = None) -> list[dict[str, Any]]:
        return await keys.done(here, None, what, given, key)

    made = [(await asked("create", NEW | {"name": f"k{number}"}))[0] for number in range(3)]
    assert [item["name"] for item in await asked("list", {})] == ["k2", "k1", "k0"]
    key = made[0]["key"]["id"]
    assert (await asked("show", {}, key))[0] == made[0]["key"]
    assert (await asked("rotate", {"overlap": 0}, key))[0]["key"]["previous_until"] is None
    assert (await asked("revoke", {}, key))[0]["revoked_at"]
    with pytest.raises(InvalidInput, match="roles"):
        await asked("create", NEW | {"roles": ["root"]})
    with pytest.raises(NotFound):
        await asked("show", {}, str(uuid4()))


def test_lists_are_readable_and_say_which_keys_are_old(capsys: pytest.CaptureFixture[str]) -> None:
    keys._tell([], as_json=False)
    assert "keys create" in capsys.readouterr().out
    item = {"id": "1", "name": "[red]n", "state": "active", "roles": ["viewer"], "permissions": ["runs:read"]}
    item |= {"due": True, "last_used_at": None, "expires_at": "2027-01-01T00:00:00Z"}
    keys._tell([item], as_json=False)
    told = capsys.readouterr().out
    assert all(part in told for part in ("[red]n", "rotate it", "never", "runs:read", "2027-01-01"))
    keys._tell([item], as_json=True)
    assert json.loads(capsys.readouterr().out) == [item]


def test_a_rotation_says_until_when_the_secret_before_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    key = {"id": "1", "name": "n", "previous_until": "2027-01-01"}
    keys._tell_secret({"key": key, "secret": "ph_live_x"}, as_json=False)
    told = capsys.readouterr()
    assert (told.out, "valid until 2027-01-01" in told.err) == ("ph_live_x\n", True)
    keys._tell_secret({"key": key, "secret": "ph_live_x"}, as_json=True)
    assert json.loads(capsys.readouterr().out)["secret"] == "ph_live_x"
