"""What holds for all who ask models holds for Anthropic's clients, and is told as they read it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import anthropic
import pytest

from protocols.anthropic.conftest import asked, client_of, client_with, streamed
from protocols.openai.conftest import Gate, settled
from support.scripted import DONE, LAST, chunk, completion, event, says, streams

SECRET = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
BROKEN = {"error": {"message": "down", "type": "server_error", "code": "down"}}


def repeating(stream: bool) -> Any:
    """Answers with the last word that it was told: in a text, and in the arguments of a tool."""

    async def handle(request: Any, body: dict[str, Any]) -> Any:
        mail = body["messages"][-1]["content"].split()[-1]
        text, arguments = f"I wrote to {mail} now.", '{"to": "' + mail + '"}'
        call = {"id": "t1", "type": "function", "function": {"name": "send", "arguments": arguments}}
        if not stream:
            return await says(completion(text, tool_calls=[call]))(request, body)
        opens = {"index": 0, **call, "function": {"name": "send", "arguments": ""}}
        bits = [arguments[at : at + 3] for at in range(0, len(arguments), 3)]
        pieces = [
            *(chunk(text[at : at + 3]) for at in range(0, len(text), 3)),
            chunk(tool_calls=[opens]),
            *(chunk(tool_calls=[{"index": 0, "function": {"arguments": bit}}]) for bit in bits),
        ]
        return await streams(*pieces, chunk(end="tool_calls"), LAST, DONE)(request, body)

    return handle


async def hear(
    client: anthropic.AsyncAnthropic,
    wanted: dict[str, Any],
    heard: list[Any],
    begun: asyncio.Event | None = None,
) -> None:
    """Put the events of a stream into `heard` as they come; with the first one it has `begun`."""
    async for one in await client.messages.create(**wanted, stream=True):
        heard.append(one)
        if begun is not None:
            begun.set()


async def test_personal_data_is_masked_for_the_provider_and_restored_for_the_caller(gate: Gate) -> None:
    gate.one.script = [repeating(stream=False), repeating(stream=True)]
    client = await client_of(gate, await gate.open())
    wanted = asked("Write to ada@example.com", system="Ask eve@example.com")
    plain = await client.messages.create(**wanted)
    for message in (plain, await streamed(client, wanted)):
        text, call = message.content
        assert text.type == "text"
        assert text.text == "I wrote to ada@example.com now."
        assert call.type == "tool_use"
        assert call.input == {"to": "ada@example.com"}
        assert message.stop_reason == "tool_use"
    assert "example.com" not in str(gate.one.asked)
    assert gate.one.asked[0]["messages"][1]["content"].startswith("Write to <EMAIL:")


async def test_what_a_guard_blocks_is_told(gate: Gate, tmp_path: Path) -> None:
    table = tmp_path / "guards.toml"
    table.write_text("[model_prompt]\nsecrets = 'block'\n[model_answer]\nsecrets = 'block'\n")
    client = await client_of(gate, await gate.open(guards=table))
    with pytest.raises(anthropic.BadRequestError) as caught:
        await client.messages.create(**asked(f"The key is {SECRET}"))
    assert (caught.value.type, caught.value.error_code) == ("invalid_request_error", "blocked_by_guard")
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert gate.one.asked == []
    gate.one.script = [
        says(completion(f"It is {SECRET}.")),
        streams(chunk("It is "), chunk(SECRET), chunk(end="stop"), LAST, DONE),
    ]
    with pytest.raises(anthropic.BadRequestError) as whole:
        await client.messages.create(**asked("What is the key?"))
    assert SECRET not in str(whole.value)
    heard: list[Any] = []
    with pytest.raises(anthropic.APIStatusError) as streamed:
        await hear(client, asked("What is the key?"), heard)
    assert (streamed.value.type, streamed.value.error_code) == ("invalid_request_error", "blocked_by_guard")
    assert SECRET[8:30] not in str(heard)
    await settled(gate, 2)
    assert [call.outcome for call in gate.ledger.calls] == ["blocked_by_guard"] * 2


async def test_keys_and_permissions_hold(gate: Gate) -> None:
    server = await gate.open()
    wrong = client_with(gate, server, api_key="ph_live_nothing")
    with pytest.raises(anthropic.AuthenticationError) as nobody:
        await wrong.messages.create(**asked("Hi there."))
    assert nobody.value.type == "authentication_error"
    assert nobody.value.request_id
    assert nobody.value.body["request_id"] == nobody.value.request_id  # type: ignore[index]  # an object
    reader = await client_of(gate, server, "viewer")
    with pytest.raises(anthropic.PermissionDeniedError) as caught:
        await reader.messages.create(**asked("Hi there."))
    assert "models:use" in str(caught.value.api_message)
    client = await client_of(gate, server, models=["safe", "two:*"])
    assert [model.id async for model in client.models.list()] == ["safe", "two:m"]
    with pytest.raises(anthropic.PermissionDeniedError) as forbidden:
        await client.messages.create(**asked("Hi there."))
    assert (forbidden.value.type, forbidden.value.error_code) == ("permission_error", "model_not_allowed")
    with pytest.raises(anthropic.NotFoundError) as unknown:
        await (await client_of(gate, server)).messages.create(**asked("Hi there.") | {"model": "none"})
    assert (unknown.value.type, unknown.value.error_code) == ("not_found_error", "model_not_found")
    assert gate.one.asked == []
    bearer = client_with(gate, server, auth_token=str(client.api_key))
    for asks in (client, bearer):
        await asks.messages.create(**asked("Hi there.") | {"model": "safe"})
    assert len(gate.one.asked) == 2


async def test_budgets_and_rates_hold(gate: Gate) -> None:
    server = await gate.open()
    client = await client_of(gate, server, rate=1)
    await client.messages.create(**asked("Hi there."))
    with pytest.raises(anthropic.RateLimitError) as often:
        await client.messages.create(**asked("Hi there."))
    assert (often.value.type, often.value.error_code) == ("rate_limit_error", "too_many_requests")
    assert int(often.value.response.headers["retry-after"]) >= 1
    gate.purse.limit = 40
    with pytest.raises(anthropic.RateLimitError) as spent:
        await (await client_of(gate, server)).messages.create(**asked("Hi there."))
    assert spent.value.error_code == "budget_exhausted"
    assert spent.value.response.headers["x-should-retry"] == "false"
    assert (len(gate.one.asked), gate.purse.holding) == (1, 0)


async def test_kept_answers_come_whole_and_as_a_stream(gate: Gate) -> None:
    gate.one.script = [repeating(stream=False)]
    client = await client_of(gate, await gate.open())
    wanted = asked("Write to ada@example.com", extra_body={"temperature": 0})
    raws = [await client.messages.with_raw_response.create(**wanted) for _ in range(2)]
    assert [raw.headers["x-pilothouse-cache"] for raw in raws] == ["miss", "hit"]
    for message in (*[await raw.parse() for raw in raws], await streamed(client, wanted)):
        text, call = message.content
        assert text.type == "text"
        assert text.text == "I wrote to ada@example.com now."
        assert call.type == "tool_use"
        assert call.input == {"to": "ada@example.com"}
        assert (message.usage.input_tokens, message.usage.output_tokens) == (20, 10)
        assert message.stop_reason == "tool_use"
    assert len(gate.one.asked) == 1
    assert [call.cached for call in gate.ledger.calls] == [False, True, True]
    assert gate.purse.spent == 30


async def test_another_model_answers_where_the_first_fails(gate: Gate) -> None:
    gate.one.script = [says(BROKEN, 500)]
    good = streams(chunk("Good day.", end="stop"), LAST, DONE)
    gate.two.script = [says(completion("Good day.")), good, says(BROKEN, 503)]
    client = await client_of(gate, await gate.open())
    wanted = asked("Hi there.") | {"model": "safe"}
    plain = await client.messages.create(**wanted)
    for message in (plain, await streamed(client, wanted)):
        (block,) = message.content
        assert block.type == "text"
        assert block.text == "Good day."
    await settled(gate, 2)
    assert [call.provider for call in gate.ledger.calls] == ["two", "two"]
    with pytest.raises(anthropic.InternalServerError) as caught:
        await client.messages.create(**wanted)
    assert (caught.value.status_code, caught.value.type) == (502, "api_error")
    assert caught.value.error_code == "provider_failed"


async def test_errors_of_providers_and_answers_that_are_none_are_told(gate: Gate) -> None:
    error = {"message": "no ada@example.com", "type": "invalid_request_error", "code": "odd"}
    call = {"id": "t1", "type": "function", "function": {"name": "send", "arguments": '{"to": '}}
    gate.one.script = [
        says({"error": error}, 400),
        says({"error": "odd"}, 422),
        says({"choices": "nonsense"}),
        says(completion("", tool_calls=[call])),
    ]
    client = await client_of(gate, await gate.open())
    wanted = asked("Hi there.") | {"model": "safe"}
    with pytest.raises(anthropic.BadRequestError) as caught:
        await client.messages.create(**wanted)
    assert (caught.value.api_message, caught.value.error_code) == ("no ada@example.com", "odd")
    with pytest.raises(anthropic.UnprocessableEntityError) as bare:
        await client.messages.create(**wanted)
    assert (bare.value.type, bare.value.error_code) == ("invalid_request_error", "provider_refused")
    assert bare.value.api_message == "odd"
    for asks in (client.messages.create(**wanted), hear(client, wanted, [])):
        with pytest.raises(anthropic.InternalServerError) as none:
            await asks
        assert none.value.error_code == "answer_not_translated"
    assert [call.provider for call in gate.ledger.calls] == ["one"] * 4
    assert gate.two.asked == []  # the first one has answered, and is paid
    assert gate.purse.holding == 0


async def test_a_stream_that_fails_ends_with_an_error_event(gate: Gate) -> None:
    begun = asyncio.Event()
    cut = streams(chunk("Good day"), chunk(" to"), chunk(" you"), cut=True, gate=begun)
    failures = (
        (cut, "stream_cut"),
        (streams(chunk("Good"), chunk(" day")), "stream_cut"),
        (streams(chunk("Good"), event(BROKEN), DONE), "down"),
        (streams(event(BROKEN), DONE), "down"),
    )
    client = await client_of(gate, await gate.open())
    for number, (reply, code) in enumerate(failures, 1):
        gate.one.script, heard = [reply], list[Any]()
        with pytest.raises(anthropic.APIStatusError) as caught:
            await hear(client, asked("Hi there."), heard, begun)
        assert (caught.value.type, caught.value.error_code) == ("api_error", code), number
        assert "message_stop" not in [one.type for one in heard], number
        await settled(gate, number)
        assert gate.ledger.calls[-1].outcome == code, number
    assert gate.purse.holding == 0


async def test_a_client_that_goes_away_cancels_the_call(gate: Gate) -> None:
    client = await client_of(gate, await gate.open())
    for number, stream in enumerate((False, True), 1):
        begun, never = asyncio.Event(), asyncio.Event()

        async def waits(
            request: Any,
            body: dict[str, Any],
            stream: bool = stream,
            begun: asyncio.Event = begun,
            never: asyncio.Event = never,
        ) -> Any:
            begun.set()
            if stream:
                return await streams(chunk("Good"), chunk("never"), gate=never)(request, body)
            return await never.wait()

        gate.one.script = [waits]
        gate.one.gone.clear()
        wanted = asked("Hi there.")
        asks = hear(client, wanted, []) if stream else client.messages.create(**wanted)
        asking = asyncio.ensure_future(asks)
        await begun.wait()
        if stream:
            await asyncio.sleep(0.05)
        asking.cancel()
        async with asyncio.timeout(3):
            await gate.one.gone.wait()
        await settled(gate, number)
        assert gate.ledger.calls[-1].outcome == "cancelled"
        assert gate.purse.holding == 0
