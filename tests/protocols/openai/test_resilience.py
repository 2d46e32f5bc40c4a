"""What stands between the gateway and providers: breakers, retries, bulkheads, rates."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest

from pilothouse.resilience import Registry, State, Terms
from pilothouse.resilience.opening import in_step
from protocols.openai.conftest import Gate, asked, said_in, settled
from support.clocks import ManualClock
from support.provider import Provider, cut, stalled, status, text

PRICES = {name: {"input": "1", "output": "2"} for name in ("one:m", "two:m-large")}
ONCE = {"retry": {"first": 0.001, "longest": 0.001}}


def registry(**said: Any) -> Registry:
    """Dependencies on a clock of the test's own, whose retries wait for a moment."""
    return Registry({"model/*": Terms.model_validate(ONCE | said)}, clock=ManualClock())


async def opened(gate: Gate, around: Registry, *providers: Provider, **terms: Any) -> openai.AsyncOpenAI:
    """A client of a gateway whose providers are those."""
    names = ("one", "two")
    said = {
        name: {"url": f"{provider.url}/v1", "keyless": True, **terms}
        for name, provider in zip(names, providers, strict=False)
    }
    models = {"fast": ["one:m"], "safe": ["one:m", "two:m-large"][: len(providers)]}
    return await gate.client(
        await gate.open(around=around, providers=said, models=models, model_prices=PRICES)
    )


async def test_one_route_is_asked_again_before_its_first_byte(gate: Gate) -> None:
    async with Provider([status(503), text("Good day."), status(503), text("Good", " day.")]) as provider:
        client = await opened(gate, registry(), provider)
        answer = await client.chat.completions.create(**asked("Hi there."))
        assert answer.choices[0].message.content == "Good day."
        stream = await client.chat.completions.create(**asked("Hi there.", stream=True))
        assert await said_in(stream) == "Good day."
        assert len(provider.requests) == 4
        assert gate.purse.holding == 0


async def test_what_was_shown_is_never_begun_again_and_counts_as_a_failure(gate: Gate) -> None:
    around = registry()
    async with Provider([cut("One ", "two ", "three", after=1)]) as provider:
        client = await opened(gate, around, provider)
        with pytest.raises(openai.APIError) as caught:
            await said_in(await client.chat.completions.create(**asked("Hi there.", stream=True)))
        assert caught.value.code == "stream_cut"
        assert len(provider.requests) == 1
    known = around.find("model/one:m")
    assert known is not None
    assert known.breaker.snapshot().counts.failed == 1


async def test_another_model_is_asked_at_once_where_one_stands_behind(gate: Gate) -> None:
    async with Provider(status(503)) as bad, Provider(text("Good day.")) as good:
        client = await opened(gate, registry(), bad, good)
        answer = await client.chat.completions.with_raw_response.create(**asked("Hi.") | {"model": "safe"})
        assert answer.headers["x-pilothouse-model"] == "two:m-large"
        assert (len(bad.requests), len(good.requests)) == (1, 1)


async def test_an_outage_opens_the_breaker_and_only_probes_reach_the_provider(gate: Gate) -> None:
    around = registry(retry=None)
    async with Provider(status(503)) as provider:
        client = await opened(gate, around, provider)
        for _ in range(5):
            with pytest.raises(openai.InternalServerError):
                await client.chat.completions.create(**asked("Hi there."))
        for _ in range(10):
            with pytest.raises(openai.InternalServerError) as caught:
                await client.chat.completions.create(**asked("Hi there."))
        assert (caught.value.status_code, caught.value.code) == (503, "breaker_open")
        assert 55 <= int(caught.value.response.headers["retry-after"]) <= 60
        assert len(provider.requests) == 5
        around.clock.advance(61)  # type: ignore[attr-defined]  # a clock of the test's own
        provider.play(text("Good day."))
        for _ in range(2):
            await client.chat.completions.create(**asked("Hi there."))
        known = around.find("model/one:m")
        assert known is not None
        assert (known.breaker.state, len(provider.requests)) == (State.CLOSED, 7)


async def test_a_breaker_that_is_opened_by_hand_leads_to_the_next_model(gate: Gate) -> None:
    around, house = registry(), gate.house
    async with (
        Provider(text("One.")) as one,
        Provider(text("Two.")) as two,
        in_step(around, house._vault.database, house._engine.listener) as board,
    ):
        said = {
            "providers": {
                "one": {"url": f"{one.url}/v1", "keyless": True},
                "two": {"url": f"{two.url}/v1", "keyless": True},
            },
            "model_prices": PRICES,
        }
        server = await gate.open(
            around=around, models={"fast": ["one:m"], "safe": ["one:m", "two:m-large"]}, **said
        )
        client = await gate.client(server)
        wanted = {"mode": "forced_open", "reason": "INC-7"}
        made = await server.client.put("/api/v1/breakers/model~one:m/override", json=wanted)
        assert made.status_code == 200, made.text
        await board.look()
        answer = await client.chat.completions.create(**asked("Hi there.") | {"model": "safe"})
        assert answer.choices[0].message.content == "Two."
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(**asked("Hi there."))
        assert (caught.value.code, caught.value.response.headers["retry-after"]) == ("breaker_open", "2")
        assert one.requests == []


async def test_rates_and_a_full_bulkhead_are_told_when_to_come_again(gate: Gate) -> None:
    around = Registry({"model/*": Terms.model_validate({"rates": {"calls": 0.001, "patience": 0}})})
    async with Provider(text("Good day.")) as provider:
        client = await opened(gate, around, provider)
        await client.chat.completions.create(**asked("Hi there."))
        with pytest.raises(openai.RateLimitError) as caught:
            await client.chat.completions.create(**asked("Hi there."))
        assert caught.value.code == "provider_busy"
        assert int(caught.value.response.headers["retry-after"]) > 100
    full = registry(bulkhead={"at_once": 1, "queue": 0})
    async with Provider([stalled()], then=text("Two.")) as provider:
        client = await opened(gate, full, provider)
        first = asyncio.create_task(client.chat.completions.create(**asked("Hi there.")))
        await provider.came()
        with pytest.raises(openai.InternalServerError) as refused:
            await client.chat.completions.create(**asked("Hi there."))
        assert (refused.value.status_code, refused.value.code) == (503, "bulkhead_full")
        first.cancel()
        async with asyncio.timeout(3):
            await provider.last.gone.wait()
    await settled(gate, 4)
    known = full.find("model/one:m")
    assert known is not None
    assert known.breaker.snapshot().counts.failed == 0
    assert gate.purse.holding == 0
