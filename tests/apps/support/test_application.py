"""The desk as an application in a real process, over its HTTP API: people, roles, approvals, encryption."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pilothouse import App
from pilothouse.app import settle
from pilothouse.apps.support.application import support_app
from pilothouse.apps.support.resources import Resources, UnusableOption
from pilothouse.apps.support.shop.memory import MemoryShop
from pilothouse.apps.support.shop.seeding import seeded
from pilothouse.apps.support.shop.store import Shop
from pilothouse.errors import SettingsInvalid
from pilothouse.keys.repository import KeyRepository
from pilothouse.keys.schemas import NewKey
from pilothouse.keys.service import Keys
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.settings import Settings
from pilothouse.tenants.service import Placement
from support.desk import Counted
from support.governing import Governed, governed
from support.kept import secrets_in
from support.waiting import until

ROOT = Path(__file__).parents[3]
DAMAGED = "The sleeping bag in order H-10003 arrived damaged, refund it. My e-mail is elif.yilmaz@example.com"


class Conversation:
    """A conversation over the API: the customer's messages are answers to questions for their role."""

    def __init__(self, process: Governed, run_id: str) -> None:
        self.process, self.run_id = process, run_id

    async def question(self, role: str) -> dict[str, Any]:
        """The open question for a role, once there is one."""

        async def found() -> Any:
            params = {"run_id": self.run_id, "status": "open", "role": role}
            items = (await self.process.ask("GET", "/questions", params=params))["items"]
            return items[0] if items else None

        asked: dict[str, Any] = await until(found)
        return await self.process.ask("GET", f"/questions/{asked['id']}")

    async def say(self, text: str) -> None:
        """What the customer says."""
        asked = await self.question("customer")
        await self.process.ask("POST", f"/questions/{asked['id']}/answer", json={"answer": text})


@asynccontextmanager
async def desk(conninfo: str, folder: Path) -> AsyncIterator[tuple[Governed, Counted]]:
    shop = Counted(seeded())
    app = support_app(Resources(shops=lambda _: Shop(shop, shop)))
    async with governed(conninfo, folder, app) as process:
        yield process, shop


async def key(process: Governed, folder: Path, name: str, *roles: str, by: str = "local") -> dict[str, str]:
    """The headers of a program with these roles, whose key somebody has made."""
    scope, database = Scope("default", by, frozenset({"admin"})), Database(process.conninfo, connections=2)
    try:
        async with database.session(scope) as session:
            keys = Keys(
                KeyRepository(session, scope),
                secrets_in(folder / "data" / "secrets"),
                Placement(database, scope).of,
                scope,
                environment="live",
                clock=SystemClock(),
                ids=Ids(),
            )
            made = await keys.create(NewKey(name=name, roles=list(roles)))
    finally:
        await database.close()
    return {"Authorization": f"Bearer {made.secret}"}


async def test_a_refund_waits_for_a_manager_is_approved_by_that_role_only_and_happens_once(
    conninfo: str, tmp_path: Path
) -> None:
    async with desk(conninfo, tmp_path) as (process, shop):
        shopfront = await key(process, tmp_path, "shop front", "operator", "approver:customer")
        manager = await key(process, tmp_path, "manager", "approver:support_manager", by="person:grace")
        colleague = await key(process, tmp_path, "colleague", "approver:support", by="person:grace")
        own = await key(process, tmp_path, "another of its maker's", "approver:support_manager")
        run = await process.ask(
            "POST", "/runs", json={"workflow": "support", "input": {"text": DAMAGED}}, headers=shopfront
        )
        talk = Conversation(process, run["id"])
        await talk.say("yes")
        asked = await talk.question("support_manager")
        assert asked["action"]["tool"] == "refund_order"
        given = {"digest": asked["action"]["digest"]}
        path = f"/api/v1/questions/{asked['id']}/approve"
        for who in (shopfront, colleague, own):  # the last one is who asked: both keys are of one maker
            assert (await process.client.post(path, json=given, headers=who)).status_code == 403
        assert shop.placed == []
        assert (await process.client.post(path, json=given, headers=manager)).status_code == 200
        again = await process.client.post(path, json=given, headers=manager)
        assert again.status_code == 200  # the same again changes nothing
        assert (await talk.question("customer"))["prompt"].startswith("Done: the refund for order H-10003")
        await talk.say("thanks, that's all")
        outcome = (await process.ask("GET", f"/runs/{run['id']}"))["output"] or (
            await process.reach(run["id"], "completed")
        )["output"]
        assert outcome["ending"] == "solved"
        assert [type(change).__name__ for change in shop.placed] == ["RefundOrder"]


