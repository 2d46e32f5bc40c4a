"""Tenants and engagements over HTTP: who sees and moves what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from support.callers import on_behalf

API = "/api/v1"


async def submit(client: httpx.AsyncClient, **wanted: Any) -> httpx.Response:
    return await client.post(f"{API}/runs", json={"workflow": "ask", "input": {"text": "x"}, **wanted})


async def test_the_home_tenant_lists_makes_and_changes_tenants(served: SimpleNamespace) -> None:
    listed = (await served.home.get(f"{API}/tenants", params={"limit": 2})).json()
    assert [item["id"] for item in listed["items"]] == ["acme", "default"]
    rest = (await served.home.get(f"{API}/tenants", params={"cursor": listed["next_cursor"]})).json()
    assert [item["id"] for item in rest["items"]] == ["globex"]
    assert rest["next_cursor"] is None
    changed = await served.home.patch(
        f"{API}/tenants/acme", json={"name": "  Acme Ltd ", "attributes": {"region": "eu"}}
    )
    assert (changed.json()["name"], changed.json()["attributes"]) == ("Acme Ltd", {"region": "eu"})
    assert (await served.home.get(f"{API}/tenants/acme")).json() == changed.json()


@pytest.mark.parametrize("id_", ["Acme", "1a", "", "a" * 64, "a_b", "acme/../x"])
async def test_an_id_that_is_none_is_refused(served: SimpleNamespace, id_: str) -> None:
    made = await served.home.post(f"{API}/tenants", json={"id": id_, "name": "x"})
    assert made.status_code == 400


async def test_an_id_is_given_once(served: SimpleNamespace) -> None:
    again = await served.home.post(f"{API}/tenants", json={"id": "acme", "name": "x"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_a_tenant_sees_itself_and_no_other(served: SimpleNamespace) -> None:
    assert (await served.acme.get(f"{API}/tenant")).json()["id"] == "acme"
    for method, path in (
        ("GET", "/tenants/globex"),
        ("PATCH", "/tenants/globex"),
        ("POST", "/tenants/globex/suspend"),
        ("POST", "/tenants/globex/export"),
        ("GET", "/tenants/globex/jobs"),
    ):
        json = {"json": {"name": "x"}} if method == "PATCH" else {}
        answer = await served.acme.request(method, API + path, **json)
        assert answer.status_code in {403, 404}, (method, path)
    assert (await served.home.get(f"{API}/tenants/globex")).json()["status"] == "active"


async def test_whoever_is_not_at_home_moves_no_tenant_not_even_its_own(served: SimpleNamespace) -> None:
    for path in ("suspend", "resume", "export"):
        assert (await served.acme.post(f"{API}/tenants/acme/{path}")).status_code == 403
    made = await served.acme.post(f"{API}/tenants", json={"id": "mine", "name": "x"})
    assert made.status_code == 403


async def test_the_home_tenant_is_not_suspended(served: SimpleNamespace) -> None:
    assert (await served.home.post(f"{API}/tenants/default/suspend")).status_code == 409


async def test_runs_of_a_suspended_tenant_are_held_until_it_is_resumed(
    served: SimpleNamespace, reach: Callable[..., Awaitable[dict[str, Any]]]
) -> None:
    assert (await served.home.post(f"{API}/tenants/acme/suspend")).json()["status"] == "suspended"
    held = (await submit(served.acme, workflow="echo")).json()["id"]
    other = (await submit(served.globex, workflow="echo")).json()["id"]
    await reach(served.globex, other, "completed")
    assert (await served.acme.get(f"{API}/runs/{held}")).json()["status"] == "queued"
    await served.home.post(f"{API}/tenants/acme/resume")
    await reach(served.acme, held, "completed")


async def test_where_only_a_suspended_tenant_has_runs_none_is_started(
    served: SimpleNamespace, reach: Callable[..., Awaitable[dict[str, Any]]], conninfo: str
) -> None:
    await served.home.post(f"{API}/tenants/acme/suspend")
    held = (await submit(served.acme, workflow="echo")).json()["id"]
    again = (await submit(served.acme, workflow="echo")).json()["id"]
    other = (await submit(served.home, workflow="echo")).json()["id"]
    await reach(served.home, other, "completed")
    late = (await submit(served.home, workflow="echo")).json()["id"]
    await reach(served.home, late, "completed")
    for run in (held, again):
        assert (await served.acme.get(f"{API}/runs/{run}")).json()["status"] == "queued"


async def make(client: httpx.AsyncClient, name: str) -> str:
    made = await client.post(f"{API}/engagements", json={"name": name})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_engagements_are_made_found_renamed_closed_and_deleted(served: SimpleNamespace) -> None:
    first, second = [await make(served.acme, name) for name in ("alpha", "beta")]
    listed = (await served.acme.get(f"{API}/engagements")).json()["items"]
    assert [item["id"] for item in listed] == [second, first]
    assert (await served.globex.get(f"{API}/engagements")).json()["items"] == []
    renamed = await served.acme.patch(f"{API}/engagements/{first}", json={"name": "gamma"})
    assert renamed.json()["name"] == "gamma"
    taken = await served.acme.patch(f"{API}/engagements/{first}", json={"name": "beta"})
    assert taken.status_code == 409
    assert (await served.acme.post(f"{API}/engagements/{first}/close")).json()["closed_at"] is not None
    found = await served.acme.get(f"{API}/engagements", params={"closed": True})
    assert [item["id"] for item in found.json()["items"]] == [first]
    named = await served.acme.get(f"{API}/engagements", params={"name": "beta"})
    assert [item["id"] for item in named.json()["items"]] == [second]
    assert (await served.acme.post(f"{API}/engagements/{first}/reopen")).json()["closed_at"] is None
    assert (await served.acme.delete(f"{API}/engagements/{first}")).status_code == 204
    assert (await served.acme.get(f"{API}/engagements/{first}")).status_code == 404


@pytest.mark.parametrize("name", ["", " x", "a" * 101, "019fb3a4-0000-7000-8000-000000000000", "a\n"])
async def test_a_name_that_is_none_is_refused(served: SimpleNamespace, name: str) -> None:
    assert (await served.acme.post(f"{API}/engagements", json={"name": name})).status_code == 400


async def test_a_run_is_in_the_engagement_that_its_submission_names(served: SimpleNamespace) -> None:
    id_ = await make(served.acme, "alpha")
    for wanted in ("alpha", id_):
        run = await submit(served.acme, engagement=wanted)
        assert (run.status_code, run.json()["engagement_id"]) == (201, id_)
    await submit(served.acme)
    listed = (await served.acme.get(f"{API}/runs", params={"engagement_id": id_})).json()["items"]
    assert [item["engagement_id"] for item in listed] == [id_, id_]
    refused = await served.acme.delete(f"{API}/engagements/{id_}")
    assert (refused.status_code, "Close it" in refused.json()["detail"]) == (409, True)


async def test_a_fork_is_in_the_engagement_of_its_parent(
    served: SimpleNamespace, reach: Callable[..., Awaitable[dict[str, Any]]]
) -> None:
    id_ = await make(served.acme, "alpha")
    run = (await submit(served.acme, engagement="alpha", workflow="echo")).json()["id"]
    await reach(served.acme, run, "completed")
    fork = await served.acme.post(f"{API}/runs/{run}/fork", json={"input": {"text": "y"}})
    assert (fork.status_code, fork.json()["engagement_id"]) == (201, id_)


@pytest.mark.parametrize("closed", [True, False])
async def test_only_an_open_engagement_of_the_tenant_takes_runs(
    served: SimpleNamespace, *, closed: bool
) -> None:
    if closed:
        id_ = await make(served.acme, "alpha")
        await served.acme.post(f"{API}/engagements/{id_}/close")
        unknown = ("alpha", id_)
    else:
        unknown = ("nowhere", str(uuid4()), await make(served.globex, "theirs"), "theirs")
    for wanted in unknown:
        refused = await submit(served.acme, engagement=wanted)
        assert refused.status_code == 400
        assert refused.json()["errors"][0]["name"] == "/engagement"


async def test_whoever_is_bound_to_an_engagement_works_in_that_one_only(served: SimpleNamespace) -> None:
    alpha, beta = [await make(served.acme, name) for name in ("alpha", "beta")]
    bound = on_behalf(served.client, "acme", alpha)
    mine = (await submit(bound)).json()
    assert mine["engagement_id"] == alpha
    theirs = (await submit(served.acme, engagement=beta)).json()["id"]
    loose = (await submit(served.acme)).json()["id"]
    assert (await submit(bound, engagement=beta)).status_code == 400
    assert [item["id"] for item in (await bound.get(f"{API}/runs")).json()["items"]] == [mine["id"]]
    for run in (theirs, loose):
        for method, path in (
            ("GET", ""),
            ("GET", "/journal"),
            ("GET", "/cards"),
            ("GET", "/events"),
            ("GET", "/trace"),
            ("POST", "/cancel"),
            ("POST", "/retry"),
            ("POST", "/fork"),
        ):
            body = {"json": {"input": {"text": "y"}}} if path == "/fork" else {}
            answer = await bound.request(method, f"{API}/runs/{run}{path}", **body)
            assert answer.status_code == 404, (method, path)
    assert [item["id"] for item in (await bound.get(f"{API}/engagements")).json()["items"]] == [alpha]
    assert (await bound.post(f"{API}/engagements", json={"name": "mine"})).status_code == 403
    assert (await bound.post(f"{API}/engagements/{beta}/close")).status_code == 404
    assert (await bound.post(f"{API}/engagements/{alpha}/close")).status_code == 403


async def test_a_schedule_makes_its_runs_in_its_engagement_and_none_once_that_is_closed(
    served: SimpleNamespace,
) -> None:
    alpha = await make(served.acme, "alpha")
    bound = on_behalf(served.client, "acme", alpha)
    wanted = {"name": "often", "workflow": "echo", "input": {"text": "x"}, "interval_seconds": 86_400}
    made = (await bound.post(f"{API}/schedules", json=wanted)).json()
    assert made["engagement_id"] == alpha
    other = await served.acme.post(f"{API}/schedules", json={**wanted, "name": "other"})
    assert (await bound.get(f"{API}/schedules/{other.json()['id']}")).status_code == 404
    run = await bound.post(f"{API}/schedules/{made['id']}/trigger")
    assert run.json()["engagement_id"] == alpha
    await served.acme.post(f"{API}/engagements/{alpha}/close")
    refused = await served.acme.post(f"{API}/schedules/{made['id']}/trigger")
    assert refused.status_code == 400
