"""How scripts fail, as the official clients see it: each fault in each format."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import product

import openai
import pytest

from support.provider import (
    Provider,
    Reply,
    broken,
    closed,
    cut,
    dripping,
    half_json,
    raw,
    reset,
    stalled,
    status,
    text,
    wrong_types,
)
from support.provider_clients import FORMATS, Clients, clients_of, code_of, header_of

WIRE = pytest.mark.parametrize("wire", FORMATS)
EACH = pytest.mark.parametrize(("wire", "stream"), list(product(FORMATS, (False, True))))


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with Provider() as made:
        yield made


@pytest.fixture
async def clients(provider: Provider) -> AsyncIterator[Clients]:
    async with clients_of(provider.url) as made:
        yield made


ERRORS = [
    *((code, wire, code) for code, wire in product((400, 404, 429, 500, 503), FORMATS)),
    *((401, wire, 401) for wire in FORMATS[:3]),
    (401, "converse", 403),
    *((529, wire, 529) for wire in FORMATS[:3]),
    (529, "converse", 503),
]


@pytest.mark.parametrize(("code", "wire", "seen"), ERRORS)
async def test_errors_have_the_shape_of_their_provider(
    provider: Provider, clients: Clients, code: int, wire: str, seen: int
) -> None:
    provider.play(status(code, "Not now.", retry_after=1 if code == 429 else None))
    heard = await clients.ask(wire)
    assert code_of(heard.error) == seen
    assert "Not now." in str(heard.error)
    assert header_of(heard.error, "retry-after") == ("1" if code == 429 else None)


KINDS = {
    ("chat", 401): "invalid_api_key",
    ("chat", 429): "rate_limit_exceeded",
    ("messages", 529): "overloaded_error",
    ("messages", 429): "rate_limit_error",
    ("converse", 429): "ThrottlingException",
    ("converse", 400): "ValidationException",
}


@pytest.mark.parametrize(("wire", "code"), KINDS)
async def test_errors_say_their_kind(provider: Provider, clients: Clients, wire: str, code: int) -> None:
    provider.play(status(code))
    error = (await clients.ask(wire)).error
    assert KINDS[wire, code] in f"{error} {getattr(error, 'body', '')}"


@EACH
async def test_a_connection_may_end_before_a_reply(
    provider: Provider, clients: Clients, wire: str, stream: bool
) -> None:
    for fault in (closed(), reset()):
        provider.play(fault)
        heard = await clients.ask(wire, stream=stream)
        assert heard.error is not None
        assert code_of(heard.error) is None
        assert "onnection" in f"{type(heard.error).__name__} {heard.error}"


@WIRE
async def test_a_connection_may_be_refused(provider: Provider, clients: Clients, wire: str) -> None:
    provider.play(text("hi"))
    async with provider.refusing():
        assert "onnect" in repr((await clients.ask(wire)).error)
    assert (await clients.ask(wire)).text == "hi"
    assert len(provider.requests) == 1


@WIRE
async def test_a_stream_is_cut_after_some_pieces(provider: Provider, clients: Clients, wire: str) -> None:
    provider.play([cut("a ", "b ", "c ", "d ", after=2), cut("a ", after=5)])
    heard = await clients.ask(wire, stream=True)
    assert heard.pieces == ["a ", "b "]
    assert heard.error is not None
    assert heard.stop is None
    whole = await clients.ask(wire, stream=True)
    assert (whole.pieces, whole.stop, whole.error is None) == (["a "], None, False)


@WIRE
async def test_a_plain_reply_is_cut_in_its_middle(provider: Provider, clients: Clients, wire: str) -> None:
    provider.play(cut())
    heard = await clients.ask(wire)
    assert heard.error is not None
    assert (heard.text, code_of(heard.error)) == ("", None)


async def test_a_stream_may_be_reset(provider: Provider, clients: Clients) -> None:
    provider.play(cut(after=1, fault="reset"))
    heard = await clients.ask("messages", stream=True)
    assert type(heard.error).__name__ in {"ReadError", "APIConnectionError"}
    assert len(heard.pieces) <= 1


@WIRE
async def test_a_stream_fails_by_an_event(provider: Provider, clients: Clients, wire: str) -> None:
    provider.play(broken("a ", "b ", after=1, breaks=529, message="Too many are here."))
    heard = await clients.ask(wire, stream=True)
    assert heard.pieces == ["a "]
    assert "Too many are here." in str(heard.error)


@EACH
@pytest.mark.parametrize("fault", [half_json(), wrong_types()], ids=["half", "types"])
async def test_json_may_be_half_or_of_wrong_types(
    provider: Provider, clients: Clients, wire: str, stream: bool, fault: Reply
) -> None:
    provider.play(fault)
    heard = await clients.ask(wire, stream=stream)
    shown = all(isinstance(piece, str) for piece in heard.pieces) and heard.text == fault.text
    assert heard.error is not None or not shown


@EACH
async def test_a_slow_drip_arrives_whole(
    provider: Provider, clients: Clients, wire: str, stream: bool
) -> None:
    provider.play(dripping("slow ", "but ", "sure", drip=50, between=0.002))
    heard = await clients.ask(wire, stream=stream)
    assert (heard.error, heard.text) == (None, "slow but sure")
    asked = provider.last
    assert asked.answered is not None
    assert asked.answered - asked.came > 0.006


@pytest.mark.parametrize("wire", FORMATS[:3])
async def test_a_client_that_leaves_is_seen(provider: Provider, clients: Clients, wire: str) -> None:
    provider.play(stalled("a ", "b ", after=1))
    asking = asyncio.create_task(clients.ask(wire, stream=True))
    asked = await provider.came()
    assert not asked.gone.is_set()
    asking.cancel()
    await asyncio.wait([asking])
    await asyncio.wait_for(asked.gone.wait(), 5)
    assert asked.left is not None
    assert asked.answered is None


async def test_a_client_that_waits_for_a_plain_reply_is_seen_leaving(
    provider: Provider, clients: Clients
) -> None:
    provider.play(stalled())
    with pytest.raises(openai.APITimeoutError):
        await clients.openai.with_options(timeout=0.05).responses.create(model="m", input="Hello")
    await asyncio.wait_for(provider.last.gone.wait(), 5)


async def test_a_held_stream_goes_on_when_it_is_let(provider: Provider, clients: Clients) -> None:
    go = asyncio.Event()
    provider.play(stalled("a ", "b", after=1, until=go))
    asking = asyncio.create_task(clients.ask("messages", stream=True))
    await provider.came()
    go.set()
    assert (await asking).text == "a b"


async def test_a_proxy_before_the_provider_may_answer_in_html(provider: Provider, clients: Clients) -> None:
    provider.play(raw(b"<html>Bad gateway</html>", status=502))
    heard = await clients.ask("messages")
    assert code_of(heard.error) == 502
    assert "Bad gateway" in str(heard.error)


async def test_embeddings_fail_by_a_script_of_their_own() -> None:
    async with (
        Provider(text("hi"), embeddings=[status(429)]) as provider,
        clients_of(provider.url) as clients,
    ):
        with pytest.raises(openai.RateLimitError):
            await clients.openai.embeddings.create(model="m", input="x")
        assert (await clients.ask("chat")).text == "hi"


async def test_a_delay_passes_before_the_first_byte(provider: Provider, clients: Clients) -> None:
    provider.play(text("late", before=0.05))
    assert (await clients.ask("chat")).text == "late"
    asked = provider.last
    assert asked.answered is not None
    assert asked.answered - asked.came >= 0.05
