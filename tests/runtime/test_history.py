"""The journal arranged for replay, and what a retry makes of it."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest

from pilothouse import Context, StepFailed, agent, tool, workflow
from pilothouse.runtime.entries import Entry, Kind, PayloadUnreadable
from pilothouse.runtime.history import History
from support.rehearsal import Rehearsal


def entries(*pairs: tuple[Kind, str]) -> list[Entry]:
    return [Entry(kind, key, seq=number) for number, (kind, key) in enumerate(pairs, 1)]


def test_every_step_has_its_place_in_its_branch_in_the_order_of_its_first_entry() -> None:
    history = History(
        entries(
            (Kind.ENTERED, "a#0"),
            (Kind.COMPLETED, "a#0/b#0"),
            (Kind.GATHERED, "a#0/gather#0"),
            (Kind.ASKED, "a#0/gather#0/10/ask#0"),
            (Kind.COMPLETED, "a#0/gather#0/2/c:x"),
            (Kind.COMPLETED, "a#0"),
            (Kind.COMPLETED, "z#0"),
        )
    )
    assert history.verbs == {
        "": ["a#0", "z#0"],
        "a#0": ["b#0", "gather#0"],
        "a#0/gather#0/10": ["ask#0"],
        "a#0/gather#0/2": ["c:x"],
    }
    assert history.seq == 7
    assert history.ended is None


def test_what_was_told_and_started_has_no_place() -> None:
    history = History(entries((Kind.EMITTED, "emit#0"), (Kind.STARTED, "a#0"), (Kind.NOTED, "now#0")))
    assert history.verbs == {"": ["now#0"]}
    assert list(history.told) == ["emit#0"]


def test_an_entry_of_a_newer_version_is_unreadable() -> None:
    with pytest.raises(PayloadUnreadable, match="newer version"):
        History(entries((Kind.SUBMITTED, ""), (Kind.UNKNOWN, "x#0")))


@pytest.mark.timed
def test_ten_thousand_steps_are_arranged_in_little_time() -> None:
    journal = [Entry(Kind.SUBMITTED, "", b"null", seq=1)]
    journal += [
        Entry(Kind.COMPLETED, f"step#{n}", b'{"value":1}', b"d" * 16, seq=n + 2) for n in range(10_000)
    ]
    started = time.perf_counter()
    history = History(journal)
    assert time.perf_counter() - started < 0.5
    assert len(history.verbs[""]) == 10_000


@pytest.mark.timed
def test_a_retry_with_many_failed_branches_takes_little_time() -> None:
    keys = [f"gather#0/{n}/step#0" for n in range(3_000)]
    journal = entries((Kind.GATHERED, "gather#0"), *((Kind.ENTERED, key) for key in keys),
                      *((Kind.FAILED, key) for key in keys), (Kind.SETTLED, "gather#0"))  # fmt: skip
    retried = Entry(Kind.RUN_RETRIED, "", orjson.dumps({"superseded": keys}), seq=9_999)
    started = time.perf_counter()
    assert History(journal).retriable(keys) == tuple(keys)
    history = History([*journal, retried])
    assert time.perf_counter() - started < 1
    assert all(history.steps[key].outcome is None for key in keys)


class Flaky:
    """An agent that fails until it is mended."""

    def __init__(self) -> None:
        self.broken = True
        self.made: list[str] = []

        @agent
        async def flaky(ctx: Context, name: str = "flaky") -> str:
            self.made.append(name)
            if self.broken:
                raise ConnectionError("no network")
            return name

        @agent
        async def sound(ctx: Context) -> str:
            self.made.append("sound")
            return "sound"

        self.flaky, self.sound = flaky, sound


@pytest.fixture
def flaky() -> Flaky:
    return Flaky()


async def test_a_retry_computes_the_failed_step_and_what_comes_after_only(flaky: Flaky) -> None:
    @agent
    async def outer(ctx: Context) -> str:
        flaky.made.append("outer")
        return await ctx.call(flaky.sound) + await ctx.call(flaky.flaky, "x")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        return await ctx.call(flaky.sound) + await ctx.call(outer) + await ctx.call(flaky.sound)

    run = Rehearsal(flow)
    await run.finish()
    assert run.retry() == ("outer#0/flaky#0", "outer#0")
    await run.until_waiting()
    assert run.failure.message == "no network"
    flaky.broken = False
    run.retry()
    assert await run.finish() == "soundsoundxsound"
    assert await run.replay() == "soundsoundxsound"
    assert flaky.made == ["sound", "outer", "sound", "x", "outer", "x", "outer", "x", "sound"]


async def test_a_failure_that_the_workflow_raises_as_its_own_is_retried_from_its_step(flaky: Flaky) -> None:
    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(flaky.flaky, "x")
        except StepFailed as error:
            raise LookupError("no plan") from error

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.message == "no plan"
    flaky.broken = False
    assert run.retry() == ("flaky#0",)
    assert await run.finish() == "x"


async def test_what_was_told_after_a_failure_is_not_in_the_way_of_a_retry(flaky: Flaky) -> None:
    from pilothouse import ReasonCard

    @agent
    async def outer(ctx: Context) -> str:
        try:
            return await ctx.call(flaky.flaky, "x")
        except StepFailed:
            ctx.emit(ReasonCard(decision="inside"))
            raise

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(outer)
        except StepFailed:
            ctx.emit(ReasonCard(decision="outside"))
            raise

    run = Rehearsal(flow)
    await run.finish()
    flaky.broken = False
    run.retry()
    assert await run.finish() == "x"


async def test_a_step_after_whose_failure_the_workflow_went_on_stays_failed(flaky: Flaky) -> None:
    undone: list[str] = []

    @tool
    async def undo(ctx: Context) -> None:
        undone.append("undone")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(flaky.flaky, "x")
        except StepFailed:
            await ctx.act(undo)
            raise

    run = Rehearsal(flow)
    await run.finish()
    flaky.broken = False
    assert run.retry() == ()
    await run.until_waiting()
    assert run.failure.message == "no network"
    assert (flaky.made, undone) == (["x"], ["undone"])


async def test_a_fallback_that_failed_is_retried_and_the_failure_before_it_is_not(flaky: Flaky) -> None:
    @agent
    async def hopeless(ctx: Context) -> str:
        flaky.made.append("hopeless")
        raise ValueError("never")

    @workflow("w")
    async def flow(ctx: Context) -> str:
        try:
            return await ctx.call(hopeless)
        except StepFailed:
            return await ctx.call(flaky.flaky, "fallback")

    run = Rehearsal(flow)
    await run.finish()
    flaky.broken = False
    assert run.retry() == ("flaky#0",)
    assert await run.finish() == "fallback"
    assert flaky.made == ["hopeless", "fallback", "fallback"]


async def test_a_retry_of_a_workflow_whose_own_code_was_mended_goes_on_behind_its_journal(
    flaky: Flaky,
) -> None:
    bugs = [True]

    @workflow("w")
    async def flow(ctx: Context) -> Any:
        first = await ctx.call(flaky.sound)
        if bugs:
            raise KeyError("a bug")
        return first

    run = Rehearsal(flow)
    await run.finish()
    bugs.clear()
    assert run.retry() == ()
    assert await run.finish() == "sound"
    assert flaky.made == ["sound"]
