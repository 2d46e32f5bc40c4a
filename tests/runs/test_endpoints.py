from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from pilothouse import App, Context, Template, workflow

Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]
OpenApi = Callable[..., Awaitable[httpx.AsyncClient]]

UNKNOWN = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
async def idle(open_api: OpenApi, sample_app: App) -> httpx.AsyncClient:
    """A client of an API beside which nothing executes runs."""
    return await open_api(sample_app, execute=False)


async def test_a_submitted_run_is_made_and_found_where_it_is_said_to_be(idle: httpx.AsyncClient) -> None:
    answer = await idle.post("/api/v1/runs", json={"workflow": "echo", "input": {"text": "Füße, 足, قدم"}})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/api/v1/runs/{made['id']}"
    shown = await idle.get(answer.headers["location"])
    assert shown.json() == made
    assert (made["status"], made["seq"], made["principal"]) == ("queued", 1, "local")
    assert made["input"] == {"text": "Füße, 足, قدم", "budget": 0.0, "path": ""}
    assert dt.datetime.fromisoformat(made["created_at"]).utcoffset() == dt.timedelta(0)


async def test_a_run_without_a_worker_is_shown_as_stranded(idle: httpx.AsyncClient, submit: Submit) -> None:
    run = (await idle.get(f"/api/v1/runs/{await submit(idle, 'echo')}")).json()
    assert run["stranded"]
    assert run["status_detail"]["code"] == "stranded"
    assert "version 1 of workflow echo" in run["status_detail"]["message"]
    listed = (await idle.get("/api/v1/runs")).json()["items"]
    assert [item["stranded"] for item in listed] == [True]


