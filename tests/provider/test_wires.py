"""The bytes of the formats, which the official clients are not strict about."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import pairwise

import aiohttp
import pytest

from support.provider import Provider, cut, text, tool

PATHS = {
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "converse": "/model/anthropic.claude/converse-stream",
}
BODY = {"model": "m", "stream": True, "messages": [], "input": "Hello"}


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider() as made:
        yield made


async def read(provider: Provider, wire: str, **more: object) -> tuple[str, bytes, bool]:
    """The type of the content, all bytes that came, and whether that was all of them."""
    got = b""
    async with (
        aiohttp.ClientSession() as session,
        session.post(provider.url + PATHS[wire], json=BODY | more) as answer,
    ):
        try:
            async for part in answer.content.iter_any():
                got += part
        except aiohttp.ClientPayloadError:
            return answer.content_type, got, False
    return answer.content_type, got, True


def data_of(got: bytes) -> list[dict[str, object]]:
    lines = [line.removeprefix(b"data: ") for line in got.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line) for line in lines]


async def test_a_stream_of_chat_ends_with_done(provider: Provider) -> None:
    provider.play(text("a ", "b"))
    kind, got, whole = await read(provider, "chat")
    assert (kind, whole) == ("text/event-stream", True)
    assert got.endswith(b'"finish_reason": "stop"}]}\n\ndata: [DONE]\n\n')
    assert "usage" not in data_of(got)[0]
    _, got, _ = await read(provider, "chat", stream_options={"include_usage": True})
    *others, last = data_of(got)
    assert all(one["usage"] is None for one in others)
    assert last["choices"] == []
    assert last["usage"]


@pytest.mark.parametrize("wire", PATHS)
async def test_a_cut_stream_ends_neither_its_format_nor_its_http(provider: Provider, wire: str) -> None:
    provider.play([text("a ", "b ", "c "), cut("a ", "b ", "c ", after=2)])
    _, all_of_it, _ = await read(provider, wire)
    _, got, whole = await read(provider, wire)
    assert not whole
    assert b"b " in got
    assert b"c " not in got
    assert len(got) < len(all_of_it)


async def test_the_events_of_a_response_are_in_order_and_numbered(provider: Provider) -> None:
    provider.play(text("Hi", thinking="Well."))
    _, got, _ = await read(provider, "responses")
    events = data_of(got)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    names = [str(event["type"]).removeprefix("response.") for event in events]
    expected = ["created", "in_progress"]
    expected += ["output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"]
    expected += ["reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"]
    expected += ["output_item.added", "content_part.added", "output_text.delta", "output_text.done"]
    expected += ["content_part.done", "output_item.done", "completed"]
    assert names == expected
    named = [
        line.removeprefix(b"event: ").decode() for line in got.split(b"\n") if line.startswith(b"event: ")
    ]
    assert named == [event["type"] for event in events]


async def test_the_events_of_a_message_are_in_order(provider: Provider) -> None:
    provider.play(tool("weather", city="Oslo"))
    _, got, _ = await read(provider, "messages")
    names = [event["type"] for event in data_of(got)]
    assert names[:3] == ["message_start", "ping", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert {"content_block_delta"} == set(names[3:-3])


async def test_a_stream_of_bedrock_is_framed_with_lengths(provider: Provider) -> None:
    provider.play(text("a ", "b"))
    kind, got, whole = await read(provider, "converse")
    assert (kind, whole) == ("application/vnd.amazon.eventstream", True)
    starts = [0]
    while starts[-1] < len(got):
        starts.append(starts[-1] + int.from_bytes(got[starts[-1] : starts[-1] + 4]))
    frames = [got[start:end] for start, end in pairwise(starts)]
    assert starts[-1] == len(got)
    assert [b"messageStart" in frames[0], b"metadata" in frames[-1]] == [True, True]


async def test_nothing_is_at_other_paths(provider: Provider) -> None:
    async with aiohttp.ClientSession() as session, session.get(provider.url + "/v1/nothing") as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["message"] == "Nothing is at GET /v1/nothing."
