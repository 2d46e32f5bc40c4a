"""Responses, embeddings, kept answers, and workflows that answer as models."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from protocols.openai.conftest import Gate, asked, said_in
from support.scripted import completion, event, says, streams

RESPONSE: dict[str, Any] = {
    "id": "r1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "parallel_tool_calls": False,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {
            "id": "i1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "", "annotations": []}],
        }
    ],
    "usage": {
        "input_tokens": 5,
        "output_tokens": 7,
        "total_tokens": 12,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}
VECTORS = {
    "object": "list",
    "model": "m",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, 0.5]}],
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}


def response(text: str) -> dict[str, Any]:
    item = {**RESPONSE["output"][0], "content": [{"type": "output_text", "text": text, "annotations": []}]}
    return {**RESPONSE, "output": [item]}


def echo(body: dict[str, Any]) -> str:
    return f"I wrote to {str(body['input']).split()[-1]}"


async def test_responses_are_guarded_and_counted(gate: Gate) -> None:
    async def whole(request: Any, body: dict[str, Any]) -> Any:
        return await says(response(echo(body)))(request, body)

    async def streamed(request: Any, body: dict[str, Any]) -> Any:
        text, place = echo(body), {"item_id": "i1", "output_index": 0, "content_index": 0}
        pieces = [
            event(
                {
                    "type": "response.output_text.delta",
                    **place,
                    "delta": text[at : at + 4],
                    "sequence_number": at,
                }
            )
            for at in range(0, len(text), 4)
        ]
        done = event({"type": "response.output_text.done", **place, "text": text, "sequence_number": 90})
        last = event({"type": "response.completed", "response": response(text), "sequence_number": 91})
        return await streams(*pieces, done, last)(request, body)

    gate.one.script = [whole, streamed]
    client = await gate.client(await gate.open())
    answer = await client.responses.create(model="fast", input="Write to ada@example.com")
    assert answer.output_text == "I wrote to ada@example.com"
    assert "ada@" not in gate.one.asked[0]["input"]
    assert gate.one.asked[0]["store"] is False
    said, events = (
        "",
        await client.responses.create(model="fast", input="Write to ada@example.com", stream=True),
    )
    async for one in events:
        said += one.delta if one.type == "response.output_text.delta" else ""
        if one.type == "response.output_text.done":
            assert one.text == "I wrote to ada@example.com"
        if one.type == "response.completed":
            assert one.response.output_text == "I wrote to ada@example.com"
    assert said == "I wrote to ada@example.com"
    assert [(call.tokens.input, call.tokens.output) for call in gate.ledger.calls] == [(5, 7), (5, 7)]
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model="fast", input="Go on.", previous_response_id="r1")
    assert caught.value.param == "previous_response_id"


async def test_embeddings_are_kept(gate: Gate) -> None:
    gate.one.script = [says(VECTORS)]
    server = await gate.open()
    client = await gate.client(server)
    for cached in (False, True):
        raw = await client.embeddings.with_raw_response.create(
            model="fast", input=["Mail ada@example.com"], encoding_format="float"
        )
        assert raw.parse().data[0].embedding == [0.25, 0.5]
        assert raw.headers["x-pilothouse-cache"] == ("hit" if cached else "miss")
    assert len(gate.one.asked) == 1
    assert "ada@" not in gate.one.asked[0]["input"][0]
    assert [(call.tokens.input, call.cached) for call in gate.ledger.calls] == [(3, False), (3, True)]


async def test_what_is_asked_again_at_temperature_0_is_answered_from_the_cache(gate: Gate) -> None:
    async def repeats(request: Any, body: dict[str, Any]) -> Any:
        return await says(completion(f"I wrote to {body['messages'][0]['content'].split()[-1]}"))(
            request, body
        )

    gate.one.script = [repeats]
    server = await gate.open()
    client, other = await gate.client(server), await gate.client(server)
    wanted = asked("Write to ada@example.com", temperature=0)
    for caller, how in ((client, "miss"), (client, "hit"), (other, "hit")):
        raw = await caller.chat.completions.with_raw_response.create(**wanted)
        assert raw.headers["x-pilothouse-cache"] == how
        assert raw.parse().choices[0].message.content == "I wrote to ada@example.com"
    assert (
        await said_in(await client.chat.completions.create(**wanted, stream=True))
        == "I wrote to ada@example.com"
    )
    assert len(gate.one.asked) == 1
    assert [call.cost == 0 for call in gate.ledger.calls] == [False, True, True, True]
    assert gate.purse.spent == 30
    for said in ("no-store", "no-cache", "max-age=0"):
        raw = await client.chat.completions.with_raw_response.create(
            **wanted, extra_headers={"cache-control": said}
        )
        assert raw.headers.get("x-pilothouse-cache") == (None if said == "no-store" else "miss")
    await client.chat.completions.create(**asked("Write to ada@example.com"))
    assert len(gate.one.asked) == 5
    kept = (await server.client.get("/api/v1/model-cache")).json()
    assert (kept["answers"], kept["hits"], kept["misses"]) == (1, 3, 3)
    assert (await server.client.delete("/api/v1/model-cache")).json() == {"answers": 1}
    await client.chat.completions.create(**wanted)
    assert len(gate.one.asked) == 6


async def test_a_cache_that_is_off_keeps_nothing(gate: Gate) -> None:
    client = await gate.client(await gate.open(gateway={"cache": "off"}))
    for _ in range(2):
        raw = await client.chat.completions.with_raw_response.create(**asked("Hi there.", temperature=0))
        assert "x-pilothouse-cache" not in raw.headers
    assert len(gate.one.asked) == 2


async def test_a_workflow_answers_as_a_model(gate: Gate) -> None:
    server = await gate.open(execute=True)
    client = await gate.client(server)
    wanted = asked('{"text": "hello"}') | {"model": "workflow/echo"}
    raw = await client.chat.completions.with_raw_response.create(**wanted)
    run = (await server.client.get(f"/api/v1/runs/{raw.headers['x-pilothouse-run']}")).json()
    assert run["status"] == "completed"
    text = raw.parse().choices[0].message.content
    assert text is not None
    assert "HELLO" in text
    assert await said_in(await client.chat.completions.create(**wanted, stream=True)) == text
    asking = await client.chat.completions.with_raw_response.create(**wanted | {"model": "workflow/ask"})
    waits = asking.parse().choices[0].message.content
    assert waits is not None
    assert waits.startswith(f"The run {asking.headers['x-pilothouse-run']} waits: ")
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(**wanted | {"model": "workflow/fragile"})
    assert caught.value.code == "run_failed"
    with pytest.raises(openai.BadRequestError):
        await client.chat.completions.create(**asked('{"text": 7}') | {"model": "workflow/echo"})
