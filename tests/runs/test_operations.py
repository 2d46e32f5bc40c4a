"""Operations on runs over HTTP: forks, labels, searches, many runs at once, moves, and figures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from pilothouse import App, Context, agent, workflow

Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]
OpenApi = Callable[..., Awaitable[httpx.AsyncClient]]

UNKNOWN = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
async def idle(open_api: OpenApi, sample_app: App) -> httpx.AsyncClient:
    """A client of an API beside which nothing executes runs."""
    return await open_api(sample_app, execute=False)


async def made(client: httpx.AsyncClient, workflow: str = "echo", **more: Any) -> str:
    wanted = {"workflow": workflow, "input": {"text": "hello"}, **more}
    answer = await client.post("/api/v1/runs", json=wanted)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def listed(client: httpx.AsyncClient, **wanted: Any) -> list[str]:
    answer = await client.get("/api/v1/runs", params=wanted)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_a_completed_run_is_forked_with_another_input(
    client: httpx.AsyncClient, reach: Reach, submit: Submit
) -> None:
    parent = await submit(client, "echo")
    await reach(client, parent, "completed")
    answer = await client.post(f"/api/v1/runs/{parent}/fork", json={"input": {"text": "other"}})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/runs/{answer.json()['id']}"
    fork = await reach(client, answer.json()["id"], "completed")
    assert (fork["output"], fork["input"]["text"], fork["forked_from"]) == ("OTHER", "other", parent)
    assert fork["fork"] == {"seq": 1, "step": "", "changed_input": True, "answers": {}, "dropped": []}
    assert await listed(client, forked_from=parent) == [fork["id"]]


async def test_a_fork_shows_what_it_shares_as_its_own(
    client: httpx.AsyncClient, reach: Reach, submit: Submit
) -> None:
    parent = await reach(client, await submit(client, "echo"), "completed")
    answer = await client.post(f"/api/v1/runs/{parent['id']}/fork", json={"at": "save#0"})
    fork = await reach(client, answer.json()["id"], "completed")
    assert (fork["output"], fork["input"], fork["progress"]) == ("HELLO", parent["input"], parent["progress"])
    url = f"/api/v1/runs/{fork['id']}"
    entries = (await client.get(f"{url}/journal")).json()["items"]
    assert [entry["seq"] for entry in entries] == list(range(1, fork["seq"] + 1))
    cards = (await client.get(f"{url}/cards")).json()["items"]
    assert cards == (await client.get(f"/api/v1/runs/{parent['id']}/cards")).json()["items"]
    page = (await client.get(f"{url}/journal", params={"after": 1, "limit": 2})).json()
    assert ([entry["seq"] for entry in page["items"]], page["next_after"]) == ([2, 3], 3)


async def test_artifacts_and_answered_questions_of_the_shared_part_are_shown_by_reference(
    open_api: OpenApi, reach: Reach
) -> None:
    @agent
    async def note(ctx: Context, text: str) -> str:
        return text

    @workflow("papers")
    async def papers(ctx: Context) -> str:
        await ctx.save("first.txt", "1")
        color = await ctx.ask("Which?", key="color")
        await ctx.call(note, color)
        await ctx.save("second.txt", color)
        return color

    client = await open_api(App("papers", workflows=[papers]))
    parent = await reach(client, await made(client, "papers", input=None), "waiting")
    answer = f"/api/v1/questions/{parent['questions'][0]['id']}/answer"
    await client.post(answer, json={"answer": "red"})
    parent = await reach(client, parent["id"], "completed")
    forked = await client.post(f"/api/v1/runs/{parent['id']}/fork", json={"at": "save#1"})
    fork = await reach(client, forked.json()["id"], "completed")
    first, second = fork["artifacts"]
    assert (first["name"], first["id"]) == ("first.txt", parent["artifacts"][0]["id"])
    assert (second["name"], second["run_id"]) == ("second.txt", fork["id"])
    page = (await client.get("/api/v1/artifacts", params={"run_id": fork["id"]})).json()
    assert {item["id"] for item in page["items"]} == {first["id"], second["id"]}
    asked = (await client.get("/api/v1/questions", params={"run_id": fork["id"]})).json()["items"]
    assert [(item["key"], item["run_id"], item["status"]) for item in asked] == [
        ("ask:color", parent["id"], "answered")
    ]
    early = await client.post(f"/api/v1/runs/{parent['id']}/fork", json={"at": "ask:color"})
    waiting = await reach(client, early.json()["id"], "waiting")
    assert [item["run_id"] for item in waiting["questions"]] == [waiting["id"]]
    asked = (await client.get("/api/v1/questions", params={"run_id": waiting["id"]})).json()["items"]
    assert [item["status"] for item in asked] == ["open"]


async def test_a_fork_that_cannot_be_made_is_a_problem(idle: httpx.AsyncClient) -> None:
    run_id = await made(idle)
    for body, status in (({}, 400), ({"at": "x"}, 404), ({"input": 1}, 400), ({"oops": 1}, 400)):
        answer = await idle.post(f"/api/v1/runs/{run_id}/fork", json=body)
        assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert (await idle.post(f"/api/v1/runs/{UNKNOWN}/fork", json={"at": "x"})).status_code == 404


async def test_runs_are_found_by_their_labels(idle: httpx.AsyncClient) -> None:
    red = await made(idle, labels={"color": "red", "team/part": "a:b"})
    blue = await made(idle, labels={"color": "blue", "size": "L"})
    plain = await made(idle)
    assert await listed(idle, label="color:red") == [red]
    assert await listed(idle, label="team/part:a:b") == [red]
    assert await listed(idle, label=["color:blue", "size:L"]) == [blue]
    assert await listed(idle, label=["color:blue", "size:S"]) == []
    changed = await idle.patch(f"/api/v1/runs/{red}/labels", json={"labels": {"color": None, "size": "L"}})
    assert changed.json()["labels"] == {"team/part": "a:b", "size": "L"}
    assert await listed(idle, label="color:red") == []
    assert await listed(idle, label="size:L") == [blue, red]
    assert await listed(idle, label="size:L", sort="oldest", limit=1) == [red]
    assert plain in await listed(idle)


@pytest.mark.parametrize(
    "labels",
    [
        {"-x": "1"},
        {"x" * 64: "1"},
        {"a b": "1"},
        {"x": "y" * 256},
        {"x": "a\nb"},
        {str(n): "1" for n in range(33)},
    ],
)
async def test_labels_that_a_run_cannot_carry_are_refused(
    idle: httpx.AsyncClient, labels: dict[str, str]
) -> None:
    wanted = {"workflow": "echo", "input": {"text": "hello"}, "labels": labels}
    assert (await idle.post("/api/v1/runs", json=wanted)).status_code == 400
    run_id = await made(idle, labels={"kept": "1"})
    answer = await idle.patch(f"/api/v1/runs/{run_id}/labels", json={"labels": labels})
    assert answer.status_code == 400
    assert (await idle.get(f"/api/v1/runs/{run_id}")).json()["labels"] == {"kept": "1"}


async def test_labels_of_an_unknown_run_cannot_be_changed(idle: httpx.AsyncClient) -> None:
    answer = await idle.patch(f"/api/v1/runs/{UNKNOWN}/labels", json={"labels": {}})
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "wanted",
    [
        {"label": "color"},
        {"label": ["a:1", "a:2"]},
        {"version": 1},
        {"id_suffix": "xyz1"},
        {"id_prefix": "0" * 34},
        {"sort": "best"},
        {"cursor": "AAAA"},
        {"finished_before": "1769851800"},
        {"created_after": "2030-01-01T00:00:00Z", "cursor": "AZAAAAAAcACAAAAAAAAAAA"},
        {"nonsense": 1},
    ],
)
async def test_a_filter_that_is_none_is_refused(idle: httpx.AsyncClient, wanted: dict[str, Any]) -> None:
    assert (await idle.get("/api/v1/runs", params=wanted)).status_code == 400


async def test_an_order_that_makes_no_sense_is_refused(idle: httpx.AsyncClient) -> None:
    of_ids, of_moments = "A" * 22, "A" * 32
    since = {"created_after": "2030-01-01T00:00:00Z"}
    for body in (
        {"filter": since, "cursor": of_ids},
        {"all": True, "cursor": of_moments},
        {"filter": {"has_open_questions": 1}},
        {"filter": {"workflow": "echo", "version": "1"}},
        {"filter": {"created_after": 0}},
        {"all": "yes"},
        {"all": True, "limit": True},
    ):
        answer = await idle.post("/api/v1/runs/cancel", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input"), body


async def test_all_runs_are_meant_only_where_that_is_said(idle: httpx.AsyncClient) -> None:
    run_id = await made(idle)
    answer = await idle.post("/api/v1/runs/cancel", json={})
    assert (answer.status_code, "`all`" in answer.json()["detail"]) == (400, True)
    done = (await idle.post("/api/v1/runs/cancel", json={"all": True})).json()
    assert (done["matched"], done["done"], done["refused"], done["next_cursor"]) == (1, 1, [], None)
    assert (await idle.get(f"/api/v1/runs/{run_id}")).json()["status"] == "cancelled"


async def test_the_runs_that_fit_are_cancelled_batch_by_batch(idle: httpx.AsyncClient) -> None:
    wanted = [await made(idle, labels={"batch": "x"}) for _ in range(5)]
    other = await made(idle)
    body: dict[str, Any] = {"filter": {"label": ["batch:x"]}, "limit": 2}
    tried = (await idle.post("/api/v1/runs/cancel", json={**body, "dry_run": True})).json()
    assert (tried["dry_run"], tried["done"]) == (True, 2)
    assert await listed(idle, status="cancelled") == []
    rounds = 0
    while True:
        result = (await idle.post("/api/v1/runs/cancel", json=body)).json()
        rounds += 1
        if result["next_cursor"] is None:
            break
        body["cursor"] = result["next_cursor"]
    assert rounds == 3
    assert set(await listed(idle, status="cancelled")) == set(wanted)
    assert await listed(idle, status="queued") == [other]
    ended = await idle.post("/api/v1/runs/cancel", json={"filter": {"status": ["cancelled"]}})
    assert ended.json()["matched"] == 0


async def test_failed_runs_are_retried_together(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, tmp_path: Path
) -> None:
    path = tmp_path / "needed.txt"
    failed = [await submit(client, "fragile", path=str(path)) for _ in range(3)]
    for run_id in failed:
        await reach(client, run_id, "failed")
    path.write_text("there")
    done = (await client.post("/api/v1/runs/retry", json={"filter": {"workflow": "fragile"}})).json()
    assert (done["matched"], done["done"]) == (3, 3)
    for run_id in failed:
        assert (await reach(client, run_id, "completed"))["output"] == "there"


def versions(*, fits: bool) -> App:
    @agent
    async def greet(ctx: Context, name: str) -> str:
        return f"hello {name}"

    @workflow("talk")
    async def talk(ctx: Context, name: str) -> str:
        text = await ctx.call(greet, name)
        return f"{text}: {await ctx.ask('How?', key='how')}"

    @workflow("talk", version=2)
    async def again(ctx: Context, name: str) -> str:
        text = await ctx.call(greet, name if fits or name == "ada" else name.upper())
        return f"{text}! {await ctx.ask('How?', key='how')}"

    return App("talks", workflows=[talk, again])


async def test_waiting_runs_are_moved_to_a_version_that_fits(open_api: OpenApi, reach: Reach) -> None:
    client = await open_api(versions(fits=True))
    run_id = await made(client, "talk", input="ada", version=1)
    await reach(client, run_id, "waiting")
    body = {"filter": {"workflow": "talk", "version": 1}, "to": 2}
    tried = (await client.post("/api/v1/runs/move", json={**body, "dry_run": True})).json()
    assert (tried["done"], tried["refused"]) == (1, [])
    assert (await client.get(f"/api/v1/runs/{run_id}")).json()["version"] == 1
    assert (await client.post("/api/v1/runs/move", json=body)).json()["done"] == 1
    run = (await client.get(f"/api/v1/runs/{run_id}")).json()
    assert (run["version"], run["status"]) == (2, "waiting")
    await client.post(f"/api/v1/questions/{run['questions'][0]['id']}/answer", json={"answer": "well"})
    assert (await reach(client, run_id, "completed"))["output"] == "hello ada! well"
    entries = (await client.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]
    assert [entry["payload"] for entry in entries if entry["kind"] == "moved"] == [
        {"from": 1, "to": 2, "by": "local"}
    ]


async def test_runs_that_the_version_does_not_fit_stay_and_are_named_with_the_difference(
    open_api: OpenApi, reach: Reach
) -> None:
    client = await open_api(versions(fits=False))
    ada, bob = [await made(client, "talk", input=name, version=1) for name in ("ada", "bob")]
    for run_id in (ada, bob):
        await reach(client, run_id, "waiting")
    done = (await client.post("/api/v1/runs/move", json={"filter": {"workflow": "talk"}, "to": 2})).json()
    assert (done["matched"], done["done"]) == (2, 1)
    assert [item["id"] for item in done["refused"]] == [bob]
    assert "call greet#0 has other arguments" in done["refused"][0]["reason"]
    shown = [(await client.get(f"/api/v1/runs/{run_id}")).json()["version"] for run_id in (ada, bob)]
    assert shown == [2, 1]


async def test_a_run_that_executes_is_not_moved_and_said_so(
    open_api: OpenApi, sample_app: App, submit: Submit, reach: Reach, tmp_path: Path
) -> None:
    @workflow("patient", version=2)
    async def other(ctx: Context) -> str:
        return "other"

    client = await open_api(App("both", workflows=[*sample_app.workflows, other], agents=sample_app.agents))
    path = tmp_path / "go"
    wanted = {"workflow": "patient", "version": 1, "input": {"text": "x", "path": str(path)}}
    run_id = (await client.post("/api/v1/runs", json=wanted)).json()["id"]
    await reach(client, run_id, "running")
    done = (await client.post("/api/v1/runs/move", json={"filter": {"workflow": "patient"}, "to": 2})).json()
    assert "is running" in done["refused"][0]["reason"]
    path.touch()
    await reach(client, run_id, "completed")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"filter": {}, "to": 2, "all": True}, 400),
        ({"filter": {"workflow": "echo"}, "to": 7}, 400),
        ({"filter": {"workflow": "nowhere"}, "to": 1}, 404),
        ({"filter": {"workflow": "echo"}}, 400),
    ],
)
async def test_a_move_to_nowhere_is_refused(idle: httpx.AsyncClient, body: Any, status: int) -> None:
    assert (await idle.post("/api/v1/runs/move", json=body)).status_code == status


async def test_the_figures_tell_how_many_how_quick_what_failed_and_who_waits(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, tmp_path: Path
) -> None:
    for _ in range(3):
        await reach(client, await submit(client, "echo"), "completed")
    await reach(client, await submit(client, "fragile", path=str(tmp_path / "none")), "failed")
    await reach(client, await submit(client, "ask"), "waiting")
    found = (await client.get("/api/v1/runs/statistics")).json()
    assert {(item["workflow"], item["status"]): item["runs"] for item in found["counts"]} == {
        ("echo", "completed"): 3,
        ("fragile", "failed"): 1,
        ("ask", "waiting"): 1,
    }
    assert (found["submitted"], found["ended"], found["open"]) == (5, 4, 1)
    assert found["failures"] == [{"code": "step_failed", "runs": 1}]
    assert (found["waiting_for_people"], found["oldest_queued_seconds"], found["partial"]) == (1, None, False)
    assert 0 < found["durations"]["p50"] <= found["durations"]["p95"] <= found["durations"]["p99"] < 20


async def test_the_window_is_what_was_asked_for(idle: httpx.AsyncClient, conninfo: str) -> None:
    await made(idle)
    with psycopg.connect(conninfo) as connection:
        connection.execute("update runs set changed_at = now() - interval '90 seconds'")
    past = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T00:10:00Z"}
    found = (await idle.get("/api/v1/runs/statistics", params=past)).json()
    assert (found["from"], found["to"], found["submitted"], found["open"]) == (*past.values(), 0, 1)
    assert (found["durations"], found["per_minute"]) == (None, 0)
    assert 90 <= found["oldest_queued_seconds"] < 120
    swapped = {"from": past["to"], "to": past["from"]}
    assert (await idle.get("/api/v1/runs/statistics", params=swapped)).status_code == 400


async def made_at(client: httpx.AsyncClient, conninfo: str, at: str, **more: Any) -> str:
    """A run that was made at a moment."""
    run_id = await made(client, **more)
    with psycopg.connect(conninfo) as connection:
        connection.execute("update runs set created_at = %s where id = %s", (at, run_id))
    return run_id


async def test_a_histogram_counts_the_runs_of_each_stretch_by_state(
    idle: httpx.AsyncClient, conninfo: str
) -> None:
    cancelled = await made_at(idle, conninfo, "2026-03-01T00:00:00Z")
    await idle.post(f"/api/v1/runs/{cancelled}/cancel")
    await made_at(idle, conninfo, "2026-03-01T00:09:59.999999Z", labels={"team": "risk"})
    await made_at(idle, conninfo, "2026-03-01T00:10:00Z", workflow="ask")
    await made_at(idle, conninfo, "2026-03-01T01:00:00Z")  # the end is outside
    window = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T01:00:00Z", "buckets": 6}
    found = (await idle.get("/api/v1/runs/histogram", params=window)).json()
    assert (found["from"], found["to"], found["seconds"]) == (window["from"], window["to"], 600)
    assert [item["runs"] for item in found["buckets"]] == [
        {"cancelled": 1, "queued": 1},
        {"queued": 1},
        *[{}] * 4,
    ]
    assert [item["at"] for item in found["buckets"]][-1] == "2026-03-01T00:50:00Z"
    assert found["partial"] is False

    async def counted(**wanted: Any) -> list[int]:
        told = (await idle.get("/api/v1/runs/histogram", params=window | wanted)).json()
        return [sum(item["runs"].values()) for item in told["buckets"]]

    assert await counted(workflow="ask") == [0, 1, 0, 0, 0, 0]
    assert await counted(label="team:risk") == [1, 0, 0, 0, 0, 0]
    assert await counted(status=["cancelled", "running"]) == [1, 0, 0, 0, 0, 0]
    assert await counted(created_after="2026-03-01T00:05:00Z", buckets=2) == [2, 0]


async def test_a_histogram_divides_any_window_and_no_more_finely_than_is_allowed(
    idle: httpx.AsyncClient, conninfo: str
) -> None:
    await made_at(idle, conninfo, "2026-03-01T00:00:00.000009Z")
    odd = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-01T00:00:00.000010Z"}
    found = (await idle.get("/api/v1/runs/histogram", params={**odd, "buckets": 7})).json()
    assert [sum(item["runs"].values()) for item in found["buckets"]] == [0, 0, 0, 0, 0, 0, 1]
    found = (await idle.get("/api/v1/runs/histogram", params={**odd, "buckets": 200})).json()
    assert len(found["buckets"]) == 10
    for wrong in ({**odd, "buckets": 201}, {**odd, "buckets": 0}, {"from": odd["to"], "to": odd["from"]}):
        assert (await idle.get("/api/v1/runs/histogram", params=wrong)).status_code == 400


async def test_a_histogram_that_is_not_bounded_is_of_the_last_day(idle: httpx.AsyncClient) -> None:
    await made(idle)
    found = (await idle.get("/api/v1/runs/histogram")).json()
    assert (found["seconds"], len(found["buckets"])) == (24 * 3600 / 60, 60)
    assert found["buckets"][-1]["runs"] == {"queued": 1}


async def test_a_batch_that_takes_too_long_ends_early_and_tells_where_to_go_on(
    idle: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pilothouse.runs import operations

    monkeypatch.setattr(operations, "PATIENCE", -1.0)
    ids = [await made(idle, labels={"slow": "1"}) for _ in range(3)]
    body: dict[str, Any] = {"filter": {"label": ["slow:1"]}}
    rounds = 0
    while True:
        result = (await idle.post("/api/v1/runs/cancel", json=body)).json()
        assert result["done"] == 1
        rounds += 1
        if result["next_cursor"] is None:
            break
        body["cursor"] = result["next_cursor"]
    assert rounds == 3
    assert set(await listed(idle, status="cancelled")) == set(ids)


async def test_a_run_is_shown_after_one_round_trip(
    open_server: OpenApi, sample_app: App, reach: Reach, submit: Submit
) -> None:
    client = await open_server(sample_app)
    reads = list[bool]()
    client.serving.database.observe_reads(lambda _statements, _seconds, failed: reads.append(failed))
    for name, status in (("echo", "completed"), ("ask", "waiting")):
        run_id = await submit(client, name)
        await reach(client, run_id, status)
        reads.clear()
        await client.get(f"/api/v1/runs/{run_id}")
        assert reads == [False]
