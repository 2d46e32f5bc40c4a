"""What scripts answer, as the official clients understand it: in each format, plain and streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product

import pytest

from support.provider import Call, Provider, Usage, empty, filtered, structured, text, tool, tools
from support.provider_clients import FORMATS, Clients, clients_of, code_of

EACH = pytest.mark.parametrize(("wire", "stream"), list(product(FORMATS, (False, True))))
ENDS = {"chat": "stop", "responses": "completed", "messages": "end_turn", "converse": "end_turn"}
CALLS = {"chat": "tool_calls", "responses": "completed", "messages": "tool_use", "converse": "tool_use"}
FILTERED = {
    "chat": "content_filter",
    "responses": "content_filter",
    "messages": "refusal",
    "converse": "content_filtered",
}


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider() as made:
        yield made


@pytest.fixture
async def clients(provider: Provider) -> AsyncIterator[Clients]:
    async with clients_of(provider.url) as made:
        yield made


@EACH
async def test_words_are_understood(provider: Provider, clients: Clients, wire: str, stream: bool) -> None:
    provider.play([text("Two words, and an é.", usage=Usage(11, 7))])
    heard = await clients.ask(wire, stream=stream)
    assert (heard.error, heard.text, heard.stop) == (None, "Two words, and an é.", ENDS[wire])
    assert heard.tokens == (11, 7)
    assert heard.pieces == (["Two", " words,", " and", " an", " é."] if stream else [])


@EACH
async def test_calls_of_tools_come_whole_after_words(
    provider: Provider, clients: Clients, wire: str, stream: bool
) -> None:
    city = {"city": "Reykjavík, at the harbour"}
    provider.play([tools(Call("weather", city), Call("weather", {}), said="Let me see.")])
    heard = await clients.ask(wire, stream=stream, tools=True)
    assert (heard.error, heard.calls) == (None, [("weather", city), ("weather", {})])
    assert (heard.text, heard.stop) == ("Let me see.", CALLS[wire])


@EACH
async def test_a_filter_stops_a_reply(provider: Provider, clients: Clients, wire: str, stream: bool) -> None:
    provider.play(filtered("I "))
    heard = await clients.ask(wire, stream=stream)
    assert (heard.error, heard.text, heard.stop) == (None, "I ", FILTERED[wire])


@EACH
async def test_usage_can_be_wrong_or_missing(
    provider: Provider, clients: Clients, wire: str, stream: bool
) -> None:
    provider.play([text("hi", usage=Usage(0, 10**9)), text("hi", usage="missing")])
    assert (await clients.ask(wire, stream=stream)).tokens == (0, 10**9)
    bare = await clients.ask(wire, stream=stream)
    assert bare.tokens is None or bare.error is not None


@EACH
async def test_a_reply_may_be_empty(provider: Provider, clients: Clients, wire: str, stream: bool) -> None:
    provider.play(empty())
    heard = await clients.ask(wire, stream=stream)
    assert (heard.text, heard.pieces, heard.calls) == ("", [], [])
    assert (wire, stream) != ("chat", False) or isinstance(heard.error, IndexError)


@pytest.mark.parametrize(("wire", "stream"), list(product(FORMATS[1:], (False, True))))
async def test_thinking_comes_before_the_answer(
    provider: Provider, clients: Clients, wire: str, stream: bool
) -> None:
    provider.play(text("Four.", thinking="Two and two, that is four."))
    heard = await clients.ask(wire, stream=stream)
    assert (heard.error, heard.thinking, heard.text) == (None, "Two and two, that is four.", "Four.")


async def test_the_same_words_are_a_token_for_every_four_characters(
    provider: Provider, clients: Clients
) -> None:
    provider.play(text("x" * 400))
    first, second = [await clients.ask("chat", stream=stream) for stream in (False, True)]
    assert first.tokens is not None
    assert second.tokens is not None
    assert first.tokens[1] == second.tokens[1] == 101
    assert first.tokens[0] == len(provider.requests[0].body) // 4 + 1


async def test_a_value_is_json_text_or_a_call_of_the_output_tool(
    provider: Provider, clients: Clients
) -> None:
    provider.play(structured({"topic": "billing"}))
    schema = {"name": "Triage", "schema": {"type": "object"}}
    asked = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}
    found = await clients.openai.chat.completions.create(
        **asked, response_format={"type": "json_schema", "json_schema": schema}
    )
    assert found.choices[0].message.content == '{"topic": "billing"}'
    called = {"type": "function", "function": {"name": "final_result", "parameters": {"type": "object"}}}
    found = await clients.openai.chat.completions.create(**asked, tools=[called])
    assert found.choices[0].message.tool_calls[0].function.arguments == '{"topic": "billing"}'


async def test_embeddings_of_texts_that_share_words_are_near(provider: Provider, clients: Clients) -> None:
    texts = ["Where is my refund?", "where is my refund", "The moon is far away"]
    small = await clients.openai.embeddings.create(model="text-embedding-3-small", input=texts, dimensions=32)
    plain = await clients.openai.embeddings.create(model="x", input=texts[0], encoding_format="float")
    first, same, other = (one.embedding for one in small.data)

    def near(left: list[float], right: list[float]) -> float:
        return sum(a * b for a, b in zip(left, right, strict=True))

    assert len(first) == 32
    assert near(first, same) == pytest.approx(1, abs=1e-6)
    assert near(first, other) < 0.7
    assert len(plain.data[0].embedding) == 64
    assert small.usage.prompt_tokens > 0


async def test_models_are_listed(provider: Provider, clients: Clients) -> None:
    assert "gpt-4.1" in [model.id async for model in clients.openai.models.list()]


async def test_replies_come_in_turn_and_then_the_last_for_good() -> None:
    async with Provider([tool("weather", city="Oslo")], then=text("done")) as provider:
        async with clients_of(provider.url) as clients:
            heard = [await clients.ask("messages", tools=True) for _ in range(3)]
        assert [one.text for one in heard] == ["", "done", "done"]
        assert [asked.wire for asked in provider.requests] == ["messages"] * 3


async def test_a_request_too_many_is_told_of() -> None:
    async def ask_twice() -> None:
        async with Provider([text("once")]) as provider, clients_of(provider.url) as clients:
            assert (await clients.ask("chat")).text == "once"
            assert code_of((await clients.ask("chat")).error) == 500

    with pytest.raises(AssertionError, match="No reply is left for request 2, POST /v1/chat/completions"):
        await ask_twice()


async def test_a_script_may_be_a_function_of_the_request() -> None:
    script = Provider(lambda asked: text(f"{asked.model}: {asked.prompt}"))
    async with script as provider, clients_of(provider.url) as clients:
        heard = [(await clients.ask(wire, said="Hello there")).text for wire in FORMATS]
    models = ["gpt-4.1", "gpt-4.1", "claude-opus-4-8", "anthropic.claude:0"]
    assert heard == [f"{model}: Hello there" for model in models]


async def test_requests_are_kept_as_they_came(provider: Provider, clients: Clients) -> None:
    provider.play(text("hi"))
    await clients.ask("chat", stream=True)
    asked = provider.last
    assert (asked.number, asked.method, asked.path) == (1, "POST", "/v1/chat/completions")
    assert asked.headers["authorization"] == "Bearer sk-test"
    assert asked.json["stream_options"] == {"include_usage": True}
    assert asked.stream
    assert asked.answered is not None
    assert asked.answered >= asked.came
    assert asked.left is None
