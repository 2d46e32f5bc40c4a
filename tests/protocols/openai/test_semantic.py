"""Answers that are found by questions which say nearly the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import openai
import pytest

from pilothouse.kit.scope import Scope
from pilothouse.protocols.openai.repository import NeighbourRepository
from protocols.openai.conftest import Gate, asked, said_in
from support.entrance import Server, held_now
from support.provider import Provider, status, text

QUESTION = "Which invoices of the customer are still open today"
NEARLY = "Which invoices of the customer are still open"
OTHER = "Please write a poem about ships"
PRICES = {
    "one:m": {"input": "1", "output": "2"},
    "one:e": {"input": "1", "output": "0"},
}


async def opened(gate: Gate, provider: Provider, **said: Any) -> tuple[Server, openai.AsyncOpenAI]:
    """A gateway that looks among neighbours, and a client of it."""
    server = await gate.open(
        providers={"one": {"url": f"{provider.url}/v1", "keyless": True}},
        models={"fast": ["one:m"]},
        model_prices=PRICES,
        gateway={"semantic": {"model": "one:e", "threshold": 0.9}} | said,
    )
    return server, await gate.client(server)


async def how(client: openai.AsyncOpenAI, said: str, **more: Any) -> tuple[str | None, str | None]:
    """What was answered, and how it was found."""
    wanted = asked(said, temperature=0) | more
    raw = await client.chat.completions.with_raw_response.create(**wanted)
    return raw.parse().choices[0].message.content, raw.headers.get("x-pilothouse-cache")


async def test_a_question_that_says_nearly_the_same_is_answered_from_the_cache(gate: Gate) -> None:
    async with Provider([text("Three."), text("A poem."), text("Four.")]) as provider:
        server, client = await opened(gate, provider)
        assert await how(client, QUESTION) == ("Three.", "miss")
        assert await how(client, QUESTION) == ("Three.", "hit")
        assert await how(client, NEARLY) == ("Three.", "semantic")
        wanted = asked(NEARLY, temperature=0, stream=True)
        assert await said_in(await client.chat.completions.create(**wanted)) == "Three."
        assert await how(client, OTHER) == ("A poem.", "miss")
        calls = gate.ledger.calls
        assert [call.model for call in calls if call.cached] == ["m", "m", "m"]
        assert len([call for call in calls if call.model == "e" and call.tokens.input]) == 4
        assert gate.purse.holding == 0
        kept = (await server.client.get("/api/v1/model-cache")).json()
        assert (kept["answers"], kept["hits"], kept["misses"], kept["hit_rate"]) == (2, 3, 2, 0.6)
        assert (await server.client.delete("/api/v1/model-cache")).json() == {"answers": 2}
        assert await how(client, NEARLY) == ("Four.", "miss")


async def test_everything_but_the_question_is_compared_word_by_word(gate: Gate) -> None:
    async with Provider(text("Three.")) as provider:
        _, client = await opened(gate, provider)
        assert await how(client, QUESTION) == ("Three.", "miss")
        system = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": NEARLY}]
        assert await how(client, NEARLY, messages=system) == ("Three.", "miss")
        assert await how(client, NEARLY, max_tokens=7) == ("Three.", "miss")
        assert await how(client, NEARLY, extra_headers={"cache-control": "no-cache"}) == ("Three.", "miss")


async def test_masked_texts_and_results_of_tools_have_no_neighbours(gate: Gate) -> None:
    async with Provider(text("Three.")) as provider:
        _, client = await opened(gate, provider)
        called = {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        results: list[Any] = [
            {"role": "user", "content": "Go."},
            {"role": "assistant", "content": None, "tool_calls": [called]},
            {"role": "tool", "tool_call_id": "t1", "content": "7"},
            {"role": "user", "content": NEARLY},
        ]
        for more in ({"messages": results}, {"messages": asked(f"{QUESTION} ada@example.com")["messages"]}):
            assert await how(client, "", **more) == ("Three.", "miss")
        assert {call.model for call in gate.ledger.calls} == {"m"}


async def test_a_tenant_never_sees_what_another_was_told(gate: Gate) -> None:
    async with Provider(text("Three.")) as provider:
        server, client = await opened(gate, provider)
        assert await how(client, QUESTION) == ("Three.", "miss")
        database, now = gate.house._vault.database, held_now().now()
        part, embedding = b"p" * 32, [1.0, 0.0]
        mine, theirs = Scope("default", "key:1"), Scope("acme", "key:2")
        async with database.session(mine) as session:
            kept = NeighbourRepository(session, mine)
            await kept.keep(_id(), part, b"k" * 32, embedding, now, now.replace(year=now.year + 1))
        for scope, found in ((mine, b"k" * 32), (replace(theirs), None)):
            async with database.session(scope) as session:
                near = NeighbourRepository(session, scope)
                by_vectors = await near.nearest(part, embedding, now, now)
                compared = await near.nearest_of_recent(part, embedding, now, now, 10)
                assert [None if one is None else one.key for one in (by_vectors, compared)] == [found] * 2
        del server


async def test_both_ways_of_comparing_find_the_same(gate: Gate) -> None:
    database, now, scope = gate.house._vault.database, held_now().now(), Scope("default", "key:1")
    later, part = now.replace(year=now.year + 1), b"q" * 32
    async with database.session(scope) as session:
        kept = NeighbourRepository(session, scope)
        assert await kept.has_vectors()
        for number, lies in enumerate(([1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0, 1.0])):
            await kept.keep(_id(), part, bytes([number]) * 32, lies, now, later)
        for wanted in ([0.9, 0.1, 0.0], [0.5, 0.9, 0.1]):
            one = await kept.nearest(part, wanted, now, now)
            other = await kept.nearest_of_recent(part, wanted, now, now, 10)
            assert one is not None
            assert other is not None
            assert one.key == other.key
            assert one.nearness == pytest.approx(other.nearness, abs=1e-5)


async def test_embeddings_that_fail_leave_requests_alone(gate: Gate) -> None:
    async with Provider(text("Three."), embeddings=status(503)) as provider:
        _, client = await opened(gate, provider)
        assert await how(client, QUESTION) == ("Three.", "miss")
        assert await how(client, QUESTION) == ("Three.", "hit")
        assert await how(client, NEARLY) == ("Three.", "miss")
        assert gate.purse.holding == 0


def _id() -> Any:
    from uuid import uuid4

    return uuid4()
