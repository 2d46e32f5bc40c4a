"""Providers that speak Anthropic's or Bedrock's format, asked with OpenAI's own client."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import openai
import pytest

from pilothouse.secrets.providers.files import Files
from protocols.openai.conftest import Gate, asked, said_in, settled
from support.provider import Call, Provider, Usage, cut, filtered, stalled, status, text, tools

KINDS = ("anthropic", "bedrock")
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "The weather of a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
PRICES = {"far:m": {"input": "1", "output": "2"}, "one:m": {"input": "1", "output": "2"}}


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What AWS finds here."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


async def opened(gate: Gate, kind: str, provider: Provider) -> openai.AsyncOpenAI:
    """A client of a gateway before such a provider; behind it in `safe` stands one of OpenAI's format."""
    far: dict[str, Any] = {"kind": kind, "url": provider.url}
    if kind == "bedrock":  # by what AWS finds on the machine: a bearer key wants TLS
        far |= {"region": "eu-central-1", "keyless": True}
    await Files(gate.house.folder / "secrets").add("provider/far", b"sk-far-0123456789")
    server = await gate.open(
        providers={"far": far, "one": {"url": gate.one.url, "keyless": True}},
        models={"fast": ["far:m"], "safe": ["far:m", "one:m"]},
        model_prices=PRICES,
    )
    return await gate.client(server)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_whole_answer_comes_in_openais_shape(gate: Gate, kind: str) -> None:
    reply = text("Good day.", usage=Usage(20, 10, cached=5))
    async with Provider([reply]) as provider:
        client = await opened(gate, kind, provider)
        answer = await client.chat.completions.with_raw_response.create(
            model="fast",
            messages=[
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Write to ada@example.com"},
                {"role": "assistant", "content": "I did."},
                {"role": "user", "content": "Once more."},
            ],
            max_tokens=50,
            temperature=0.5,
            stop=["END"],
        )
        found = answer.parse()
        assert (found.choices[0].message.content, found.choices[0].finish_reason) == ("Good day.", "stop")
        assert answer.headers["x-pilothouse-model"] == "far:m"
        sent = provider.last.json
        written = json.dumps(sent)
        assert "Be kind." in written
        assert "ada@example.com" not in written
        limits = sent if kind == "anthropic" else sent["inferenceConfig"]
        assert limits.get("max_tokens", limits.get("maxTokens")) == 50
        assert limits["temperature"] == 0.5
        assert limits.get("stop_sequences", limits.get("stopSequences")) == ["END"]
        assert ("sk-far" if kind == "anthropic" else "AKIATEST") in str(provider.last.headers)
    (call,) = gate.ledger.calls
    assert (call.provider, call.tokens.output, call.tokens.cache_read) == ("far", 10, 5)
    assert found.usage is not None
    assert found.usage.prompt_tokens_details is not None
    assert found.usage.prompt_tokens == call.tokens.input
    assert found.usage.prompt_tokens_details.cached_tokens == 5


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_comes_in_chunks_and_is_counted(gate: Gate, kind: str) -> None:
    async with Provider([text("Good ", "day.", usage=Usage(20, 10))]) as provider:
        client = await opened(gate, kind, provider)
        wanted = asked("Hi there.", stream=True, stream_options={"include_usage": True})
        pieces = [piece async for piece in await client.chat.completions.create(**wanted)]
        said = [piece.choices[0].delta.content for piece in pieces if piece.choices]
        assert "".join(one or "" for one in said) == "Good day."
        assert len([one for one in said if one]) == 2
        assert pieces[0].choices[0].delta.role == "assistant"
        assert pieces[-2].choices[0].finish_reason == "stop"
        assert pieces[-1].usage is not None
        assert pieces[-1].usage.completion_tokens == 10
    await settled(gate)
    (call,) = gate.ledger.calls
    assert (call.tokens.input, call.tokens.output, call.streamed, call.outcome) == (20, 10, True, "ok")


