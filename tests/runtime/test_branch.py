"""Replay is checked: whatever the code does otherwise than its journal is an error that names both sides."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pilothouse import Context, StepFailed, agent, tool, workflow
from pilothouse.errors import InvalidInput
from pilothouse.runtime.branch import Branch
from pilothouse.runtime.errors import NonDeterminismError
from pilothouse.runtime.history import History
from support.rehearsal import Rehearsal

Code = Callable[[Context], Awaitable[Any]]


@agent
async def fetch(ctx: Context, what: str) -> str:
    return what


@agent
async def sort(ctx: Context, what: str) -> str:
    return what


@tool
async def send(ctx: Context, what: str) -> str:
    return what


async def changed(before: Code, after: Code) -> Rehearsal:
    """A run that waits in `before` goes on in `after`."""
    codes = [before, after]

    @workflow("changing")
    async def flow(ctx: Context) -> Any:
        return await codes[0](ctx)

    run = Rehearsal(flow)
    assert await run.until_waiting() == "waiting"
    del codes[0]
    for key in run.open_questions:
        run.answer(key, "yes")
    await run.turn()
    return run


async def original(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.act(send, "b")
    await ctx.save("c.txt", "c")
    await ctx.sleep(0)
    ctx.now()
    await ctx.ask("Go on?")


async def renamed(ctx: Context) -> None:
    await ctx.call(sort, "a")


async def swapped(ctx: Context) -> None:
    await ctx.act(send, "b")
    await ctx.call(fetch, "a")


async def removed(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.save("c.txt", "c")


async def added(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.call(fetch, "more")
    await ctx.act(send, "b")


async def other_call(ctx: Context) -> None:
    await ctx.call(fetch, "other")


async def other_act(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.act(send, "other")


async def other_content(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.act(send, "b")
    await ctx.save("c.txt", "other")


async def other_name(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.act(send, "b")
    await ctx.save("other.txt", "c")


async def other_time(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.act(send, "b")
    await ctx.save("c.txt", "c")
    await ctx.sleep(1)


async def other_question(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.act(send, "b")
    await ctx.save("c.txt", "c")
    await ctx.sleep(0)
    ctx.now()
    await ctx.ask("Really?")


async def no_clock(ctx: Context) -> None:
    await ctx.call(fetch, "a")
    await ctx.act(send, "b")
    await ctx.save("c.txt", "c")
    await ctx.sleep(0)
    await ctx.ask("Go on?")


async def with_key(ctx: Context) -> None:
    await ctx.call(fetch, "a", key="mine")


async def ended(ctx: Context) -> None:
    await ctx.call(fetch, "a")


CHANGES = [
    (renamed, "call fetch#0", "call sort#0"),
    (swapped, "call fetch#0", "act send#0"),
    (removed, "act send#0", "save save#0"),
    (added, "act send#0", "call fetch#1"),
    (other_call, "call fetch#0", "other arguments"),
    (other_act, "act send#0", "other arguments"),
    (other_content, "save save#0", "other arguments"),
    (other_name, "save save#0", "other arguments"),
    (other_time, "sleep sleep#0", "other arguments"),
    (other_question, "ask ask#0", "other arguments"),
    (no_clock, "now now#0", "ask ask#0"),
    (with_key, "call fetch#0", "call fetch:mine"),
    (ended, "send#0", "ended before"),
]


@pytest.mark.parametrize(
    ("after", "recorded", "asked"), CHANGES, ids=lambda item: getattr(item, "__name__", "")
)
async def test_a_change_under_a_waiting_run_is_an_error_that_names_both_sides(
    after: Code, recorded: str, asked: str
) -> None:
    run = await changed(original, after)
    assert run.failure.code == "non_determinism"
    assert recorded in run.failure.message
    assert asked in run.failure.message
    assert "version" in (run.failure.hint or "")


async def test_the_same_name_for_another_kind_of_verb_is_an_error() -> None:
    @tool(name="fetch")
    async def fetching(ctx: Context, what: str) -> str:
        return what

    async def before(ctx: Context) -> None:
        await ctx.call(fetch, "a")
        await ctx.ask("Go on?")

    async def after(ctx: Context) -> None:
        await ctx.act(fetching, "a")

    run = await changed(before, after)
    assert "call fetch#0" in run.failure.message
    assert "act fetch#0" in run.failure.message


async def test_what_is_added_behind_the_journal_is_no_difference() -> None:
    async def before(ctx: Context) -> str:
        return await ctx.ask("Go on?")

    async def after(ctx: Context) -> str:
        return await ctx.ask("Go on?") + await ctx.call(fetch, "more")

    assert (await changed(before, after)).output == "yesmore"


async def test_undoing_the_change_and_retrying_goes_on_without_computing_anything_twice() -> None:
    made: list[str] = []

    @agent
    async def once(ctx: Context) -> int:
        made.append("once")
        return 1

    async def before(ctx: Context) -> str:
        await ctx.call(once)
        return await ctx.ask("Go on?")

    codes = [before, removed, before]

    @workflow("changing")
    async def flow(ctx: Context) -> Any:
        return await codes[0](ctx)

    run = Rehearsal(flow)
    await run.until_waiting()
    codes.pop(0)
    run.answer("ask#0", "sure")
    await run.turn()
    assert run.failure.code == "non_determinism"
    codes.pop(0)
    run.retry()
    assert await run.finish() == "sure"
    assert made == ["once"]


async def test_what_changed_code_noted_before_the_difference_is_not_journalled() -> None:
    async def before(ctx: Context) -> list[str]:
        return await ctx.gather(ctx.ask("a", key="a"), ctx.ask("b", key="b"))

    async def after(ctx: Context) -> list[str]:
        async def arm() -> str:
            ctx.now()
            return await ctx.ask("a", key="a")

        async def other() -> str:
            answer = await ctx.ask("b", key="b")
            ctx.now()
            return answer

        return await ctx.gather(arm(), other())

    codes = [before, after, before]

    @workflow("changing")
    async def flow(ctx: Context) -> Any:
        return await codes[0](ctx)

    run = Rehearsal(flow)
    await run.until_waiting()
    codes.pop(0)
    for key in run.open_questions:
        run.answer(key, "yes")
    await run.turn()
    assert run.failure.code == "non_determinism"
    codes.pop(0)
    run.retry()
    assert await run.finish() == ["yes", "yes"]


async def test_a_change_inside_an_arm_of_a_gather_is_an_error() -> None:
    async def before(ctx: Context) -> None:
        async def arm(what: str) -> None:
            await ctx.call(fetch, what)
            await ctx.ask(what)

        await ctx.gather(arm("a"), arm("b"))

    async def after(ctx: Context) -> None:
        async def arm(what: str) -> None:
            await ctx.call(fetch if what == "a" else sort, what)
            await ctx.ask(what)

        await ctx.gather(arm("a"), arm("b"))

    run = await changed(before, after)
    assert "branch gather#0/1" in run.failure.message
    assert "fetch#0" in run.failure.message
    assert "sort#0" in run.failure.message


async def test_another_number_of_arms_is_an_error() -> None:
    async def before(ctx: Context) -> None:
        await ctx.gather(ctx.ask("a"), ctx.ask("b"))

    async def after(ctx: Context) -> None:
        await ctx.gather(ctx.ask("a"), ctx.ask("b"), ctx.ask("c"))

    assert "gather#0" in (await changed(before, after)).failure.message


async def test_a_change_inside_an_agent_is_an_error() -> None:
    inner = [fetch, sort]

    @agent
    async def outer(ctx: Context) -> str:
        await ctx.call(inner[0], "a")
        return await ctx.ask("Go on?")

    async def code(ctx: Context) -> str:
        return await ctx.call(outer)

    async def after(ctx: Context) -> str:
        inner.pop(0)
        return await code(ctx)

    run = await changed(code, after)
    assert run.failure.code == "non_determinism"
    assert "branch outer#0" in run.failure.message


async def test_a_verb_left_over_inside_an_agent_is_an_error() -> None:
    bodies = [True, False]

    @agent
    async def outer(ctx: Context) -> str:
        return await ctx.ask("Go on?") if bodies[0] else "no question"

    async def code(ctx: Context) -> str:
        return await ctx.call(outer)

    async def after(ctx: Context) -> str:
        bodies.pop(0)
        return await code(ctx)

    run = await changed(code, after)
    assert "ask#0 in branch outer#0" in run.failure.message


async def test_a_new_verb_inside_an_arm_that_the_workflow_has_passed_is_an_error() -> None:
    async def before(ctx: Context) -> None:
        await ctx.gather(ctx.call(fetch, "a"))
        await ctx.ask("Go on?")

    async def after(ctx: Context) -> None:
        async def arm() -> None:
            await ctx.call(fetch, "a")
            await ctx.call(fetch, "b")

        await ctx.gather(arm())
        await ctx.ask("Go on?")

    run = await changed(before, after)
    assert "gather#0/0/fetch#1" in run.failure.message
    assert "ask#0" in run.failure.message


async def test_a_difference_cannot_be_swallowed() -> None:
    async def before(ctx: Context) -> str:
        await ctx.call(fetch, "a")
        return await ctx.ask("Go on?")

    async def after(ctx: Context) -> str:
        try:
            await ctx.call(sort, "a")
        except Exception:
            pass  # as code does that wants to go on whatever happens
        await ctx.call(fetch, "a")
        return await ctx.ask("Go on?")

    run = await changed(before, after)
    assert run.failure.code == "non_determinism"


@pytest.mark.parametrize("where", ["workflow", "agent", "gather"])
async def test_a_key_used_twice_is_an_error(where: str) -> None:
    async def twice(ctx: Context) -> None:
        await ctx.call(fetch, "a", key="same")
        await ctx.call(fetch, "b", key="same")

    @agent
    async def inside(ctx: Context) -> None:
        await twice(ctx)

    @workflow("w")
    async def flow(ctx: Context) -> None:
        try:
            match where:
                case "workflow":
                    await twice(ctx)
                case "agent":
                    await ctx.call(inside)
                case "gather":
                    await ctx.gather(twice(ctx))
        except StepFailed:
            return

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "non_determinism"
    assert "'same' is used twice for fetch" in run.failure.message


async def test_the_same_key_may_stand_in_two_branches_and_for_two_agents() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[str]:
        return await ctx.gather(
            ctx.call(fetch, "a", key="k"), ctx.call(fetch, "b", key="k"), ctx.call(sort, "c", key="k")
        ) + [await ctx.call(fetch, "d", key="k"), await ctx.call(sort, "e", key="k")]

    run = Rehearsal(flow)
    assert await run.finish() == await run.replay() == list("abcde")


@pytest.mark.parametrize("key", ["", "a/b", "a\x00", "a\nb", "k" * 201, "\ud800"])
def test_a_malformed_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput, match="no step key"):
        Branch(History()).meet("fetch", "call", None, key)


def test_a_branch_that_ends_too_early_names_what_is_left() -> None:
    history = History()
    history.verbs["a#0"] = ["b#0"]
    with pytest.raises(NonDeterminismError, match="b#0 in branch a#0"):
        Branch(history, "a#0").close()


@pytest.mark.parametrize(
    ("path", "agent_name"),
    [
        ("", ""),
        ("judge#0", "judge"),
        ("judge:by hand#1", "judge"),
        ("judge#0/gather#3/11", "judge"),
        ("gather#0/1", ""),
        ("outer#0/gather#0/0/inner:x", "inner"),
    ],
)
def test_a_branch_knows_the_agent_it_lies_in(path: str, agent_name: str) -> None:
    assert Branch(History(), path).agent == agent_name
