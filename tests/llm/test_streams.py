"""Text that is shown while it comes: a part that does not hold is taken back aloud."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llm.asking import Desk, compatible, desk
from llm.speaking import Say, speaking
from pilothouse import Context, agent, workflow
from pilothouse.model_settings import LadderTerms, RungTerms
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.guarding import Unguarded


@agent(prompt="reply")
async def reply(ctx: Context, text: str) -> str:
    """Reply to a message."""
    return "by rule"


@workflow("w")
async def flow(ctx: Context, text: str) -> list[Any]:
    found = await ctx.answer_of(reply, text)
    return [found.value, found.produced_by]


class Heard:
    def __init__(self) -> None:
        self.said: list[Delta] = []

    def say(self, delta: Delta) -> None:
        self.said.append(delta)


def watched(process: Desk, heard: Heard, **parts: Any) -> Any:
    run = process.run(flow, "hello")
    run.services = replace(run.services, deltas=heard, **parts)
    return run


async def test_text_is_shown_as_it_comes() -> None:
    heard = Heard()
    async with speaking([Say(pieces=("Good ", "day"))]) as one, desk({"one": compatible(one.url)}) as it:
        run = watched(it, heard)
        assert await run.finish() == ["Good day", "model:one:m"]
        assert [(delta.offset, delta.text) for delta in heard.said] == [(0, "Good "), (5, "day")]
        await run.replay()
        assert len(heard.said) == 2
        reply = run.payloads(Kind.OUTCOME)[0]["result"]
        assert reply["cost"] == "0.0002"


async def test_a_stream_that_is_cut_fails_its_rung_and_the_next_begins_anew_aloud() -> None:
    heard = Heard()
    cut, whole = Say(pieces=("Good ", "day"), cut=True), Say(pieces=("Hello", "!"))
    async with speaking([cut]) as one, speaking([whole]) as two:
        providers = {"one": compatible(one.url), "two": compatible(two.url)}
        async with desk(providers, ("one:m", "two:m")) as process:
            run = watched(process, heard)
            assert await run.finish() == ["Hello!", "fallback:two:m"]
            assert (len(one.asked), len(two.asked)) == (1, 1)
            assert await run.replay() == ["Hello!", "fallback:two:m"]
    assert [(delta.offset, delta.text) for delta in heard.said][-2:] == [(0, "Hello"), (5, "!")]
    assert process.told[0][2] == "stream_cut"
    assert "begun anew" in run.payloads(Kind.EMITTED)[0]["progress"]["message"]


async def test_a_stream_that_stands_still_ends_with_the_deadline_of_its_rung() -> None:
    terms = {"*": LadderTerms(rungs=(RungTerms(rung="model", deadline=0.5), RungTerms(rung="expert")))}
    async with (
        speaking([Say(pieces=("Good ",), stands=True)]) as one,
        desk({"one": compatible(one.url)}, terms=terms) as process,
    ):
        assert await watched(process, Heard()).finish() == ["by rule", "expert"]
        assert process.told[0][2] == "step_timed_out"


async def test_nothing_is_shown_where_something_may_have_to_be_hidden() -> None:
    class Hiding(Unguarded):
        def shows(self, tenant_id: str) -> bool:
            return False

    heard = Heard()
    async with speaking([Say(pieces=("Good ", "day"))]) as one, desk({"one": compatible(one.url)}) as it:
        assert await watched(it, heard, guard=Hiding()).finish() == ["Good day", "model:one:m"]
    assert heard.said == []
