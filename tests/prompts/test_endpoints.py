"""Prompts over HTTP: made, labelled, compared, rendered, tested, rolled back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pilothouse import App
from pilothouse.errors import SettingsInvalid
from pilothouse.kit.slashes import as_part
from support.prompted import GREET, app, greeting, shipped

PATH = "/api/v1/prompts"
SHOWN = as_part(GREET)
FILE_ID = shipped().versions[GREET].id


@pytest.fixture
async def served(open_api: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    return await open_api(app, execute=False)


async def ask(client: httpx.AsyncClient, method: str, path: str, expected: int = 200, **said: Any) -> Any:
    answer = await client.request(method, f"{PATH}{path}", **said)
    assert answer.status_code == expected, answer.text
    return answer.json() if answer.content else answer


async def test_the_life_of_a_prompt(served: httpx.AsyncClient) -> None:
    (listed,) = (await ask(served, "GET", ""))["items"]
    assert (listed["name"], listed["app"], listed["production"]) == (GREET, "shop", FILE_ID)
    for place, word in enumerate(("hello", "bye"), 1):
        made = await served.post(f"{PATH}/{SHOWN}/versions", json={"text": greeting(word), "note": "new"})
        assert (made.status_code, made.json()["number"]) == (201, place)
        assert made.headers["location"] == f"{PATH}/{SHOWN}/versions/{place}"
    assert (await ask(served, "GET", f"/{SHOWN}/versions/2"))["head"]["variables"]["customer"][
        "type"
    ] == "string"
    label = f"/{SHOWN}/labels/production"
    moved = await served.put(f"{PATH}{label}", json={"version": "1"}, headers={"if-match": '"0"'})
    assert (moved.json()["version"], moved.headers["etag"]) == ("1", '"1"')
    stale = await served.put(f"{PATH}{label}", json={"version": "2"}, headers={"if-match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "label_moved")
    await ask(served, "PUT", label, json={"version": "2", "note": "shorter"})
    assert (await served.get(f"{PATH}{label}")).headers["etag"] == '"2"'
    assert (await ask(served, "GET", f"/{SHOWN}"))["production"] == "2"
    body = {"variables": {"customer": "Ada"}}
    assert (await ask(served, "POST", f"/{SHOWN}/render", json=body))["system"] == "Say bye to Ada."
    assert "-Say bye" in (await ask(served, "GET", f"/{SHOWN}/diff", params={"after": "1"}))["body"]
    assert (await ask(served, "POST", f"/{SHOWN}/rollback", json={"note": "worse"}))["production"] == "1"
    assert len((await ask(served, "GET", f"/{SHOWN}/moves"))["items"]) == 3
    assert (await ask(served, "POST", f"/{SHOWN}/test", params={"version": "file"}))["passed"]
    await ask(served, "DELETE", label, 204)
    assert (await ask(served, "GET", f"/{SHOWN}/versions"))["items"][0]["labels"] == []
    assert (await ask(served, "GET", f"/{SHOWN}"))["production"] == FILE_ID


REFUSED: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("GET", "/shop~none", {}, 404, "prompt_missing"),
    ("GET", "/shop~none/versions", {}, 404, "prompt_missing"),
    ("GET", "/Shop", {}, 400, "invalid_input"),
    ("GET", f"/{SHOWN}/versions/9", {}, 404, "prompt_missing"),
    ("GET", f"/{SHOWN}/versions/0", {}, 400, "invalid_input"),
    ("GET", f"/{SHOWN}/labels/mine", {}, 404, "prompt_missing"),
    ("POST", f"/{SHOWN}/versions", {"json": {"text": "{{ x }}"}}, 400, "prompt_invalid"),
    ("POST", f"/{SHOWN}/versions", {"json": {"text": "x", "more": 1}}, 400, "invalid_input"),
    ("POST", f"/{SHOWN}/versions", {"json": {"text": "x" * 300_001}}, 400, "invalid_input"),
    ("PUT", f"/{SHOWN}/labels/production", {"json": {"version": "9"}}, 404, "prompt_missing"),
    ("PUT", f"/{SHOWN}/labels/production", {"json": {"version": "candidate"}}, 400, "invalid_input"),
    ("PUT", f"/{SHOWN}/labels/Mine", {"json": {"version": "1"}}, 400, "invalid_input"),
    ("POST", f"/{SHOWN}/rollback", {"json": {}}, 409, "conflict"),
    ("POST", f"/{SHOWN}/render", {"json": {}}, 400, "variable_missing"),
    ("POST", f"/{SHOWN}/render", {"json": {"variables": {"x": 1}}}, 400, "variable_unknown"),
    ("POST", f"/{SHOWN}/render", {"json": {"variables": {"customer": 1}}}, 400, "variable_wrong"),
    ("GET", "", {"params": {"cursor": "A B"}}, 400, "invalid_input"),
    ("DELETE", f"/{SHOWN}/labels/production", {}, 404, "prompt_missing"),
]


async def test_what_makes_no_sense_is_refused(served: httpx.AsyncClient) -> None:
    for method, path, said, status, code in REFUSED:
        assert (await ask(served, method, path, status, **said))["code"] == code, (method, path)


async def test_a_server_does_not_start_with_a_prompt_that_cannot_be_used(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], tmp_path: Path
) -> None:
    (tmp_path / "broken.md").write_text("{{ nobody }}")
    with pytest.raises(SettingsInvalid, match=r"broken of mine \(broken.md\) cannot be used.*line 1"):
        await open_api(App("mine", prompts=tmp_path), execute=False)
