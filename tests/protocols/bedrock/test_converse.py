"""Bedrock's Converse through the gateway, asked with boto3."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import botocore.exceptions

from protocols.bedrock.conftest import Rim, asked, converse, refused, streamed
from protocols.openai.conftest import settled
from support.scripted import DONE, LAST, USAGE, chunk, completion, event, says, streams

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [
    {"toolSpec": {"name": "weather", "description": "The weather.", "inputSchema": {"json": SCHEMA}}},
    {"cachePoint": {"type": "default"}},
]
CALLED = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Ulm"}'}}
SECRET = "sk-proj-" + "a1B2c3D4e5F6g7H8" * 3
BROKEN = {"error": {"message": "down", "type": "server_error", "code": "down"}}


async def test_an_answer_comes_as_bedrock_tells_it_and_is_accounted_for(rim: Rim) -> None:
    kept = {"prompt_tokens_details": {"cached_tokens": 5}}
    rim.gate.one.script = [says(completion("Good day.") | {"usage": USAGE | kept})]
    client = await rim.client(await rim.open())
    terms = {"maxTokens": 50, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]}
    system = [{"text": "Be kind."}, {"cachePoint": {"type": "default"}}]
    answer = await converse(client, asked("Good morning.", system=system, inferenceConfig=terms))
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "Good day."}]}
    assert answer["stopReason"] == "end_turn"
    assert answer["metrics"]["latencyMs"] >= 0
    assert answer["usage"] == {
        "inputTokens": 15,
        "outputTokens": 10,
        "totalTokens": 30,
        "cacheReadInputTokens": 5,
        "cacheWriteInputTokens": 0,
    }
    told = answer["ResponseMetadata"]
    assert told["RequestId"] == told["HTTPHeaders"]["x-request-id"]
    assert told["HTTPHeaders"]["x-pilothouse-model"] == "one:m"
    assert rim.gate.one.asked == [
        {
            "model": "m",
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Good morning."},
            ],
            "max_tokens": 50,
            "temperature": 0.5,
            "top_p": 0.9,
            "stop": ["END"],
        }
    ]
    (call,) = rim.gate.ledger.calls
    assert (call.provider, call.tokens.input, call.outcome, call.streamed) == ("one", 20, "ok", False)
    assert (rim.gate.purse.spent, rim.gate.purse.holding) == (30, 0)


async def test_a_stream_comes_in_frames(rim: Rim) -> None:
    pieces = [chunk(role="assistant"), chunk("Good"), chunk(" day."), chunk(end="length"), LAST, DONE]
    rim.gate.one.script = [streams(*pieces)]
    client = await rim.client(await rim.open())
    events = await streamed(client, asked("Hi there.") | {"modelId": "one:m"})
    assert [next(iter(one)) for one in events] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert [one["contentBlockDelta"]["delta"]["text"] for one in events[1:3]] == ["Good", " day."]
    assert events[-2]["messageStop"]["stopReason"] == "max_tokens"
    assert events[-1]["metadata"]["usage"]["outputTokens"] == 10
    await settled(rim.gate)
    assert [(call.tokens.output, call.streamed) for call in rim.gate.ledger.calls] == [(10, True)]


async def test_tools_are_offered_called_and_answered(rim: Rim) -> None:
    opens = {"index": 0, **CALLED, "function": {"name": "weather", "arguments": ""}}
    bits = [{"index": 0, "function": {"arguments": bit}} for bit in ('{"ci', 'ty": "Ulm"}')]
    pieces = [chunk("Let me see."), *(chunk(tool_calls=[call]) for call in (opens, *bits))]
    rim.gate.one.script = [
        says(completion("Let me see.", tool_calls=[CALLED])),
        streams(*pieces, chunk(end="tool_calls"), LAST, DONE),
        says(completion("It rains.")),
    ]
    client = await rim.client(await rim.open())
    config: dict[str, Any] = {"tools": TOOLS, "toolChoice": {"any": {}}}
    wanted = asked("How is it in Ulm?", toolConfig=config)
    answer = await converse(client, wanted)
    said = answer["output"]["message"]
    call = {"toolUseId": "call_1", "name": "weather", "input": {"city": "Ulm"}}
    assert said["content"] == [{"text": "Let me see."}, {"toolUse": call}]
    assert answer["stopReason"] == "tool_use"
    events = await streamed(client, wanted)
    (start,) = [one["contentBlockStart"] for one in events if "contentBlockStart" in one]
    assert start == {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "call_1", "name": "weather"}}}
    deltas = [one["contentBlockDelta"]["delta"] for one in events if "contentBlockDelta" in one]
    assert json.loads("".join(delta["toolUse"]["input"] for delta in deltas[1:])) == {"city": "Ulm"}
    results = [
        {"toolResult": {"toolUseId": "call_1", "content": [{"text": "rain"}, {"json": {"mm": 4}}]}},
        {"toolResult": {"toolUseId": "call_2", "content": [{"text": "no clock"}], "status": "error"}},
        {"text": "Well?"},
    ]
    messages = [*wanted["messages"], said, {"role": "user", "content": results}]
    config["toolChoice"] = {"tool": {"name": "weather"}}
    await converse(client, {"modelId": "fast", "messages": messages, "toolConfig": config})
    first, last = rim.gate.one.asked[0], rim.gate.one.asked[-1]
    function = {"name": "weather", "description": "The weather.", "parameters": SCHEMA}
    assert first["tools"] == [{"type": "function", "function": function}]
    assert first["tool_choice"] == "required"
    assert last["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    assistant, one, two, user = last["messages"][1:]
    assert json.loads(assistant["tool_calls"][0]["function"]["arguments"]) == {"city": "Ulm"}
    assert one == {"role": "tool", "tool_call_id": "call_1", "content": 'rain\n{"mm":4}'}
    assert two == {"role": "tool", "tool_call_id": "call_2", "content": "Error: no clock"}
    assert user == {"role": "user", "content": "Well?"}


async def test_images_are_shown_and_names_with_slashes_are_found(rim: Rim) -> None:
    prices = {"one:meta/m": {"input": "1", "output": "2"}}
    client = await rim.client(await rim.open(model_prices=prices))
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    messages = [{"role": "user", "content": [image]}]
    await converse(client, {"modelId": "one:meta~m", "messages": messages})
    (sent,) = rim.gate.one.asked
    assert sent["model"] == "meta/m"
    url = "data:image/png;base64,iVBORw=="
    assert sent["messages"][0]["content"] == [{"type": "image_url", "image_url": {"url": url}}]


async def test_personal_data_is_masked_and_kept_answers_restore_it(rim: Rim) -> None:
    async def repeats(request: Any, body: dict[str, Any]) -> Any:
        mail = body["messages"][-1]["content"].split()[-1]
        call = {**CALLED, "function": {"name": "send", "arguments": '{"to": "' + mail + '"}'}}
        return await says(completion(f"I wrote to {mail} now.", tool_calls=[call]))(request, body)

    rim.gate.one.script = [repeats]
    client = await rim.client(await rim.open())
    wanted = asked("Write to ada@example.com", inferenceConfig={"temperature": 0})
    answers = [await converse(client, wanted) for _ in range(2)]
    hows = [answer["ResponseMetadata"]["HTTPHeaders"]["x-pilothouse-cache"] for answer in answers]
    assert hows == ["miss", "hit"]
    for answer in answers:
        text, call = answer["output"]["message"]["content"]
        assert text["text"] == "I wrote to ada@example.com now."
        assert call["toolUse"]["input"] == {"to": "ada@example.com"}
    deltas = [
        one["contentBlockDelta"]["delta"]
        for one in await streamed(client, wanted)
        if "contentBlockDelta" in one
    ]
    assert deltas[0]["text"] == "I wrote to ada@example.com now."
    assert json.loads(deltas[1]["toolUse"]["input"]) == {"to": "ada@example.com"}
    assert len(rim.gate.one.asked) == 1
    assert "ada@" not in str(rim.gate.one.asked)


async def test_errors_are_told_by_the_names_that_aws_has(rim: Rim, tmp_path: Any) -> None:
    table = tmp_path / "guards.toml"
    table.write_text("[model_prompt]\nsecrets = 'block'\n")
    server = await rim.open(guards=table)
    viewer = await rim.client(server, "viewer")
    limited = await rim.client(server, models=["safe"])
    client = await rim.client(server)
    wrong = rim.client_with(server, "ph_live_nothing")
    schema: dict[str, Any] = {"guardrailIdentifier": "g", "guardrailVersion": "1"}
    cases = [
        (wrong, asked("x"), 401, "UnrecognizedClientException", "invalid_api_key"),
        (viewer, asked("x"), 403, "AccessDeniedException", "forbidden"),
        (limited, asked("x"), 403, "AccessDeniedException", "model_not_allowed"),
        (client, asked("x") | {"modelId": "none"}, 404, "ResourceNotFoundException", "model_not_found"),
        (client, asked(f"The key is {SECRET}"), 400, "ValidationException", "blocked_by_guard"),
        (client, asked("x", guardrailConfig=schema), 400, "ValidationException", "not_translated"),
    ]
    for asks, wanted, status, name, code in cases:
        error = await refused(converse(asks, wanted))
        told = error.response["ResponseMetadata"]
        assert (told["HTTPStatusCode"], error.response["Error"]["Code"]) == (status, name)
        assert told["HTTPHeaders"]["x-pilothouse-error"] == code
        assert told["RequestId"] == told["HTTPHeaders"]["x-request-id"]
        assert error.response["Error"]["Message"]
    assert rim.gate.one.asked == []
    rim.gate.purse.limit = 10
    spent = await refused(converse(client, asked("Hi there.")))
    assert spent.response["Error"]["Code"] == "ServiceQuotaExceededException"


async def test_another_model_answers_where_the_first_fails(rim: Rim) -> None:
    rim.gate.one.script = [says(BROKEN, 500)]
    good = streams(chunk("Good day.", end="stop"), LAST, DONE)
    bad = {"error": {"message": "no such thing", "code": "odd"}}
    rim.gate.two.script = [says(completion("Good day.")), good, says(bad, 400), says(BROKEN, 503)]
    client = await rim.client(await rim.open())
    wanted = asked("Hi there.") | {"modelId": "safe"}
    answer = await converse(client, wanted)
    assert answer["output"]["message"]["content"] == [{"text": "Good day."}]
    events = await streamed(client, wanted)
    assert events[1]["contentBlockDelta"]["delta"]["text"] == "Good day."
    error = await refused(converse(client, wanted))
    assert error.response["Error"] == {"Message": "no such thing", "Code": "ValidationException"}
    down = await refused(converse(client, wanted))
    assert down.response["Error"]["Code"] == "ModelErrorException"
    assert rim.gate.purse.holding == 0


async def test_a_stream_that_fails_ends_with_an_exception(rim: Rim) -> None:
    client = await rim.client(await rim.open())
    cut = (streams(chunk("Good"), chunk(" day")), "modelStreamErrorException", "stream_cut")
    within = (streams(chunk("Good"), event(BROKEN), DONE), "internalServerException", "down")
    blocked = [{"index": at, **CALLED} for at in (0, 1, 0)]
    mixed = streams(*(chunk(tool_calls=[call]) for call in blocked), DONE)
    turns = (mixed, "modelStreamErrorException", "answer_not_translated")
    for number, (reply, name, outcome) in enumerate((cut, within, turns), 1):
        rim.gate.one.script = [reply]
        error = await refused(streamed(client, asked("Hi there.")))
        assert isinstance(error, botocore.exceptions.EventStreamError)
        assert error.response["Error"]["Code"] == name
        await settled(rim.gate, number)
        assert rim.gate.ledger.calls[-1].outcome == outcome
    assert rim.gate.purse.holding == 0


async def test_a_client_that_goes_away_cancels_the_call(rim: Rim) -> None:
    rim.gate.one.script = [streams(chunk("Good day"), chunk(" to"), chunk("never"), gate=asyncio.Event())]
    client = await rim.client(await rim.open())

    def leaves() -> None:
        stream = client.converse_stream(**asked("Hi there."))["stream"]
        next(iter(stream))
        stream.close()

    await asyncio.to_thread(leaves)
    async with asyncio.timeout(3):
        await rim.gate.one.gone.wait()
    await settled(rim.gate)
    assert rim.gate.ledger.calls[0].outcome == "cancelled"
    assert rim.gate.purse.holding == 0
