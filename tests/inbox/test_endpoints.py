from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]

UNKNOWN = "01900000-0000-7000-8000-000000000000"


@pytest.fixture
async def question(client: httpx.AsyncClient, submit: Submit, reach: Reach) -> dict[str, Any]:
    """An open question whose choices are Yes and No, and whose default is No."""
    run = await reach(client, await submit(client, "ask", text="Sure?"), "waiting")
    found: dict[str, Any] = run["questions"][0]
    return found


async def answered(client: httpx.AsyncClient, question: dict[str, Any], text: str) -> httpx.Response:
    return await client.post(f"/api/v1/questions/{question['id']}/answer", json={"answer": text})


async def test_an_open_question_tells_what_may_be_answered_and_why_it_matters(
    client: httpx.AsyncClient, question: dict[str, Any]
) -> None:
    assert (await client.get(f"/api/v1/questions/{question['id']}")).json() == question
    assert (question["prompt"], question["why"]) == ("Sure?", "It matters.")
    assert (question["choices"], question["default"]) == (["Yes", "No"], "No")
    assert question["free"] is False
    assert (question["status"], question["kind"], question["answer"]) == ("open", "question", None)
    assert (question["closed_at"], question["closed_by"]) == (None, None)


@pytest.mark.parametrize(("said", "understood"), [("Yes", "Yes"), (" yes\n", "Yes"), ("", "No")])
async def test_an_answer_reaches_the_run(
    client: httpx.AsyncClient, question: dict[str, Any], reach: Reach, said: str, understood: str
) -> None:
    answer = await answered(client, question, said)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["status"], shown["answer"], shown["closed_by"]) == ("answered", understood, "local")
    assert shown["closed_at"] is not None
    run = await reach(client, question["run_id"], "completed")
    assert run["output"] == understood
    assert (run["open_questions"], run["questions"]) == (0, [])
    assert (await client.get(f"/api/v1/questions/{question['id']}")).json() == shown


async def test_the_same_answer_again_changes_nothing_and_another_is_a_conflict(
    client: httpx.AsyncClient, question: dict[str, Any]
) -> None:
    first = await answered(client, question, "Yes")
    again = await answered(client, question, "yes")
    assert (again.status_code, again.json()) == (200, first.json())
    for other in ("No", "", "Perhaps"):
        conflict = await answered(client, question, other)
        assert (conflict.status_code, conflict.json()["code"]) == (409, "conflict")


async def test_the_answer_of_somebody_else_cannot_be_repeated(
    client: httpx.AsyncClient, question: dict[str, Any], conninfo: str
) -> None:
    await answered(client, question, "Yes")
    with psycopg.connect(conninfo) as connection:
        connection.execute("update questions set closed_by = 'somebody else'")
    assert (await answered(client, question, "Yes")).status_code == 409


async def test_a_withdrawn_question_cannot_be_answered(
    client: httpx.AsyncClient, question: dict[str, Any]
) -> None:
    await client.post(f"/api/v1/runs/{question['run_id']}/cancel")
    conflict = await answered(client, question, "Yes")
    assert conflict.status_code == 409
    assert "already withdrawn" in conflict.json()["detail"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"answer": "Perhaps"}, "Choose one of: Yes, No."),
        ({"answer": "x" * 10_001}, "/answer"),
        ({"answer": 5}, "/answer"),
        ({}, "/answer"),
        ({"answer": "Yes", "by": "root"}, "/by"),
        ({"answer": "Yes\x00"}, "NUL"),
    ],
)
async def test_an_answer_that_is_none_leaves_the_question_open(
    client: httpx.AsyncClient, question: dict[str, Any], body: dict[str, object], told: str
) -> None:
    answer = await client.post(f"/api/v1/questions/{question['id']}/answer", json=body)
    assert answer.status_code == 400
    assert told in answer.json()["detail"]
    assert (await client.get(f"/api/v1/questions/{question['id']}")).json()["status"] == "open"


async def test_the_inbox_is_listed_by_state_and_run(
    client: httpx.AsyncClient, question: dict[str, Any], submit: Submit, reach: Reach
) -> None:
    other = (await reach(client, await submit(client, "ask", text="Really?"), "waiting"))["questions"][0]

    async def listed(query: str) -> list[str]:
        return [item["prompt"] for item in (await client.get(f"/api/v1/questions{query}")).json()["items"]]

    assert await listed("") == ["Really?", "Sure?"]
    assert await listed(f"?run_id={other['run_id']}") == ["Really?"]
    await answered(client, question, "Yes")
    assert await listed("?status=open") == ["Really?"]
    assert await listed("?status=answered&status=expired") == ["Sure?"]
    page = (await client.get("/api/v1/questions?limit=1")).json()
    assert await listed(f"?limit=1&cursor={page['next_cursor']}") == ["Sure?"]


async def test_the_list_of_runs_counts_open_questions(
    client: httpx.AsyncClient, question: dict[str, Any], submit: Submit
) -> None:
    await submit(client, "sleepy")
    counts = {
        item["workflow"]: item["open_questions"]
        for item in (await client.get("/api/v1/runs")).json()["items"]
    }
    assert counts == {"ask": 1, "sleepy": 0}


async def test_a_question_that_is_not_there_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"/api/v1/questions/{UNKNOWN}")).status_code == 404
    assert (await answered(client, {"id": UNKNOWN}, "Yes")).status_code == 404
    assert (await client.get("/api/v1/questions/nonsense")).status_code == 400


async def test_a_question_of_another_tenant_is_not_there(
    client: httpx.AsyncClient, question: dict[str, Any], conninfo: str
) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("update questions set tenant_id = 'other'")
    assert (await client.get(f"/api/v1/questions/{question['id']}")).status_code == 404
    assert (await answered(client, question, "Yes")).status_code == 404
    assert (await client.get("/api/v1/questions")).json()["items"] == []


async def test_a_question_that_cannot_be_read_does_not_hide_the_others(
    client: httpx.AsyncClient, question: dict[str, Any], submit: Submit, reach: Reach, conninfo: str
) -> None:
    await reach(client, await submit(client, "ask", text="Really?"), "waiting")
    with psycopg.connect(conninfo) as connection:
        connection.execute("update questions set codec = 9 where id = %s", (question["id"],))
    prompts = [item["prompt"] for item in (await client.get("/api/v1/questions")).json()["items"]]
    assert prompts[0] == "Really?"
    assert "codec 9" in prompts[1]
    assert (await answered(client, question, "Yes")).json()["code"] == "payload_unreadable"
