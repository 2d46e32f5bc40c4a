"""What the runtime does with a guard: what is journalled, what tools are given, and what a replay meets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from pilothouse import Context, Money, StepFailed, agent, tool, workflow
from pilothouse.runtime import governing
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import Denied, Expired
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.guarding import Blocked, Fits, Inlet, Passage, Passed, Unguarded
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.questions import Question
from pilothouse.runtime.saving import INSERT_ARTIFACT
from pilothouse.runtime.sql import SUBMIT
from pilothouse.runtime.turn import SEAL_RUN
from support.rehearsal import Rehearsal


class Curtain:
    """Hides the word `secret`, marks `attack`, blocks `bomb`; remembers what passed where."""

    def __init__(self, *, personal: bool = True) -> None:
        self.personal = personal
        self.passed: list[tuple[Inlet, str, bytes]] = []

    async def check(self, passage: Passage, data: bytes, fits: Fits | None = None) -> Passed:
        self.passed.append((passage.inlet, passage.step, data))
        told = [Statement("told", (passage.inlet.value,))]
        if b"bomb" in data:
            raise Blocked("Kept out.", told=told)
        marks = frozenset({Mark.INJECTION} if b"attack" in data else set())
        if b"secret" not in data:
            return Passed(data, marks, told=told if marks else ())
        masked = data.replace(b"secret", b"<W:aaaa>")
        return Passed(masked, marks, personal=self.personal, kept=[Statement("kept", ())], told=told)

    async def restored(self, tenant_id: str, run_id: UUID, data: bytes) -> bytes:
        return data.replace(b"<W:aaaa>", b"secret")

    def shows(self, tenant_id: str) -> bool:
        return False

    def carried(self, tenant_id: str, source: UUID, target: UUID) -> Sequence[Statement]:
        return [Statement("carried", (source, target))]


got: list[str] = []
"""What the tool was really given."""


@tool(idempotent=True)
async def use(ctx: Context, word: str) -> str:
    got.append(word)
    if word == "fails":
        raise ValueError("a secret reason")
    return f"used {word}"


@agent
async def say(ctx: Context, word: str) -> str:
    if word == "raise":
        raise ValueError("a secret reason")
    return f"said {word}"


def guarded(flow: object, *, personal: bool = True) -> tuple[Rehearsal, Curtain]:
    run, curtain = Rehearsal(flow), Curtain(personal=personal)  # type: ignore[arg-type]  # a workflow
    run.services = replace(run.services, guard=curtain)
    got.clear()
    return run, curtain


def payloads(entries: Sequence[Entry]) -> bytes:
    return b"\n".join(decode(entry.codec, entry.payload) for entry in entries)


def told(run: Rehearsal) -> list[str]:
    return [str(next(iter(one.parameters))) for one in run.statements if one.sql == "told"]


async def test_a_tool_gets_what_the_journal_has_masked_and_a_replay_meets_the_same() -> None:
    seen: list[str] = []

    @workflow("w")
    async def flow(ctx: Context) -> str:
        said = await ctx.call(say, "my secret")
        first, second = await ctx.gather(ctx.call(say, said), ctx.call(say, said))
        assert first == second
        done = await ctx.act(use, said)
        seen.append(done)
        await ctx.sleep(1)
        return done

    run, _ = guarded(flow)
    assert await run.finish() == "used said my <W:aaaa>"
    assert got == ["said my secret"]
    assert seen == ["used said my <W:aaaa>"] * 2, "the first turn and the replay"
    assert b"secret" not in payloads(run.entries)
    assert {"output", "tool_result"} <= {*told(run)}
    assert SEAL_RUN in [one.sql for one in run.statements]


async def test_each_finding_is_told_once_although_a_turn_is_lost() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.act(use, "a secret")

    run, _ = guarded(flow)
    run.lose_next(Kind.DISPATCH)
    await run.finish()
    assert sorted(told(run)) == ["tool_arguments", "tool_result"]
    assert sum(one.sql == SEAL_RUN for one in run.statements) == 1


async def test_words_of_errors_are_masked_and_marked() -> None:
    @workflow("w")
    async def flow(ctx: Context, word: str) -> str:
        found = []
        for work in (ctx.act(use, "fails"), ctx.call(say, "raise")):
            try:
                await work
            except StepFailed as error:
                found.append(error.message)
        return "; ".join(found)

    run = Rehearsal(flow, "x")
    run.services = replace(run.services, guard=Curtain())
    assert await run.finish() == "a <W:aaaa> reason; a <W:aaaa> reason"
    assert b"secret" not in payloads(run.entries)


@pytest.mark.parametrize("where", ["arguments", "result", "agent", "artifact", "output"])
async def test_what_is_blocked_fails_where_it_is_and_is_told(where: str) -> None:
    @tool(idempotent=True)
    async def give(ctx: Context) -> str:
        return "a bomb"

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            if where == "arguments":
                await ctx.act(use, "a bomb")
            elif where == "result":
                await ctx.act(give)
            elif where == "agent":
                await ctx.call(say, "a bomb")
            elif where == "artifact":
                await ctx.save("a.txt", "a bomb")
        except (StepFailed, Denied) as error:
            return f"{type(error).__name__}: {error.message}"
        return "a bomb"

    run, _ = guarded(flow)
    if where == "output":
        await run.finish()
        assert run.status == "failed"
    else:
        assert "Kept out." in str(await run.finish())
    assert got == []
    assert len(told(run)) == 1
    assert b"a bomb" not in payloads(run.entries)


async def test_an_attack_marks_what_comes_after_it_until_somebody_vouches() -> None:
    marks: list[set[Mark]] = []

    @workflow("w")
    async def flow(ctx: Context) -> None:
        said = await ctx.act(use, "an attack")
        marks.append({*ctx.marks})
        await ctx.trust(said, why="It was looked at.")
        marks.append({*ctx.marks})
        await ctx.ask("Go on?")

    run, _ = guarded(flow)
    await run.finish(lambda _: "yes")
    assert marks == [{Mark.INJECTION}, set()] * 2


async def test_a_question_is_masked_and_told_once() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.ask("A secret?", why="For a secret.", choices=("yes", "no"))

    run, _ = guarded(flow, personal=False)
    assert await run.finish(lambda _: "yes") == "yes"
    (entry,) = [one for one in run.entries if one.kind is Kind.ASKED]
    question = Question.model_validate_json(decode(entry.codec, entry.payload))
    assert (question.prompt, question.why) == ("A <W:aaaa>?", "For a <W:aaaa>.")
    assert told(run) == ["question"]


async def test_a_question_without_an_answer_says_no_more_than_it_asked() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.ask("A secret?", expires_after=dt.timedelta(seconds=1))
        except Expired as error:
            return error.message
        return ""

    run, _ = guarded(flow, personal=False)
    assert await run.finish(lambda _: None) == "Nobody answered in time: A <W:aaaa>?"
    assert b"secret" not in payloads(run.entries)


async def test_a_question_that_is_blocked_is_not_asked_and_a_replay_meets_the_same() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.ask("A bomb?")
        except StepFailed as error:
            await ctx.sleep(1)
            return error.message
        return ""

    run, _ = guarded(flow)
    assert await run.finish() == "Kept out."
    assert not run.kinds(Kind.ASKED)
    assert told(run) == ["question"]
    assert b"bomb" not in payloads(run.entries)


async def test_a_reason_to_trust_is_masked_for_the_record() -> None:
    witnessed: list[governing.Testimony] = []

    class Heard:
        async def witness(self, testimony: governing.Testimony) -> Sequence[Statement]:
            witnessed.append(testimony)
            return ()

    @workflow("w")
    async def flow(ctx: Context) -> None:
        await ctx.trust(1, why="A secret said so.")
        await ctx.trust(1, why="A bomb said so.")
        await ctx.sleep(1)

    run, _ = guarded(flow)
    run.services = replace(run.services, witness=Heard())
    await run.finish()
    assert [one.facts["why"] for one in witnessed] == [
        "A <W:aaaa> said so.",
        "A guard has kept back what was said.",
    ]
    assert b"secret" not in payloads(run.entries)
    assert b"bomb" not in payloads(run.entries)


async def test_the_name_of_an_artifact_is_masked_as_files_may_be_called() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        return (await ctx.save("of a secret.txt", "x")).name

    run, _ = guarded(flow, personal=False)
    assert await run.finish() == "of a W-aaaa.txt"
    (row,) = [one.parameters for one in run.statements if one.sql == INSERT_ARTIFACT]
    assert "of a W-aaaa.txt" in row
    assert b"secret" not in payloads(run.entries)


async def test_why_an_action_could_not_be_decided_is_masked() -> None:
    def cost(word: str) -> Money:
        raise ValueError(f"No price for {word}.")

    @tool(idempotent=True, cost=cost)
    async def buy(ctx: Context, word: str) -> None:
        """Buy it."""

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            await ctx.act(buy, "secret")
        except Denied as error:
            return error.message
        return ""

    run, _ = guarded(flow)
    assert "No price for <W:aaaa>." in str(await run.finish())
    assert b"No price for secret" not in payloads(run.entries)


async def test_what_a_run_goes_on_with_is_masked() -> None:
    @workflow("w")
    async def flow(ctx: Context, word: str) -> None:
        ctx.continue_as_new(f"{word} secret")

    run = Rehearsal(flow, "x")
    run.services = replace(run.services, guard=Curtain(personal=False))
    await run.turn()
    (row,) = [one.parameters for one in run.statements if one.sql == SUBMIT]
    assert [b'"x <W:aaaa>"'] in row
    assert told(run) == ["output"]


async def test_nothing_is_shown_live_where_it_would_be_masked_later() -> None:
    heard: list[str] = []

    class Heard:
        def say(self, delta: Delta) -> None:
            heard.append(delta.text)

    @agent
    async def speak(ctx: Context) -> str:
        ctx.delta("a secret")
        return "done"

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.call(speak)

    for guard, shown in ((Curtain(), []), (Unguarded(), ["a secret"])):
        run = Rehearsal(flow)
        run.services = replace(run.services, guard=guard, deltas=Heard())
        heard.clear()
        await run.finish()
        assert heard == shown
