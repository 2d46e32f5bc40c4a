"""`pilothouse people`: on this machine's database and on a server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from pilothouse import App
from pilothouse.cli import opening, people
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput, NotFound

Ask = Callable[..., Awaitable[list[dict[str, Any]]]]
COMMON = {"data": None, "server": None, "apps": (), "verbose": False}


@pytest.fixture(params=["here", "there"])
async def ask(
    request: pytest.FixtureRequest,
    here: opening.Options,
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
    monkeypatch: pytest.MonkeyPatch,
) -> Ask:
    """What a command has done, here or by a server."""
    if request.param == "here":
        options = here
    else:
        options = opening.Options(server="http://localhost")
        found = RemoteClient(await open_api(sample_app, execute=False))

        @asynccontextmanager
        async def opened(*_: object) -> AsyncIterator[object]:
            yield found

        monkeypatch.setattr(opening, "remote", opened)

    async def done(
        what: str, given: object = None, person: str | None = None, tenant: str | None = None
    ) -> Any:
        return await people._done(options, tenant, what, given or {}, person)

    return done


async def test_people_are_invited_listed_given_roles_disabled_enabled_and_reset(ask: Ask) -> None:
    assert await ask("list") == []
    (invited,) = await ask("invite", {"email": "Ada@example.com", "roles": ["viewer"], "name": "Ada"})
    assert (invited["sent"], invited["link"].split("#")[0].rsplit("/", 1)[-1]) == (False, "join")
    person_id = invited["person"]["id"]
    await ask("invite", {"email": "bob@example.com", "roles": []})
    assert [item["email"] for item in await ask("list")] == ["bob@example.com", "Ada@example.com"]
    (changed,) = await ask("roles", {"roles": ["operator", "approver:finance"]}, "ADA@example.com")
    assert (changed["id"], changed["roles"]) == (person_id, ["approver:finance", "operator"])
    (disabled,) = await ask("disable", None, person_id)
    assert disabled["status"] == "disabled"
    (enabled,) = await ask("enable", None, "ada@example.com")
    assert enabled["status"] == "invited"
    (again,) = await ask("reset", {"second_factor": True}, person_id)
    assert again["link"] != invited["link"]


async def test_who_is_not_there_is_said_to_be_missing(ask: Ask) -> None:
    with pytest.raises(NotFound, match="no person with this address"):
        await ask("disable", None, "nobody@example.com")
    with pytest.raises(InvalidInput, match="e-mail address"):
        await ask("disable", None, "no id")


async def test_what_is_not_valid_is_refused(ask: Ask) -> None:
    with pytest.raises(Exception, match="roles"):
        await ask("invite", {"email": "ada@example.com", "roles": ["root"]})


async def test_another_tenant_is_looked_after_here_only(
    ask: Ask, request: pytest.FixtureRequest, conninfo: str
) -> None:
    from support.waiting import rows

    rows(conninfo, "insert into tenants (id, name) values ('acme', 'Acme')")
    if "there" in request.node.name:
        with pytest.raises(InvalidInput, match="this machine's database"):
            await ask("list", tenant="acme")
        return
    await ask("invite", {"email": "ada@example.com", "roles": ["admin"]}, tenant="acme")
    assert await ask("list") == []
    assert [item["roles"] for item in await ask("list", tenant="acme")] == [["admin"]]


async def test_more_people_than_one_page_are_all_listed(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilothouse.cli.client.PAGE", 2)
    for name in "abcde":
        await ask("invite", {"email": f"{name}@example.com", "roles": []})
    assert "".join(item["email"][0] for item in await ask("list")) == "edcba"


PERSON = {
    "id": "01a1fd48-ad45-7000-8af8-4578bee32f81", "email": "a@b.io", "name": "[red]Ada",
    "roles": ["viewer"], "status": "active", "second_factor": True, "last_signed_in_at": None,
}  # fmt: skip
LINKED = {"person": PERSON, "sent": False, "link": "https://h/join#t", "expires_at": "2030-01-31T12:00:00Z"}


def shown(found: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    async def done(*_: object) -> list[dict[str, Any]]:
        return found

    monkeypatch.setattr(people, "_done", done)
    done_ = CliRunner().invoke(people.cli, arguments, obj=COMMON)
    assert done_.exit_code == 0, done_.output
    return done_.output


def test_the_commands_print_tables_links_and_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nobody yet" in shown([], monkeypatch, "list")
    table = shown([PERSON], monkeypatch, "list")
    assert "[red]Ada" in table
    assert "never" in table
    assert json.loads(shown([PERSON], monkeypatch, "list", "--json")) == [PERSON]
    for command in (["disable", "ada"], ["enable", "ada"], ["roles", "ada", "viewer"]):
        assert "a@b.io" in shown([PERSON], monkeypatch, *command)
    invited = shown([LINKED], monkeypatch, "invite", "ada@example.com", "-r", "viewer", "--name", "Ada")
    assert invited.splitlines()[-1] == LINKED["link"]
    mailed = shown([LINKED | {"sent": True, "link": None}], monkeypatch, "reset", "ada@example.com")
    assert "sent by e-mail" in mailed
    assert json.loads(shown([LINKED], monkeypatch, "reset", "ada", "--json")) == [LINKED]