async def test_a_person_answers_for_the_desk_and_the_conversation_is_kept_as_a_file(
    conninfo: str, tmp_path: Path
) -> None:
    async with desk(conninfo, tmp_path) as (process, _):
        run_id = str(
            (await process.ask("POST", "/runs", json={"workflow": "support", "input": "Is it waterproof?"}))[
                "id"
            ]
        )
        talk = Conversation(process, run_id)
        asked = await talk.question("support")
        assert "A customer needs you" in asked["prompt"]
        await process.ask("POST", f"/questions/{asked['id']}/answer", json={"answer": "It is. Sam"})
        assert (await talk.question("customer"))["prompt"] == "It is. Sam"
        await talk.say("thank you")
        run = await process.reach(run_id, "completed")
        (artifact,) = run["artifacts"]
        assert artifact["name"] == "conversation.md"
        content = await process.client.get(f"/api/v1/artifacts/{artifact['id']}/content")
        assert "> It is. Sam" in content.text


async def test_what_customers_say_is_nowhere_stored_in_the_clear(conninfo: str, tmp_path: Path) -> None:
    async with desk(conninfo, tmp_path) as (process, _):
        run = await process.ask("POST", "/runs", json={"workflow": "support", "input": {"text": DAMAGED}})
        await Conversation(process, run["id"]).question("customer")
        async with await psycopg.AsyncConnection.connect(conninfo) as connection:
            for table, column in (("journal", "payload"), ("questions", "payload")):
                rows = await connection.execute(
                    f"select count(*) from {table} where run_id = %s and position(%s in {column}) > 0",  # noqa: S608 - names of tables, not of what anybody said
                    (run["id"], b"elif.yilmaz"),
                )
                assert await rows.fetchone() == (0,)


def test_the_entry_point_names_an_application() -> None:
    points = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"][
        "pilothouse.apps"
    ]
    module, _, name = points["support"].partition(":")
    app = getattr(import_module(module), name)
    assert isinstance(app, App)
    assert app.workflows[0].untrusted_input
    assert app.workflows[0].personal
    assert {".eml", ".csv"} == app.inlets.keys()


def test_own_articles_are_read_and_a_changed_one_is_read_anew(tmp_path: Path) -> None:
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "opening.md").write_text("# Opening hours\nThe moon base is open on Sundays.\n")
    held = Resources()
    held.settle(tmp_path / "home", {"articles": str(articles)})
    assert held.knowledge().search("moon base")[0].document == "opening"
    assert (tmp_path / "home" / "articles.index").is_file()
    (articles / "more.md").write_text("# Parking\nRockets park behind the crater.\n")
    held._looked = -1e9
    assert held.knowledge().search("rockets crater")[0].document == "more"


def test_an_own_shop_is_named_by_its_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "our_shop.py").write_text(
        "from pilothouse.apps.support.shop.memory import MemoryShop\n"
        "from pilothouse.apps.support.shop.seeding import seeded\n"
        "from pilothouse.apps.support.shop.store import Shop\n"
        "SHOP = MemoryShop(seeded())\n"
        "def shops(tenant_id):\n    return Shop(SHOP, SHOP)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    held = Resources()
    held.settle(tmp_path, {"shop": "our_shop:shops"})
    assert isinstance(held.shop("default").connector, MemoryShop)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"colour": "blue"}, "no option 'colour'"),
        ({"articles": "nowhere/at/all"}, "no folder"),
        ({"shop": "no_such_module:shops"}, "cannot be loaded"),
        ({"shop": "os:sep"}, "is no function"),
        ({"shop": "nonsense"}, "cannot be loaded"),
    ],
)
def test_options_that_cannot_be_used_are_named(tmp_path: Path, options: dict[str, str], said: str) -> None:
    with pytest.raises(UnusableOption, match=said):
        Resources().settle(tmp_path, options)
    settings = Settings(_env_file=None, data=tmp_path, app_options={"support": options})
    with pytest.raises(SettingsInvalid, match=said):
        settle(settings, [support_app()])


def test_options_of_an_application_that_there_is_not_are_refused(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data=tmp_path, app_options={"suport": {}})
    with pytest.raises(
        SettingsInvalid, match=r"names 'suport'. Installed applications with options: support"
    ):
        settle(settings, [support_app()])


def test_a_desk_that_was_told_no_place_says_so() -> None:
    with pytest.raises(UnusableOption, match="run it as an application"):
        Resources().shop("default")