async def test_a_completed_run_shows_all_that_came_of_it(
    client: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    run = await reach(client, await submit(client, "echo"), "completed")
    assert run["output"] == "HELLO"
    assert run["progress"] == {"message": "judging", "done": 1.0, "total": 2.0}
    assert (run["step"]["key"], run["step"]["kind"]) == ("save#0", "saved")
    assert [artifact["name"] for artifact in run["artifacts"]] == ["loud.txt"]
    assert (run["error"], run["questions"], run["stranded"]) == (None, [], False)
    assert run["finished_at"] >= run["created_at"]


async def test_a_run_that_waits_for_a_person_shows_the_question(
    client: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    run = await reach(client, await submit(client, "ask", text="Sure?"), "waiting")
    assert run["status_detail"] == {
        "code": "waits_for_person",
        "message": "Waits for a person to answer a question.",
    }
    assert run["open_questions"] == 1
    assert [question["prompt"] for question in run["questions"]] == ["Sure?"]


async def test_a_run_that_sleeps_says_until_when(
    client: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    run = await reach(client, await submit(client, "sleepy"), "waiting")
    assert run["status_detail"]["code"] == "waits_for_time"


async def test_a_failed_run_tells_why_and_goes_on_from_there_when_retried(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, tmp_path: Path
) -> None:
    path = tmp_path / "needed.txt"
    run_id = await submit(client, "fragile", path=str(path))
    failed = await reach(client, run_id, "failed")
    assert failed["error"]["step"] == "look#0"
    assert failed["error"]["error_type"] == "FileNotFoundError"
    path.write_text("there")
    retried = await client.post(f"/api/v1/runs/{run_id}/retry")
    assert retried.status_code == 200
    assert retried.json()["error"] is None
    completed = await reach(client, run_id, "completed")
    assert (completed["output"], completed["error"]) == ("there", None)
    kinds = [item["kind"] for item in (await client.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]]
    assert kinds.count("run_retried") == 1
    assert [kind for kind in kinds if kind == "completed"] == ["completed", "completed"]


async def test_only_a_failed_run_can_be_retried(idle: httpx.AsyncClient, submit: Submit) -> None:
    answer = await idle.post(f"/api/v1/runs/{await submit(idle, 'echo')}/retry")
    assert answer.status_code == 409
    assert "only a failed run" in answer.json()["detail"]


async def test_cancelling_twice_is_as_cancelling_once(idle: httpx.AsyncClient, submit: Submit) -> None:
    run_id = await submit(idle, "echo")
    first = await idle.post(f"/api/v1/runs/{run_id}/cancel")
    second = await idle.post(f"/api/v1/runs/{run_id}/cancel")
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["status"] == "cancelled"
    assert second.json() == first.json()


async def test_a_run_that_executes_is_cancelled_at_its_next_step(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, tmp_path: Path
) -> None:
    run_id = await submit(client, "patient", path=str(tmp_path / "never"))
    await reach(client, run_id, "running")
    answer = await client.post(f"/api/v1/runs/{run_id}/cancel")
    assert answer.status_code == 200
    assert answer.json()["cancel_requested"]
    assert (await reach(client, run_id, "cancelled"))["error"] is None


async def test_a_run_that_has_completed_cannot_be_cancelled(
    client: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    run_id = await submit(client, "echo")
    await reach(client, run_id, "completed")
    answer = await client.post(f"/api/v1/runs/{run_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


async def test_the_same_key_makes_one_run(idle: httpx.AsyncClient) -> None:
    wanted = {"workflow": "echo", "input": {"text": "once"}}
    headers = {"Idempotency-Key": "order-17"}
    answers = [await idle.post("/api/v1/runs", json=wanted, headers=headers) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    other = await idle.post("/api/v1/runs", json=wanted | {"input": {"text": "other"}}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert len((await idle.get("/api/v1/runs")).json()["items"]) == 1


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "über".encode("latin-1")])
async def test_a_key_that_is_none_is_refused(idle: httpx.AsyncClient, key: str | bytes) -> None:
    wanted = {"workflow": "echo", "input": {"text": "once"}}
    answer = await idle.post("/api/v1/runs", json=wanted, headers={b"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["where"] == "header"


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ({"workflow": "nothing", "input": {"text": "x"}}, "/workflow"),
        ({"workflow": "echo@2", "input": {"text": "x"}}, "/workflow"),
        ({"workflow": "", "input": {"text": "x"}}, "/workflow"),
        ({"workflow": "echo", "input": {"text": ""}}, "/input/text"),
        ({"workflow": "echo", "input": {"text": "x" * 10_001}}, "/input/text"),
        ({"workflow": "echo", "input": {"text": "x" * 1_000_000}}, "/input/text"),
        ({"workflow": "echo", "input": {"text": "x", "budget": -5}}, "/input/budget"),
        ({"workflow": "echo", "input": None}, "/input"),
        ({"workflow": "echo"}, "/input"),
        ({"input": {"text": "x"}}, "/workflow"),
        ({"workflow": "echo", "input": {"text": "x"}, "prioritty": 1}, "/prioritty"),
        ({"workflow": "echo", "input": {"text": "x"}, "priority": 1e9}, "/priority"),
        ({"workflow": "echo", "input": {"text": "x"}, "version": 0}, "/version"),
        ([], ""),
        ("echo", ""),
    ],
)
async def test_bad_input_is_refused_with_the_place_that_is_wrong(
    idle: httpx.AsyncClient, wanted: object, named: str
) -> None:
    answer = await idle.post("/api/v1/runs", json=wanted)
    problem = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["code"] == "invalid_input"
    assert [fault["name"] for fault in problem["errors"]] == [named]
    assert len(answer.content) < 2_000


async def test_a_version_that_does_not_exist_is_refused(idle: httpx.AsyncClient) -> None:
    wanted = {"workflow": "echo", "version": 9, "input": {"text": "x"}}
    answer = await idle.post("/api/v1/runs", json=wanted)
    assert answer.status_code == 400
    assert "no version 9" in answer.json()["detail"]


async def test_control_characters_and_any_script_survive_the_way_there_and_back(
    client: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    text = "\x07\t\u202e \N{PILE OF POO} नमस्ते \uffff"
    run = await reach(client, await submit(client, "echo", text=text), "completed")
    assert run["input"]["text"] == text
    assert run["output"] == text.upper()


async def test_the_list_comes_in_pages_and_by_filter(idle: httpx.AsyncClient, submit: Submit) -> None:
    made = [await submit(idle, workflow) for workflow in ("echo", "ask", "echo", "ask", "echo")]
    await idle.post(f"/api/v1/runs/{made[0]}/cancel")
    found: list[str] = []
    parameters = {"limit": 2}
    while True:
        page = (await idle.get("/api/v1/runs", params=parameters)).json()
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = page["next_cursor"]
    assert found == made[::-1]
    query = "workflow=echo&status=cancelled&status=failed&created_after=2020-01-01T00:00:00Z"
    filtered = await idle.get(f"/api/v1/runs?{query}")
    assert [item["id"] for item in filtered.json()["items"]] == [made[0]]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "limit=201",
        "cursor=abc",
        "status=done",
        "workflow=%00",
        "created_after=yesterday",
        "created_after=2030-01-01T00:00:00",
        "worfklow=echo",
    ],
)
async def test_a_query_that_makes_no_sense_is_refused(idle: httpx.AsyncClient, query: str) -> None:
    answer = await idle.get(f"/api/v1/runs?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["where"] == "query"
    assert answer.json()["errors"][0]["name"].startswith(query.partition("=")[0])


@pytest.mark.parametrize("path", ["", "/journal", "/cards", "/events"])
async def test_a_run_that_is_not_there_is_not_found(idle: httpx.AsyncClient, path: str) -> None:
    answer = await idle.get(f"/api/v1/runs/{UNKNOWN}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    broken = await idle.get(f"/api/v1/runs/nonsense{path}")
    assert (broken.status_code, broken.json()["errors"][0]["name"]) == (400, "run_id")


@pytest.mark.parametrize("action", ["cancel", "retry"])
async def test_a_run_that_is_not_there_cannot_be_moved(idle: httpx.AsyncClient, action: str) -> None:
    assert (await idle.post(f"/api/v1/runs/{UNKNOWN}/{action}")).status_code == 404


async def test_journal_and_cards_are_read_in_parts(
    client: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    run_id = await submit(client, "echo")
    run = await reach(client, run_id, "completed")
    entries: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        part = (await client.get(f"/api/v1/runs/{run_id}/journal?after={after}&limit=2")).json()
        entries += part["items"]
        after = part["next_after"]
    assert [entry["seq"] for entry in entries] == list(range(1, run["seq"] + 1))
    assert entries[0]["kind"] == "submitted"
    assert entries[-1]["payload"] == {"output": "HELLO"}
    cards = (await client.get(f"/api/v1/runs/{run_id}/cards")).json()
    assert [card["card"]["decision"] for card in cards["items"]] == ["hello is fine"]
    first = (await client.get(f"/api/v1/runs/{run_id}/cards?limit=1")).json()
    assert (first["items"], first["next_after"]) == ([], cards["items"][0]["seq"] - 1)


async def test_templates_are_listed_by_application_in_its_own_order(open_api: OpenApi) -> None:
    def made(name: str, *ids: str) -> App:
        same = {"title": name, "summary": "", "workflow": name, "input": f"an input of {name}"}

        @workflow(name)
        async def serve(ctx: Context, text: str) -> str:
            """Serve."""
            return text

        return App(name, workflows=[serve], templates=[Template(id=id_, **same) for id_ in ids])

    client = await open_api(made("second", "b", "a"), made("first", "b"), execute=False)
    listed = (await client.get("/api/v1/templates")).json()["items"]
    assert [(item["app"], item["id"]) for item in listed] == [
        ("first", "b"),
        ("second", "b"),
        ("second", "a"),
    ]
    assert listed[0] == {
        "app": "first", "id": "b", "title": "first", "summary": "", "workflow": "first",
        "input": "an input of first", "icon": "",
    }  # fmt: skip


async def test_workflows_are_listed_with_the_schema_of_their_input(idle: httpx.AsyncClient) -> None:
    listed = (await idle.get("/api/v1/workflows")).json()["items"]
    assert [item["name"] for item in listed] == ["ask", "echo", "fragile", "patient", "sleepy"]
    shown = (await idle.get("/api/v1/workflows/echo")).json()
    assert shown == listed[1]
    assert (shown["app"], shown["versions"], shown["summary"]) == ("parcels", [1], "Say it louder.")
    assert shown["input_schema"]["required"] == ["text"]
    assert (await idle.get("/api/v1/workflows/nothing")).status_code == 404


async def test_a_run_whose_journal_cannot_be_read_is_shown_all_the_same(
    client: httpx.AsyncClient, submit: Submit, reach: Reach, conninfo: str, tmp_path: Path
) -> None:
    run_id = await submit(client, "fragile", path=str(tmp_path / "nothing"))
    await reach(client, run_id, "failed")
    with psycopg.connect(conninfo) as connection:
        connection.execute("update journal set codec = 9")
    run = (await client.get(f"/api/v1/runs/{run_id}")).json()
    assert run["error"]["code"] == "payload_unreadable"
    assert "codec 9" in run["input"]
    assert (run["status"], run["progress"], run["output"]) == ("failed", None, None)
    journal = (await client.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]
    assert {entry["encoding"] for entry in journal} == {"unreadable"}
