"""Switches over HTTP: thrown, shown and let go, each tenant for itself and the home tenant for all."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from pilothouse.kit.scope import Scope
from pilothouse.switches.schemas import FlagKey, KillName, NewFlag, NewKill
from pilothouse.switches.service import BeyondYourTenant

PATH, FLAGS = "/api/v1/switches", "/api/v1/flags"
Throw = Callable[..., Awaitable[Any]]
ACME = Scope("acme", "person:00000000-0000-7000-8000-000000000001", frozenset({"admin"}))


async def test_something_is_killed_shown_and_let_go(client: httpx.AsyncClient) -> None:
    said = {"kind": "tool", "name": "pay", "tenant": "*", "why": "paid twice"}
    made = await client.post(f"{PATH}/kill", json=said)
    assert made.status_code == 201, made.text
    assert made.json().items() >= said.items()
    again = (await client.post(f"{PATH}/kill", json=said | {"why": "still"})).json()
    assert [item["why"] for item in (await client.get(PATH)).json()["items"]] == ["still"]
    name = {key: said[key] for key in ("kind", "name", "tenant")}
    gone = (await client.post(f"{PATH}/unkill", json=name)).json()
    assert (gone["id"], gone["ended_at"] is not None) == (again["id"], True)
    assert (await client.get(PATH)).json() == {"items": []}
    whys = [item["why"] for item in (await client.get(PATH, params={"ended": True})).json()["items"]]
    assert whys == ["still", "paid twice"]
    answer = await client.post(f"{PATH}/unkill", json=name)
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("tool pay is not killed.")


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "tool"},
        {"kind": "everything", "name": "x"},
        {"kind": "tenant", "tenant": "*"},
        {"kind": "planet", "name": "earth"},
        {"kind": "tool", "name": "pay", "why": ""},
        {"kind": "tool", "name": "pay", "until": "2020-01-01T00:00:00Z"},
    ],
)
async def test_a_switch_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, said: dict[str, Any]
) -> None:
    answer = await client.post(f"{PATH}/kill", json={"why": "x"} | said)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


async def test_what_has_let_go_by_itself_can_be_killed_again(throw: Throw) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(milliseconds=300)
    await throw("kill", NewKill(kind="tool", name="pay", why="one", until=soon))
    await asyncio.sleep(0.35)
    await throw("kill", NewKill(kind="tool", name="pay", why="two"))
    kills = (await throw("kills", ended=True)).items
    assert [(item.why, item.ended_at) for item in kills] == [("two", None), ("one", soon)]


async def test_a_flag_is_set_changed_shown_and_removed(client: httpx.AsyncClient) -> None:
    said = {"name": "new.answers", "tenant": "*", "enabled": True, "percentage": "12.50", "why": "a try"}
    assert (await client.put(FLAGS, json=said)).json().items() >= said.items()
    changed = (await client.put(FLAGS, json=said | {"enabled": False, "percentage": None})).json()
    assert (changed["enabled"], changed["percentage"]) == (False, None)
    assert (await client.get(FLAGS)).json()["items"] == [changed]
    key = {"name": "new.answers", "tenant": "*"}
    assert (await client.delete(FLAGS, params=key)).json() == changed
    assert (await client.delete(FLAGS, params=key)).status_code == 404
    assert (await client.put(FLAGS, json=said | {"percentage": "101"})).status_code == 400


async def test_an_agent_on_its_first_rung_is_not_restored(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"{PATH}/degradations")).json() == {"items": []}
    assert (await client.post(f"{PATH}/restore", json={"agent": "clerk"})).status_code == 404


async def test_a_tenant_throws_its_own_switches_only(throw: Throw) -> None:
    own = await throw("kill", NewKill(kind="workflow", name="flow", why="ours"), by=ACME)
    assert own.tenant == "acme"
    await throw("kill", NewKill(kind="workflow", name="flow", why="all", tenant="*"))
    await throw("kill", NewKill(kind="workflow", name="flow", why="home"))
    assert [item.why for item in (await throw("kills", by=ACME)).items] == ["all", "ours"]
    assert [item.why for item in (await throw("kills")).items] == ["home", "all", "ours"]
    for verb, wanted in (
        ("kill", NewKill(kind="everything", why="x")),
        ("kill", NewKill(kind="tenant", tenant="globex", why="x")),
        ("kill", NewKill(kind="tool", name="pay", tenant="*", why="x")),
        ("unkill", KillName(kind="workflow", name="flow", tenant="*")),
        ("put", NewFlag(name="new", tenant="*", enabled=True)),
        ("remove", FlagKey(name="new", tenant="globex")),
    ):
        with pytest.raises(BeyondYourTenant):
            await throw(verb, wanted, by=ACME)
