from __future__ import annotations

import httpx
import pytest


async def test_a_path_that_leads_nowhere_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/api/v1", "/api/v1/runs/", "/docs", "/api/v2/runs"):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_method_that_is_not_possible_names_those_that_are(client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/v1/agents")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"
    assert answer.json()["detail"] == "DELETE is not possible at /api/v1/agents."


async def test_every_wrong_field_is_named(client: httpx.AsyncClient) -> None:
    wanted = {"workflow": "echo", "priority": "high", "version": "x", "a/b": 1, "c~d": 2}
    answer = await client.post("/api/v1/runs", json=wanted)
    problem = answer.json()
    assert answer.status_code == 400
    assert [fault["name"] for fault in problem["errors"]] == ["/version", "/priority", "/a~1b", "/c~0d"]
    assert "(and 1 more)" in problem["detail"]
    assert "high" not in answer.text


async def test_not_more_is_told_than_anybody_reads(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/v1/runs", json={f"field{number}": 1 for number in range(5_000)})
    assert answer.status_code == 400
    assert len(answer.json()["errors"]) == 20
    assert len(answer.content) < 5_000


@pytest.mark.parametrize("name", ["422", "HTTPValidationError", "ValidationError"])
async def test_the_document_knows_nothing_of_the_frameworks_own_errors(
    client: httpx.AsyncClient, name: str
) -> None:
    assert f'"{name}"' not in (await client.get("/api/v1/openapi.json")).text
