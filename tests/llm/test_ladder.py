"""Agents with models: who answers, who is asked once only, and what is left when nobody answers."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any, Literal

import orjson
import pytest
from pydantic import BaseModel, Field

from llm.asking import KEY, Desk, compatible, desk
from llm.speaking import Say, answer, speaking
from pilothouse import Context, agent, workflow
from pilothouse.model_settings import LadderTerms, ProviderKind, ProviderTerms, RungTerms
from pilothouse.runtime.entries import Kind


class Verdict(BaseModel):
    topic: Literal["billing", "delivery"]
    confidence: float = Field(default=0.9, ge=0, le=1)


@agent(prompt="triage")
async def triage(ctx: Context, text: str) -> Verdict:
    """Sort a message by its topic."""
    return Verdict(topic="delivery", confidence=0.5)


def asking(one: Any = triage) -> Any:
    @workflow("w")
    async def flow(ctx: Context, text: str) -> list[Any]:
        found = await ctx.answer_of(one, text)
        value = found.value
        return [getattr(value, "topic", value), found.produced_by, [name for name, _ in found.failed]]

    return flow


async def test_a_model_answers_and_a_replay_asks_nobody() -> None:
    async with speaking([answer(topic="billing")]) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(asking(), "I paid twice")
        assert await run.finish() == ["billing", "model:one:m", []]
        assert await run.replay() == ["billing", "model:one:m", []]
        assert len(one.asked) == 1
        assert one.keys == [f"Bearer {KEY}"]
        card = run.payloads(Kind.EMITTED)[0]["card"]
        assert (card["agent"], card["produced_by"], card["confidence"]) == ("triage", "model:one:m", 0.9)
        assert process.told == [("triage", "model:one:m", "")]
    asked = orjson.dumps(one.asked[0]["messages"]).decode()
    assert "Sort a message" in asked
    assert "I paid twice" in asked


async def test_what_a_request_takes_is_reserved_before_and_settled_after() -> None:
    async with speaking([answer(topic="billing")]) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(asking(), "I paid twice")
        await run.finish()
        reply = run.payloads(Kind.OUTCOME)[0]["result"]
        assert Decimal(reply["cost"]) == Decimal(
            "0.0002"
        )  # 100 tokens in at 1 and 10 out at 10 dollars a million
        assert any(KEY not in str(entry) for entry in run.entries)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Say(status=500), "provider_failed"),
        (Say(status=529), "provider_failed"),
        (Say(status=429, headers={"retry-after": "7"}), "provider_busy"),
        (Say(status=401), "provider_closed"),
        (Say(status=404), "provider_closed"),
        (Say(text="not JSON"), "answer_invalid"),
        (Say(stands=True), "step_timed_out"),
    ],
)
async def test_what_another_model_helps_against_makes_it_asked(fault: Say, code: str) -> None:
    terms = {"*": LadderTerms(rungs=(RungTerms(rung="model", deadline=0.3), RungTerms(rung="expert")))}
    async with speaking([fault]) as one, speaking([answer(topic="billing")]) as two:
        providers = {"one": compatible(one.url), "two": compatible(two.url)}
        async with desk(providers, ("one:m", "two:m"), terms) as process:
            run = process.run(asking(), "I paid twice")
            expected = ["billing", "fallback:two:m", ["model:one:m"]]
            assert await run.finish() == expected
            before = (len(one.asked), len(two.asked))
            assert await run.replay() == expected
            assert (len(one.asked), len(two.asked)) == before
            assert process.told == [("triage", "model:one:m", code), ("triage", "fallback:two:m", "")]
            assert KEY not in "".join(map(str, run.entries))
            card = run.payloads(Kind.EMITTED)[-1]["card"]
            assert card["failed"][0][0] == "model:one:m"


async def test_a_request_that_is_wrong_in_itself_goes_to_the_expert_and_to_no_other_model() -> None:
    async with speaking([Say(status=400)]) as one, speaking([answer(topic="billing")]) as two:
        providers = {"one": compatible(one.url), "two": compatible(two.url)}
        async with desk(providers, ("one:m", "two:m")) as process:
            run = process.run(asking(), "I paid twice")
            expected = ["delivery", "expert", ["model:one:m"]]
            assert await run.finish() == expected
            assert await run.replay() == expected
            assert (len(one.asked), len(two.asked)) == (1, 0)


async def test_a_connection_that_nobody_takes_is_a_failure_like_any_other() -> None:
    async with desk({"one": compatible("http://127.0.0.1:9/v1")}) as process:
        run = process.run(asking(), "I paid twice")
        assert await run.finish() == ["delivery", "expert", ["model:one:m"]]


async def test_without_a_key_experts_answer_and_nothing_is_journalled_besides() -> None:
    async with desk({"one": compatible("http://127.0.0.1:9/v1")}) as process:
        process.keys.keys.clear()
        run = process.run(asking(), "I paid twice")
        assert await run.finish() == ["delivery", "expert", []]
        assert run.kinds(Kind.NOTED, Kind.DISPATCH) == []


async def test_a_key_that_comes_and_one_that_is_rotated_need_no_restart() -> None:
    async with speaking([answer(topic="billing")]) as one, desk({"one": compatible(one.url)}) as process:
        process.keys.keys.clear()
        await process.run(asking(), "this").finish()
        process.keys.keys["one"] = "sk-first-00000"
        await process.run(asking(), "this").finish()
        process.keys.keys["one"] = "sk-second-0000"
        await process.run(asking(), "this").finish()
        assert one.keys == ["Bearer sk-first-00000", "Bearer sk-second-0000"]


async def test_an_unknown_price_is_an_error_and_the_next_rung_answers() -> None:
    async with (
        speaking([answer(topic="billing")]) as one,
        desk({"one": compatible(one.url)}, prices={}) as process,
    ):
        run = process.run(asking(), "I paid twice")
        assert await run.finish() == ["delivery", "expert", ["model:one:m"]]
        assert one.asked == []
        failed = run.payloads(Kind.COMPLETED)[0]["failed"]
        assert "model_prices" in failed[0][1]


async def test_what_is_wrong_with_an_answer_is_shown_and_it_is_repaired() -> None:
    script = [
        answer(topic="weather"),
        Say(calls=(("final_result", '{"topic": "bil'),)),
        answer(topic="billing"),
    ]
    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(asking(), "I paid twice")
        assert await run.finish() == ["billing", "model:one:m", []]
        assert await run.replay() == ["billing", "model:one:m", []]
        assert len(one.asked) == 3
    told = [message for message in one.asked[1]["messages"] if message["role"] == "tool"]
    assert "'billing' or 'delivery'" in told[0]["content"]


async def test_it_is_repaired_twice_at_most() -> None:
    async with speaking([answer(topic="weather")]) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(asking(), "I paid twice")
        assert await run.finish() == ["delivery", "expert", ["model:one:m"]]
        assert len(one.asked) == 3


async def test_the_agents_own_checks_are_shown_as_well_and_a_draft_stands_that_no_model_betters() -> None:
    drafted = list[str]()

    def careful(text: str, verdict: Verdict) -> list[str]:
        return ["a message about money is billing"] if verdict.topic != "billing" else []

    @agent(prompt="triage", draft=True, verify=careful)
    async def drafting(ctx: Context, text: str) -> Verdict:
        """Sort a message by its topic."""
        drafted.append(text)
        return Verdict(topic="billing", confidence=0.25)

    async with speaking([answer(topic="delivery")]) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(asking(drafting), "I paid twice")
        assert await run.finish() == ["billing", "expert", ["model:one:m"]]
        assert drafted == ["I paid twice"]
    assert '{"topic":"billing","confidence":0.25}' in one.asked[0]["messages"][-1]["content"]
    assert "about money is billing" in one.asked[1]["messages"][-1]["content"]


async def test_every_result_is_valid_with_a_model_that_is_wrong_three_times_in_ten() -> None:
    chance = random.Random(7)
    wrong = (answer(topic="weather"), Say(text="Billing!"), answer(confidence=2), Say(text='{"topic":'))

    def script(body: dict[str, Any]) -> Say:
        return chance.choice(wrong) if chance.random() < 0.3 else answer(topic="billing")

    async with speaking(script) as one, desk({"one": compatible(one.url)}) as process:
        results = [await process.run(asking(), f"message {at}").finish() for at in range(150)]
    assert all(topic in {"billing", "delivery"} for topic, _, _ in results)
    by_model = sum(produced_by.startswith("model:") for _, produced_by, _ in results)
    assert by_model / len(results) >= 0.96


async def test_the_ladder_of_a_call_stays_as_it_was_planned() -> None:
    @agent(prompt="triage")
    async def asks_first(ctx: Context, text: str) -> Verdict:
        """Sort."""
        await ctx.ask("Sure?")
        return Verdict(topic="delivery")

    async with speaking([Say(status=500)]) as one, desk({"one": compatible(one.url)}) as process:
        run = process.run(asking(asks_first), "this")
        await run.until_waiting()
        process.catalogue.aliases["default"] = ("one:other", "one:m")
        assert await run.finish() == ["delivery", "expert", ["model:one:m"]]
        assert len(one.asked) == 1


async def test_anthropic_answers_as_well() -> None:
    async with speaking([answer(topic="billing")]) as one:
        terms = ProviderTerms(kind=ProviderKind.ANTHROPIC, url=one.url.removesuffix("/v1"))
        async with desk({"one": terms}, ("one:claude-haiku-4-5",)) as process:
            run = process.run(asking(), "I paid twice")
            assert await run.finish() == ["billing", "model:one:claude-haiku-4-5", []]
            assert KEY in one.keys[0]


async def test_people_answer_where_settings_say_so() -> None:
    rungs = (RungTerms(rung="model"), RungTerms(rung="person", role="desk"))
    async with desk(
        {"one": compatible("http://127.0.0.1:9/v1")}, terms={"triage": LadderTerms(rungs=rungs)}
    ) as it:
        replies = iter(["what?", '{"topic": "billing"}'])
        run = it.run(asking(), "I paid twice")
        assert await run.finish(lambda _: next(replies)) == ["billing", "person", ["model:one:m"]]
        question = run.payloads(Kind.ASKED)[0]
        assert question["role"] == "desk"
        assert "I paid twice" in question["prompt"]


def test_a_process_without_models_plans_nothing() -> None:
    assert Desk({}).ladders.terms_of("triage").rungs[0].rung == "model"