@pytest.mark.parametrize(("kind", "stream"), [("anthropic", False), ("anthropic", True), ("bedrock", True)])
async def test_tools_are_offered_called_and_answered(gate: Gate, kind: str, stream: bool) -> None:
    called = tools(Call("weather", {"city": "Ulm"}, "call_1"), said="Let me see.")
    async with Provider([called, text("It rains.")]) as provider:
        client = await opened(gate, kind, provider)
        messages: list[Any] = [{"role": "user", "content": "How is it in Ulm?"}]
        wanted = {"model": "fast", "tools": [WEATHER], "tool_choice": "auto"}
        if stream:
            async with client.chat.completions.stream(messages=messages, **wanted) as events:
                first = await events.get_final_completion()
        else:
            first = await client.chat.completions.create(messages=messages, **wanted)
        choice = first.choices[0]
        assert choice.finish_reason == "tool_calls"
        assert choice.message.content == "Let me see."
        (call,) = choice.message.tool_calls or []
        assert (call.id, call.function.name) == ("call_1", "weather")
        assert json.loads(call.function.arguments) == {"city": "Ulm"}
        messages += [
            choice.message.model_dump(include={"role", "content", "tool_calls"}, exclude_none=True),
            {"role": "tool", "tool_call_id": "call_1", "content": "rain"},
        ]
        second = await client.chat.completions.create(messages=messages, **wanted)
        assert second.choices[0].message.content == "It rains."
        sent = json.dumps(provider.last.json)
        assert '"rain"' in sent
        assert "The weather of a city." in sent


async def test_images_are_passed_on_as_data(gate: Gate) -> None:
    async with Provider(text("A dot.")) as provider:
        client = await opened(gate, "anthropic", provider)
        image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        content: list[Any] = [{"type": "text", "text": "What is it?"}, image]
        await client.chat.completions.create(model="fast", messages=[{"role": "user", "content": content}])
        source = provider.last.json["messages"][0]["content"][1]["source"]
        assert (source["media_type"], source["data"]) == ("image/png", PIXEL)


UNTRANSLATED: list[tuple[dict[str, Any], str]] = [
    ({"n": 2}, "n"),
    ({"logprobs": True}, "logprobs"),
    ({"response_format": {"type": "json_object"}}, "response_format"),
    ({"seed": 7}, "seed"),
    ({"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
    ({"tools": [WEATHER], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice"),
    (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "https://x.example/i.png"}}],
                }
            ]
        },
        "messages[0].content[0]",
    ),
]


async def test_what_cannot_be_said_is_refused_by_name_or_said_to_the_next_model(gate: Gate) -> None:
    async with Provider(text("never")) as provider:
        client = await opened(gate, "anthropic", provider)
        for said, param in UNTRANSLATED:
            with pytest.raises(openai.BadRequestError) as caught:
                await client.chat.completions.create(**asked("Hi there.") | said)
            assert (caught.value.code, caught.value.param) == ("not_translated", param)
        answer = await client.chat.completions.create(**asked("Hi there.", seed=7) | {"model": "safe"})
        assert answer.choices[0].message.content == "Good day."
        assert provider.requests == []
        with pytest.raises(openai.APIStatusError) as foreign:
            await client.embeddings.create(model="fast", input="x")
        assert (foreign.value.status_code, foreign.value.code) == (501, "provider_foreign")


@pytest.mark.parametrize("kind", KINDS)
async def test_errors_of_providers_come_in_openais_shape_or_lead_on(gate: Gate, kind: str) -> None:
    async with Provider([status(400, "no such thing"), status(429, retry_after=7), status(500)]) as provider:
        client = await opened(gate, kind, provider)
        with pytest.raises(openai.BadRequestError) as refused:
            await client.chat.completions.create(**asked("Hi there."))
        assert "no such thing" in str(refused.value)
        with pytest.raises(openai.RateLimitError) as busy:
            await client.chat.completions.create(**asked("Hi there."))
        assert busy.value.code == "provider_busy"
        answer = await client.chat.completions.create(**asked("Hi there.") | {"model": "safe"})
        assert answer.choices[0].message.content == "Good day."
    assert gate.purse.holding == 0


async def test_a_filter_and_a_cut_are_told(gate: Gate) -> None:
    async with Provider([filtered(), cut("One ", "two ", "three", after=1)]) as provider:
        client = await opened(gate, "anthropic", provider)
        answer = await client.chat.completions.create(**asked("Hi there."))
        assert answer.choices[0].finish_reason == "content_filter"
        with pytest.raises(openai.APIError) as caught:
            await said_in(await client.chat.completions.create(**asked("Hi there.", stream=True)))
        assert caught.value.code == "stream_cut"


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_cancels_the_call(gate: Gate, stream: bool) -> None:
    async with Provider(stalled("One ", "two ", after=1)) as provider:
        client = await opened(gate, "anthropic", provider)

        async def asks() -> None:
            answer = await client.chat.completions.create(**asked("Hi there.", stream=stream))
            if stream:
                await said_in(answer)

        asking = asyncio.create_task(asks())
        came = await provider.came()
        asking.cancel()
        async with asyncio.timeout(5):
            await came.gone.wait()
    await settled(gate)
    assert gate.ledger.calls[0].outcome == "cancelled"
    assert gate.purse.holding == 0
