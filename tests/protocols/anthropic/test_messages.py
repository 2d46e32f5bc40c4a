"""Messages through the gateway, asked with Anthropic's own client."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.secrets.providers.files import Files
from protocols.anthropic.conftest import asked, client_of, streamed
from protocols.openai.conftest import Gate, settled
from support import provider as simulated
from support.scripted import DONE, LAST, USAGE, chunk, completion, event, says, streams

WEATHER: dict[str, Any] = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
CALLED = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}
PIXEL = "iVBORw0KGgo="


async def test_an_answer_comes_as_a_message_and_is_accounted_for(gate: Gate) -> None:
    kept = {"prompt_tokens_details": {"cached_tokens": 5}}
    gate.one.script = [says(completion("Good day.") | {"usage": USAGE | kept})]
    client = await client_of(gate, await gate.open())
    settings = {"temperature": 0.5, "top_p": 0.9}  # not known to the client any more, and to models still
    wanted = asked("Good morning.", stop_sequences=["END"], metadata={"user_id": "u-7"}, extra_body=settings)
    raw = await client.messages.with_raw_response.create(**wanted)
    message = await raw.parse()
    assert (message.type, message.role, message.model, message.id) == ("message", "assistant", "m", "msg_c1")
    assert [(block.type, block.text) for block in message.content] == [("text", "Good day.")]
    assert (message.stop_reason, message.stop_sequence) == ("end_turn", None)
    used = message.usage
    assert (used.input_tokens, used.cache_read_input_tokens, used.output_tokens) == (15, 5, 10)
    assert raw.headers["x-pilothouse-model"] == "one:m"
    assert message._request_id == raw.headers["request-id"] == raw.headers["x-request-id"]
    assert gate.one.asked == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Good morning."}],
            "max_tokens": 50,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["END"],
            "user": "u-7",
        }
    ]
    (call,) = gate.ledger.calls
    assert (call.provider, call.tokens.input, call.tokens.output, call.tokens.cache_read) == (
        "one",
        20,
        10,
        5,
    )
    assert (call.cost > Decimal(0), call.outcome, call.streamed) == (True, "ok", False)
    assert (gate.purse.spent, gate.purse.holding) == (30, 0)


async def test_systems_turns_and_images_are_said(gate: Gate) -> None:
    client = await client_of(gate, await gate.open())
    hint: Any = {"type": "ephemeral"}
    await client.messages.create(
        model="fast",
        max_tokens=50,
        system=[
            {"type": "text", "text": "Be kind.", "cache_control": hint},
            {"type": "text", "text": "Be brief."},
        ],
        messages=[
            {"role": "user", "content": "Where is Ulm?"},
            {"role": "assistant", "content": [{"type": "text", "text": "By the Danube."}]},
            {"role": "system", "content": "Be briefer."},
            {"role": "user", "content": [{"type": "text", "text": "And Bonn?", "cache_control": hint}]},
        ],
        cache_control=hint,
    )
    assert gate.one.asked[0]["messages"] == [
        {
            "role": "system",
            "content": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Be brief."}],
        },
        {"role": "user", "content": "Where is Ulm?"},
        {"role": "assistant", "content": "By the Danube."},
        {"role": "system", "content": "Be briefer."},
        {"role": "user", "content": "And Bonn?"},
    ]
    assert "cache_control" not in gate.one.asked[0]
    data: Any = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    url: Any = {"type": "url", "url": "https://example.com/a.png"}
    content: list[Any] = [
        {"type": "image", "source": data},
        {"type": "text", "text": "What is it?"},
        {"type": "image", "source": url},
    ]
    await client.messages.create(model="fast", max_tokens=9, messages=[{"role": "user", "content": content}])
    assert gate.one.asked[1]["messages"][0]["content"] == [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
        {"type": "text", "text": "What is it?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
    ]


async def test_a_stream_comes_as_the_events_of_a_message(gate: Gate) -> None:
    gate.one.script = [
        streams(chunk(role="assistant"), chunk("Good"), chunk(" day."), chunk(end="length"), LAST, DONE)
    ]
    client = await client_of(gate, await gate.open())
    stream = await client.messages.create(**asked("Hi there.", stream=True))
    assert stream.response.headers["content-type"].startswith("text/event-stream")
    assert stream.response.headers["request-id"]
    events = [one async for one in stream]
    assert [one.type for one in events] == [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    async with client.messages.stream(**asked("Hi there.")) as helped:
        pieces = [text async for text in helped.text_stream]
        message = await helped.get_final_message()
    assert pieces == ["Good", " day."]
    used = message.usage
    assert (message.stop_reason, used.input_tokens, used.output_tokens) == ("max_tokens", 20, 10)
    assert gate.one.asked[1]["stream_options"] == {"include_usage": True}
    await settled(gate, 2)
    assert [(call.tokens.output, call.streamed) for call in gate.ledger.calls] == [(10, True)] * 2
    # thoughts, and chunks without choices, are passed by
    bare = event({"id": "", "object": "chat.completion.chunk", "created": 0, "model": "", "choices": []})
    pieces = [bare, chunk(reasoning_content="Hm."), chunk("Yes."), chunk(end="stop"), LAST, DONE]
    gate.one.script = [streams(*pieces), says(completion("Yes.", reasoning_content="Hm."))]
    pieced = await streamed(client, asked("Hi there."))
    for message in (pieced, await client.messages.create(**asked("Hi there."))):
        assert (message.id, message.model) == ("msg_c1", "m")
        assert [(block.type, block.text) for block in message.content] == [("text", "Yes.")]


@pytest.mark.parametrize("stream", [False, True])
async def test_tools_are_offered_called_and_answered(gate: Gate, stream: bool) -> None:
    first = chunk("Let me see.", role="assistant")
    opens = {"index": 0, **CALLED, "function": {"name": "weather", "arguments": ""}}
    bits = [{"index": 0, "function": {"arguments": bit}} for bit in ('{"ci', 'ty": "Ulm"}')]
    second = {"index": 1, **CALLED, "id": "call_2", "function": {"name": "now", "arguments": ""}}
    calls = [chunk(tool_calls=[call]) for call in (opens, *bits, second)]
    now = {**CALLED, "id": "call_2", "function": {"name": "now", "arguments": ""}}
    whole = completion("Let me see.", tool_calls=[CALLED, now])
    whole["choices"][0]["finish_reason"] = "tool_calls"
    pieces = streams(first, *calls, chunk(end="tool_calls"), LAST, DONE)
    gate.one.script = [pieces if stream else says(whole), says(completion("It rains."))]
    client = await client_of(gate, await gate.open())
    messages: list[Any] = [{"role": "user", "content": "How is it in Ulm?"}]
    choice: Any = {"type": "any", "disable_parallel_tool_use": True}
    wanted: dict[str, Any] = {"model": "fast", "max_tokens": 50, "tools": [WEATHER], "tool_choice": choice}
    if stream:
        said = await streamed(client, {"messages": messages, **wanted})
    else:
        said = await client.messages.create(messages=messages, **wanted)
    assert said.stop_reason == "tool_use"
    text, call, other = said.content
    assert text.type == "text"
    assert text.text == "Let me see."
    assert call.type == other.type == "tool_use"
    assert (call.id, call.name, call.input) == ("call_1", "weather", {"city": "Ulm"})
    assert (other.id, other.name, other.input) == ("call_2", "now", {})
    results = [
        {"type": "tool_result", "tool_use_id": "call_1", "content": [{"type": "text", "text": "rain"}]},
        {"type": "tool_result", "tool_use_id": "call_2", "content": "no clock", "is_error": True},
        {"type": "text", "text": "Well?"},
    ]
    messages += [said.to_param(), {"role": "user", "content": results}]
    answer = await client.messages.create(messages=messages, **wanted)
    assert answer.content[0].type == "text"
    offered, last = gate.one.asked
    function = {key: WEATHER[key] for key in ("name", "description")} | {
        "parameters": WEATHER["input_schema"]
    }
    assert offered["tools"] == [{"type": "function", "function": function}]
    assert (offered["tool_choice"], offered["parallel_tool_calls"]) == ("required", False)
    assistant, one, two, user = last["messages"][1:]
    assert assistant["content"] == "Let me see."
    assert [(made["id"], json.loads(made["function"]["arguments"])) for made in assistant["tool_calls"]] == [
        ("call_1", {"city": "Ulm"}),
        ("call_2", {}),
    ]
    assert one == {"role": "tool", "tool_call_id": "call_1", "content": "rain"}
    assert two == {"role": "tool", "tool_call_id": "call_2", "content": "Error: no clock"}
    assert user == {"role": "user", "content": "Well?"}


async def test_openai_is_told_the_limit_by_the_name_that_its_models_know(gate: Gate) -> None:
    one = {"kind": "openai", "url": gate.one.url, "keyless": True}
    client = await client_of(gate, await gate.open(providers={"one": one}, models={"fast": ["one:m"]}))
    await client.messages.create(**asked("Hi there.", metadata={"user_id": "u" * 65}))
    assert gate.one.asked[0]["max_completion_tokens"] == 50
    assert "max_tokens" not in gate.one.asked[0]
    assert len(gate.one.asked[0]["user"]) == 64
    assert gate.one.asked[0]["user"] != "u" * 64


async def test_a_provider_that_speaks_anthropics_format_answers(gate: Gate) -> None:
    await Files(gate.house.folder / "secrets").add("provider/far", b"sk-far-0123456789")
    called = simulated.tools(simulated.Call("weather", {"city": "Ulm"}, "call_1"), said="Let me see.")
    async with simulated.Provider(called) as provider:
        server = await gate.open(
            providers={"far": {"kind": "anthropic", "url": provider.url}},
            models={"fast": ["far:m"]},
            model_prices={"far:m": {"input": "1", "output": "2"}},
        )
        client = await client_of(gate, server)
        choice = {"type": "tool", "name": "weather"}
        wanted = asked("How is it in Ulm?", tools=[WEATHER], tool_choice=choice)
        plain = await client.messages.create(**wanted)
        for message in (plain, await streamed(client, wanted)):
            text, call = message.content
            assert (text.type, call.type, message.stop_reason) == ("text", "tool_use", "tool_use")
            assert (text.text, call.input) == ("Let me see.", {"city": "Ulm"})
        assert provider.last.json["tool_choice"]["type"] in {"any", "tool"}
        assert provider.last.json["max_tokens"] == 50


async def test_a_workflow_answers_as_a_model(gate: Gate) -> None:
    server = await gate.open(execute=True)
    client = await client_of(gate, server)
    wanted = asked('{"text": "hello"}') | {"model": "workflow/echo"}
    raw = await client.messages.with_raw_response.create(**wanted)
    run = (await server.client.get(f"/api/v1/runs/{raw.headers['x-pilothouse-run']}")).json()
    assert run["status"] == "completed"
    (block,) = (await raw.parse()).content
    assert block.type == "text"
    assert "HELLO" in block.text
    (piece,) = (await streamed(client, wanted)).content
    assert piece.type == "text"
    assert piece.text == block.text
