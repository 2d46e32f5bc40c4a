"""What is wrong with a request, and what of it cannot be said in a chat, is refused by its name."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from pilothouse.protocols.anthropic.reading import read
from pilothouse.protocols.anthropic.writing import Messages
from pilothouse.protocols.openai.blocks import Blocks
from pilothouse.protocols.openai.errors import AnswerUntold, WrongRequest
from protocols.anthropic.conftest import asked, client_of
from protocols.openai.conftest import Gate
from support.scripted import chunk


def user(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def assistant(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": list(blocks)}, {"role": "user", "content": "x"}]}


UNSAID: list[tuple[dict[str, Any], str]] = [
    ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, "thinking"),
    ({"top_k": 5}, "top_k"),
    ({"container": "c"}, "container"),
    ({"mcp_servers": [{"type": "url", "url": "https://example.com", "name": "x"}]}, "mcp_servers"),
    ({"output_config": {"effort": "low"}}, "output_config"),
    ({"service_tier": "standard_only"}, "service_tier"),
    ({"metadata": {"team": "x"}}, "metadata.team"),
    ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools.0.type"),
    ({"tools": [{"name": "x", "input_schema": {}, "defer_loading": True}]}, "tools.0.defer_loading"),
    (user({"type": "document", "source": {}}), "messages.0.content.0"),
    (user({"type": "text", "text": "x", "citations": [{}]}), "messages.0.content.0.citations"),
    (user({"type": "image", "source": {"type": "file", "file_id": "f"}}), "messages.0.content.0.source"),
    (
        user({"type": "tool_result", "tool_use_id": "t", "content": [{"type": "image", "source": {}}]}),
        "messages.0.content.0.content.0",
    ),
    (assistant({"type": "thinking", "thinking": "x", "signature": "y"}), "messages.0.content.0"),
    (assistant({"type": "server_tool_use", "id": "s", "name": "x", "input": {}}), "messages.0.content.0"),
    ({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "{"}]}, "messages.1"),
]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"model": None}, "model"),
    ({"max_tokens": None}, "max_tokens"),
    ({"max_tokens": 0}, "max_tokens"),
    ({"messages": []}, "messages"),
    ({"messages": "x"}, "messages"),
    ({"messages": ["x"]}, "messages.0"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0.role"),
    ({"messages": [{"role": "user", "content": 7}]}, "messages.0.content"),
    (user("x"), "messages.0.content.0"),
    (user({"type": "text", "text": 7}), "messages.0.content.0.text"),
    (user({"type": "tool_result"}), "messages.0.content.0.tool_use_id"),
    (
        user({"type": "image", "source": {"type": "base64", "media_type": "text/html", "data": ""}}),
        "messages.0.content.0.source.media_type",
    ),
    (assistant({"type": "tool_use", "id": "t", "name": "x", "input": "{}"}), "messages.0.content.0.input"),
    ({"system": 7}, "system"),
    ({"temperature": "hot"}, "temperature"),
    ({"stop_sequences": "END"}, "stop_sequences"),
    ({"stream": 1}, "stream"),
    ({"metadata": "u"}, "metadata"),
    ({"tools": {}}, "tools"),
    ({"tools": ["x"]}, "tools.0"),
    ({"tools": [{"name": "x"}]}, "tools.0.input_schema"),
    ({"tools": [{"name": "x", "input_schema": {}}], "tool_choice": "auto"}, "tool_choice"),
    ({"tools": [{"name": "x", "input_schema": {}}], "tool_choice": {"type": "all"}}, "tool_choice.type"),
]


@pytest.mark.parametrize(("said", "where"), UNSAID, ids=[where for _, where in UNSAID])
def test_what_cannot_be_said_is_refused(said: dict[str, Any], where: str) -> None:
    with pytest.raises(WrongRequest) as caught:
        read(orjson.dumps(asked("x") | said), "/v1/messages")
    assert (caught.value.code, caught.value.param) == ("not_translated", where)
    assert str(caught.value).startswith(f"{where}: ")


@pytest.mark.parametrize(("said", "where"), WRONG)
def test_what_is_wrong_is_refused(said: dict[str, Any], where: str) -> None:
    with pytest.raises(WrongRequest) as caught:
        read(orjson.dumps(asked("x") | said), "/v1/messages")
    assert (caught.value.code, caught.value.param) == ("invalid_request", where)


def test_what_says_nothing_is_passed_over() -> None:
    tool = {"name": "x", "input_schema": {}, "type": "custom", "cache_control": {}, "defer_loading": False}
    said: dict[str, Any] = {"thinking": {"type": "disabled"}, "service_tier": "auto", "container": None}
    said |= {"tools": [tool], "cache_control": {"type": "ephemeral"}, "system": [], "mcp_servers": []}
    found = read(orjson.dumps(asked("x") | said), "/v1/messages")
    assert set(found.body) == {"model", "messages", "max_tokens", "tools"}
    assert len(found.body["messages"]) == 1  # type: ignore[arg-type]  # a list


def test_a_body_that_is_too_deep_is_refused() -> None:
    deep = b'{"a":' * 400 + b"1" + b"}" * 400
    body = orjson.dumps(asked("x"))[:-1] + b',"tools":[{"name":"x","input_schema":' + deep + b"}]}"
    with pytest.raises(WrongRequest, match="written anew"):
        read(body, "/v1/messages")


def test_calls_that_are_told_in_turns_are_not_mixed_up() -> None:
    events = Blocks(Messages("r1"))
    call = {"type": "function", "function": {"name": "x", "arguments": "{"}}
    for at in (0, 1):
        events.of(chunk(tool_calls=[{"index": at, "id": f"t{at}", **call}]))
    with pytest.raises(AnswerUntold):
        events.of(chunk(tool_calls=[{"index": 0, "function": {"arguments": "}"}}]))


async def test_errors_have_anthropics_shape_whatever_is_asked_for(gate: Gate) -> None:
    server = await gate.open(gateway={"max_body_bytes": 1_024})
    client = await client_of(gate, server)
    headers = {"x-api-key": str(client.api_key), "content-type": "application/json"}
    cases: list[tuple[str, str, bytes, dict[str, str], int, str]] = [
        ("POST", "/v1/messages", b"no json", {}, 400, "invalid_request_error"),
        ("POST", "/v1/messages", b"[1]", {}, 400, "invalid_request_error"),
        ("POST", "/v1/messages", b" " * 2_000, {}, 413, "request_too_large"),
        ("POST", "/v1/messages", b"x", {"content-type": "text/plain"}, 415, "invalid_request_error"),
        ("GET", "/v1/messages", b"", {}, 405, "invalid_request_error"),
        ("POST", "/v1/messages/count_tokens", b"{}", {}, 404, "not_found_error"),
        ("POST", "/v1/messages", b"{}", {"authorization": "Bearer x"}, 401, "authentication_error"),
        ("POST", "/v1/messages", b"{}", {"x-api-key": ""}, 401, "authentication_error"),
    ]
    async with httpx.AsyncClient(base_url=str(server.client.base_url), headers=headers) as http:
        for method, path, content, more, status, kind in cases:
            answer = await http.request(method, path, content=content, headers=more)
            body = answer.json()
            assert (answer.status_code, body["type"], body["error"]["type"]) == (status, "error", kind), body
            assert set(body) == {"type", "error", "request_id"}
            assert set(body["error"]) == {"type", "message", "details"}
            assert body["request_id"] == answer.headers["request-id"] == answer.headers["x-request-id"]
    assert gate.one.asked == []
