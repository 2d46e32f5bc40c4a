"""Calls to models behind breakers, retries, bulkheads and deadlines, towards the simulated provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from llm.asking import Desk, compatible, desk
from llm.test_ladder import asking
from llm.test_streams import Heard, watched
from pilothouse.kit.clock import elapsed
from pilothouse.llm.guarded import GuardedCalls, terms_of
from pilothouse.model_settings import LadderTerms, ProviderKind, ProviderTerms, RungTerms
from pilothouse.resilience import RateExceeded, Registry, RetryTerms, State, Terms
from pilothouse.resilience.registry import Override
from support.clocks import ManualClock
from support.provider import Provider, Script, cut, stalled, status, structured, text

GOOD = structured({"topic": "billing", "confidence": 0.9})
BY_ONE = ["billing", "model:one:m", []]
BY_TWO = ["billing", "fallback:two:m", ["model:one:m"]]
QUICK = {"model/*": Terms(deadline=None, bulkhead=None, retry=RetryTerms(first=0.001, longest=0.01))}


class Guarded:
    """Two providers, the second of which always answers, behind what guards their calls."""

    def __init__(self, one: Provider, two: Provider, process: Desk, registry: Registry) -> None:
        self.one, self.two, self.process, self.registry = one, two, process, registry

    async def ask(self) -> Any:
        return await self.process.run(asking(), "I paid twice").finish()


@asynccontextmanager
async def guarded(
    script: Script | Any, *, deadline: float = 30.0, terms: ProviderTerms | None = None
) -> AsyncIterator[Guarded]:
    registry = Registry(QUICK)
    ladder = {"*": LadderTerms(rungs=(RungTerms(rung="model", deadline=deadline), RungTerms(rung="expert")))}
    async with Provider(script) as one, Provider(GOOD) as two:
        base = compatible(f"{one.url}/v1")
        first = base if terms is None else terms.model_copy(update={"url": base.url})
        providers = {"one": first, "two": compatible(f"{two.url}/v1")}
        calls = GuardedCalls(registry)
        async with desk(providers, ("one:m", "two:m"), ladder, calls=calls) as process:
            yield Guarded(one, two, process, registry)


async def test_a_provider_that_is_busy_is_asked_again_when_it_says_so() -> None:
    async with guarded([status(429, retry_after=1), GOOD]) as made:
        begun = elapsed()
        assert await made.ask() == BY_ONE
        assert elapsed() - begun >= 1
        assert (len(made.one.requests), len(made.two.requests)) == (2, 0)


async def test_a_provider_that_is_busy_for_longer_than_there_is_time_is_left() -> None:
    async with guarded([status(429, retry_after=20)], deadline=5.0) as made:
        begun = elapsed()
        assert await made.ask() == BY_TWO
        assert elapsed() - begun < 4
        assert len(made.one.requests) == 1


async def test_an_outage_opens_the_breaker_and_then_the_fallback_answers_at_once() -> None:
    async with guarded(lambda _: status(503)) as made:
        answers = [await made.ask() for _ in range(4)]
        assert answers == [BY_TWO] * 4
        assert len(made.one.requests) == 5  # three attempts, then two, and nothing more
        breaker = made.registry.dependency("model/one:m").breaker
        assert breaker.state is State.OPEN
        assert made.process.told[-2:] == [
            ("triage", "model:one:m", "breaker_open"),
            ("triage", "fallback:two:m", ""),
        ]
        breaker.reset()
        made.one.play(lambda _: GOOD)
        assert await made.ask() == BY_ONE


@pytest.mark.parametrize("name", ["model/one:m", "provider/one"])
async def test_a_breaker_that_is_set_open_by_hand_leads_to_the_fallback(name: str) -> None:
    async with guarded(lambda _: GOOD) as made:
        made.registry.override({name: Override(State.FORCED_OPEN, "maintenance")})
        assert await made.ask() == BY_TWO
        made.registry.override({})
        assert await made.ask() == BY_ONE


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422])
async def test_what_a_provider_refuses_is_neither_tried_again_nor_held_against_it(code: int) -> None:
    async with guarded(lambda _: status(code)) as made:
        for _ in range(6):
            assert (await made.ask())[2][0] == "model:one:m"
        assert len(made.one.requests) == 6
        seen = made.registry.dependency("model/one:m").breaker.snapshot()
        assert (seen.state, seen.counts.failed) == (State.CLOSED, 0)


async def test_what_takes_too_long_counts_as_a_failure() -> None:
    async with guarded(lambda _: stalled(), deadline=0.3) as made:
        assert await made.ask() == BY_TWO
        assert made.process.told[0] == ("triage", "model:one:m", "deadline_exceeded")
        assert made.registry.dependency("model/one:m").breaker.snapshot().counts.failed == 1


async def test_what_was_asked_is_spent_though_the_answer_came_too_late() -> None:
    async with guarded(lambda _: stalled(), deadline=0.3) as made:
        run = made.process.run(asking(), "I paid twice")
        assert await run.finish() == BY_TWO
        rows = [one.parameters for one in run.statements if "latency_class" in one.parameters]
    late, good = sorted(rows, key=lambda row: str(row["provider"]))
    assert (late["outcome"], good["outcome"]) == ("deadline_exceeded", "ok")
    assert late["input_tokens"] > 0
    assert late["output_tokens"] == 0
    assert late["cost"] > 0


async def test_all_models_of_a_provider_share_its_places() -> None:
    terms = ProviderTerms(kind=ProviderKind.COMPATIBLE, url="http://x", concurrency=1)
    async with guarded(lambda _: GOOD, deadline=0.2, terms=terms) as made:
        calls = GuardedCalls(made.registry)
        (other,) = made.process.catalogue.routes("", "one:other")
        holding, held = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            held.set()
            await holding.wait()

        task = asyncio.create_task(calls.call(other, 1, slow))
        await held.wait()
        assert await made.ask() == BY_TWO
        assert made.process.told[0] == ("triage", "model:one:m", "bulkhead_full")
        holding.set()
        await task
        assert await made.ask() == BY_ONE
        assert made.registry.dependency("model/one:m").breaker.snapshot().counts.failed == 0


async def test_all_models_of_a_provider_share_its_rates() -> None:
    terms = ProviderTerms(
        kind=ProviderKind.COMPATIBLE, url="http://x", requests_per_second=1, tokens_per_minute=600
    )
    async with desk({"one": terms}) as process:
        calls = GuardedCalls(Registry(clock=ManualClock()))
        first, other = (process.catalogue.routes("", name)[0] for name in ("one:m", "one:other"))

        async def done() -> str:
            return "done"

        assert await calls.call(first, 600, done) == "done"
        with pytest.raises(RateExceeded):
            await calls.call(other, 600, done, deadline=2)


def test_terms_of_a_provider_are_those_of_its_settings() -> None:
    plain = terms_of(compatible("http://x/v1"))
    assert plain.rates is None
    assert plain.bulkhead is not None
    assert plain.bulkhead.at_once == 256
    slow = terms_of(ProviderTerms(kind=ProviderKind.OPENAI, requests_per_second=2.5)).rates
    assert slow is not None
    assert (slow.calls, slow.burst, slow.weight) == (2.5, 3, None)


async def test_a_stream_that_was_shown_and_breaks_off_is_not_asked_for_again() -> None:
    async with guarded(lambda _: cut("Shown ", "before ", "it ", "broke.", after=3)) as made:
        made.two.play(lambda _: text("The fallback says so."))
        heard = Heard()
        assert await watched(made.process, heard).finish() == ["The fallback says so.", "fallback:two:m"]
        assert heard.said[0].text
        assert len(made.one.requests) == 1
