"""The ladder: rungs are tried in order, and the answer says which one gave it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pilothouse import Context, ReasonCard, StepFailed, agent, workflow
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.switches import Unswitched
from support.rehearsal import Rehearsal


class Model:
    """A rung that asks somebody, and then answers or fails."""

    name = "model"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.attempts = 0

    async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
        self.attempts += 1
        ctx.emit(ReasonCard(decision="asked a model"))
        if self.error is not None:
            raise self.error
        return f"model says {arguments[0]}"


@agent
async def expert(ctx: Context, text: str) -> str:
    """Judge."""
    ctx.emit(ReasonCard(decision="by rule"))
    if text == "hopeless":
        raise ValueError("no rule fits")
    return f"expert says {text}"


def laddered(*rungs: Any) -> Any:
    climbing = replace(expert, rungs=(*rungs, *expert.rungs))

    @workflow("w")
    async def flow(ctx: Context, text: str) -> list[Any]:
        answer = await ctx.answer_of(climbing, text)
        return [answer.value, answer.produced_by, answer.failed]

    return flow


async def test_the_first_rung_that_answers_is_taken() -> None:
    run = Rehearsal(laddered(Model()), "this")
    assert await run.finish() == ["model says this", "model", []]
    assert [card["card"]["produced_by"] for card in run.payloads(Kind.EMITTED)] == ["model"]


async def test_a_rung_that_fails_is_named_with_its_reason_and_the_next_one_tried() -> None:
    first, second, third = Model(TimeoutError("too slow")), Model(OSError("\udcff")), Model(OSError())
    run = Rehearsal(laddered(first, second, third), "this")
    reasons = [["model", "too slow"], ["model", "\\udcff"], ["model", "OSError"]]
    expected = ["expert says this", "expert", reasons]
    assert await run.finish() == expected
    assert await run.replay() == expected
    assert (first.attempts, second.attempts, third.attempts) == (1, 1, 1)
    said = [card["card"]["produced_by"] for card in run.payloads(Kind.EMITTED)]
    assert said == ["model", "model", "model", "expert"]


async def test_where_every_rung_fails_the_last_one_says_why() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(replace(expert, rungs=(Model(OSError()), *expert.rungs)), "hopeless")
        except StepFailed as error:
            return error.message

    assert await Rehearsal(flow).finish() == "no rule fits"


async def test_a_question_on_one_rung_is_no_failure_that_makes_another_one_answer() -> None:
    class Person:
        name = "person"

        async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> str:
            return await ctx.ask("What do you say?")

    run = Rehearsal(laddered(Person()), "this")
    assert await run.finish() == ["yes", "person", []]
    assert await run.replay() == ["yes", "person", []]


class Footing(Unswitched):
    """Where agents begin, as a test says, and what was told of their rungs."""

    def __init__(self, first: int = 0) -> None:
        self.begins = first
        self.told: list[tuple[str, int, bool, int]] = []

    def first(self, tenant_id: str, agent: str) -> int:
        return self.begins

    def tried(self, tenant_id: str, agent: str, rung: int, *, failed: bool, rungs: int) -> None:
        self.told.append((agent, rung, failed, rungs))


def standing(run: Rehearsal, footing: Footing) -> Rehearsal:
    run.services = replace(run.services, switches=footing)
    return run


async def test_how_each_rung_fares_is_told() -> None:
    footing = Footing()
    run = standing(Rehearsal(laddered(Model(OSError("away"))), "this"), footing)
    await run.finish()
    assert footing.told == [("expert", 0, True, 2), ("expert", 1, False, 2)]


async def test_an_agent_that_stands_lower_does_not_try_what_is_above() -> None:
    model, footing = Model(), Footing(1)
    run = standing(Rehearsal(laddered(model), "this"), footing)
    assert await run.finish() == ["expert says this", "expert", []]
    assert model.attempts == 0
    assert footing.told == [("expert", 1, False, 2)]


async def test_a_ladder_that_has_become_shorter_is_begun_at_its_last_rung() -> None:
    run = standing(Rehearsal(laddered(Model()), "this"), Footing(7))
    assert await run.finish() == ["expert says this", "expert", []]


async def test_a_call_goes_on_where_it_began_although_the_agent_stands_elsewhere_by_then() -> None:
    class Asking(Model):
        async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
            self.attempts += 1
            return await ctx.ask("Which?", free=True)

    for begun, moved, expected in ((0, 2, ["yes", "model", []]), (1, 0, ["yes", "model", []])):
        upper, lower, footing = Asking(), Asking(), Footing(begun)
        run = standing(Rehearsal(laddered(upper, lower), "this"), footing)
        await run.until_waiting()
        footing.begins = moved
        assert await run.finish() == expected
        assert (upper, lower)[begun].attempts > 1
        assert (lower, upper)[begun].attempts == 0
        assert len(footing.told) <= 1  # what is replayed is not told again


async def test_an_agents_card_is_put_on_the_record_once_by_whichever_rung_answers() -> None:
    def card(given: str, answer: str) -> ReasonCard:
        return ReasonCard(decision=f"{given}: {answer}", confidence=0.4)

    @agent(card=card)
    async def judge(ctx: Context, text: str) -> str:
        """Judge."""
        return f"rule for {text}"

    class Quiet(Model):
        async def attempt(self, ctx: Context, arguments: tuple[Any, ...]) -> Any:
            if self.error is not None:
                raise self.error
            return "kept"

    def asking(*rungs: Any) -> Any:
        climbing = replace(judge, rungs=(*rungs, *judge.rungs))

        @workflow("w")
        async def flow(ctx: Context, text: str) -> str:
            return await ctx.call(climbing, text)

        return flow

    failed = [["model", "away"]]
    for rungs, said, by, before in (
        ((), "rule for this", "expert", []),
        ((Quiet(),), "kept", "model", []),
        ((Quiet(OSError("away")),), "rule for this", "expert", failed),
    ):
        run = Rehearsal(asking(*rungs), "this")
        assert await run.finish() == said
        (found,) = (item["card"] for item in run.payloads(Kind.EMITTED))
        assert (found["decision"], found["produced_by"], found["confidence"]) == (f"this: {said}", by, 0.4)
        assert found.get("failed", []) == before
        assert await run.replay() == said
