"""Chat completions through the gateway, asked with OpenAI's own client."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import openai
import pytest

from protocols.openai.conftest import Gate, asked, said_in, settled
from support.scripted import DONE, LAST, chunk, completion, says, streams

CARD = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3


async def test_an_answer_is_passed_on_and_accounted_for(gate: Gate) -> None:
    server = await gate.open()
    client = await gate.client(server)
    answer = await client.chat.completions.with_raw_response.create(**asked("Good morning."))
    assert answer.parse().choices[0].message.content == "Good day."
    assert answer.headers["x-pilothouse-model"] == "one:m"
    assert answer.headers["x-request-id"]
    assert gate.one.asked[0] == {"model": "m", "messages": [{"role": "user", "content": "Good morning."}]}
    (call,) = gate.ledger.calls
    assert (call.provider, call.model, call.tokens.input, call.tokens.output) == ("one", "m", 20, 10)
    assert (call.cost, call.outcome, call.streamed) == (Decimal("0.00004"), "ok", False)
    assert (gate.purse.spent, gate.purse.holding) == (30, 0)
    assert call.principal.startswith("key:")


async def test_the_call_stands_in_the_audit_log(gate: Gate) -> None:
    server = await gate.open()
    client = await gate.client(server)
    await client.chat.completions.create(**asked("Good morning."))
    (call,) = gate.ledger.calls
    async with asyncio.timeout(5):
        while True:
            found = await server.client.get(f"/api/v1/audit/entries/{call.id}")
            if found.status_code == 200:
                break
            await asyncio.sleep(0.02)
    entry = found.json()
    assert (entry["kind"], entry["subject"], entry["actor"]) == ("model", "one:m", call.principal)
    assert entry["details"]["tokens"] == {"input": 20, "output": 10}
    assert "morning" not in entry["leaf"]


async def test_personal_data_is_masked_for_the_provider_and_restored_for_the_caller(gate: Gate) -> None:
    async def repeats(_request: Any, body: dict[str, Any]) -> Any:
        return await says(completion(f"I wrote to {body['messages'][0]['content'].split()[-1]}"))(
            _request, body
        )

    gate.one.script = [repeats]
    client = await gate.client(await gate.open())
    answer = await client.chat.completions.create(**asked("Write to ada@example.com"))
    sent = gate.one.asked[0]["messages"][0]["content"]
    assert "ada@example.com" not in sent
    assert sent.startswith("Write to <EMAIL:")
    assert answer.choices[0].message.content == "I wrote to ada@example.com"


async def test_arguments_of_tools_are_restored_as_json(gate: Gate) -> None:
    async def calls(_request: Any, body: dict[str, Any]) -> Any:
        mail = body["messages"][0]["content"].split()[-1]
        function = {"name": "send", "arguments": '{"to": "' + mail + '"}'}
        tool = {"id": "t1", "type": "function", "function": function}
        return await says(completion("", tool_calls=[tool]))(_request, body)

    gate.one.script = [calls]
    client = await gate.client(await gate.open())
    answer = await client.chat.completions.create(**asked("Write to ada@example.com"))
    called = answer.choices[0].message.tool_calls
    assert called is not None
    assert called[0].function.arguments == '{"to": "ada@example.com"}'


async def test_parts_that_are_no_text_pass_untouched(gate: Gate) -> None:
    client = await gate.client(await gate.open())
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,ada@example.com"}}
    content = [{"type": "text", "text": "See ada@example.com"}, image]
    await client.chat.completions.create(model="fast", messages=[{"role": "user", "content": content}])
    sent = gate.one.asked[0]["messages"][0]["content"]
    assert sent[1] == image
    assert "ada@" not in sent[0]["text"]


async def test_a_stream_is_passed_on_piece_by_piece(gate: Gate) -> None:
    gate.one.script = [
        streams(chunk(role="assistant"), chunk("Good"), chunk(" day."), chunk(end="stop"), LAST, DONE)
    ]
    client = await gate.client(await gate.open())
    pieces = [
        piece async for piece in await client.chat.completions.create(**asked("Hi there.", stream=True))
    ]
    assert [piece.choices[0].delta.content for piece in pieces] == [None, "Good", " day.", None]
    assert gate.one.asked[0]["stream_options"] == {"include_usage": True}
    await settled(gate)
    (call,) = gate.ledger.calls
    assert (call.tokens.input, call.tokens.output, call.streamed, call.outcome) == (20, 10, True, "ok")
    assert gate.purse.holding == 0


async def test_who_asks_for_usage_gets_it(gate: Gate) -> None:
    gate.one.script = [streams(chunk("Hi"), chunk(end="stop"), LAST, DONE)]
    client = await gate.client(await gate.open())
    wanted = asked("Hi there.", stream=True, stream_options={"include_usage": True})
    pieces = [piece async for piece in await client.chat.completions.create(**wanted)]
    assert pieces[-1].usage is not None
    assert pieces[-1].usage.total_tokens == 30


async def test_placeholders_and_secrets_that_come_in_pieces_are_seen(gate: Gate) -> None:
    async def drips(request: Any, body: dict[str, Any]) -> Any:
        text = f"To {body['messages'][0]['content'].split()[-1]} the key {CARD} was given."
        pieces = [chunk(text[at : at + 3]) for at in range(0, len(text), 3)]
        return await streams(*pieces, chunk(end="stop"), LAST, DONE)(request, body)

    gate.one.script = [drips]
    client = await gate.client(await gate.open())
    text = await said_in(await client.chat.completions.create(**asked("Write ada@example.com", stream=True)))
    assert text.startswith("To ada@example.com the key <")
    assert text.endswith("> was given.")
    assert CARD not in text
    assert CARD[8:30] not in text


async def test_a_stream_holds_back_only_the_word_that_is_being_said(gate: Gate) -> None:
    go_on = asyncio.Event()
    gate.one.script = [
        streams(chunk("Paris lies on"), chunk(" the"), chunk(" Seine", end="stop") + LAST + DONE, gate=go_on)
    ]
    client = await gate.client(await gate.open())
    stream = await client.chat.completions.create(**asked("Where is Paris?", stream=True))
    first = await anext(aiter(stream))
    assert first.choices[0].delta.content == "Paris lies on"
    go_on.set()
    assert await said_in(stream) == " the Seine"


async def test_a_stream_that_the_provider_cuts_ends_with_an_error(gate: Gate) -> None:
    gate.one.script = [streams(chunk("Good"), chunk(" day"), cut=True)]
    client = await gate.client(await gate.open())
    with pytest.raises(openai.APIError) as caught:
        await said_in(await client.chat.completions.create(**asked("Hi there.", stream=True)))
    assert caught.value.code == "stream_cut"
    await settled(gate)
    assert gate.ledger.calls[0].outcome == "stream_cut"
    assert gate.purse.holding == 0


async def test_a_stream_without_its_end_ends_with_an_error(gate: Gate) -> None:
    gate.one.script = [streams(chunk("Good"), chunk(" day"))]
    client = await gate.client(await gate.open())
    with pytest.raises(openai.APIError) as caught:
        await said_in(await client.chat.completions.create(**asked("Hi there.", stream=True)))
    assert caught.value.code == "stream_cut"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_goes_away_cancels_the_call(gate: Gate, stream: bool) -> None:
    begun = asyncio.Event()

    async def waits(request: Any, body: dict[str, Any]) -> Any:
        begun.set()
        if stream:
            return await streams(chunk("Good"), chunk("never"), gate=asyncio.Event())(request, body)
        return await asyncio.Event().wait()

    gate.one.script = [waits]
    client = await gate.client(await gate.open())

    async def asks() -> None:
        answer = await client.chat.completions.create(**asked("Hi there.", stream=stream))
        if stream:
            await said_in(answer)

    asking = asyncio.create_task(asks())
    await begun.wait()
    if stream:
        await asyncio.sleep(0.05)
    asking.cancel()
    async with asyncio.timeout(3):
        await gate.one.gone.wait()
    await settled(gate)
    assert gate.ledger.calls[0].outcome == "cancelled"
    assert gate.purse.holding == 0
