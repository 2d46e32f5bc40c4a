"""Random programs, interrupted at random appends, do what they do undisturbed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse import Context, agent, workflow
from pilothouse.runtime.entries import Kind
from support.programs import PROGRAMS, Program, Programs, flaky_sequences
from support.rehearsal import Rehearsal

RESULTS = (
    *(Kind.COMPLETED, Kind.FAILED, Kind.OUTCOME, Kind.ASKED, Kind.ANSWERED, Kind.EXPIRED),
    *(Kind.SLEPT, Kind.WOKE, Kind.SAVED, Kind.EMITTED, Kind.NOTED, Kind.GATHERED, Kind.SETTLED),
)


SUCCESSES = (Kind.COMPLETED, Kind.OUTCOME, Kind.ANSWERED, Kind.WOKE, Kind.GATHERED)


def result(run: Rehearsal) -> Any:
    if run.status == "completed":
        return run.output
    failure = run.failure
    return failure.code, failure.message, failure.error_type, failure.steps


@settings(max_examples=150, deadline=None)
@given(
    PROGRAMS,
    st.frozensets(st.integers(1, 30), max_size=12),
    st.frozensets(st.integers(1, 30), max_size=12),
)
async def test_an_interrupted_program_gives_the_same_result_and_computes_nothing_journalled_again(
    program: Program, before: frozenset[int], after: frozenset[int]
) -> None:
    programs = Programs(program)
    calm = await programs.finish()
    shaken = await programs.finish(lose_before=before, lose_after=after)
    assert result(shaken) == result(calm)
    assert Counter(shaken.kinds(*RESULTS)) == Counter(calm.kinds(*RESULTS))
    assert programs.again == []


@settings(max_examples=60, deadline=None)
@given(PROGRAMS)
async def test_a_program_that_is_replayed_as_a_whole_writes_nothing_and_gives_the_same_result(
    program: Program,
) -> None:
    programs = Programs(program)
    run = await programs.finish()
    first = result(run)
    await run.replay()
    assert result(run) == first
    assert programs.again == []


@settings(max_examples=100, deadline=None)
@given(flaky_sequences(2), st.frozensets(st.integers(1, 30), max_size=8))
async def test_a_failed_program_that_is_retried_until_nothing_fails_gives_what_it_would_have_given(
    program: Program, before: frozenset[int]
) -> None:
    programs = Programs(program)
    programs.mended = True
    calm = await programs.finish()
    programs.mended = False
    shaken = await programs.finish(lose_before=before)
    for _ in range(100):
        if shaken.status == "completed":
            break
        assert shaken.failure.message == "flaky"
        assert shaken.retry()
        await shaken.finish(answer=lambda key: f"answer to {key}")
    assert result(shaken) == result(calm)
    assert set(shaken.kinds(*SUCCESSES)) == set(calm.kinds(*SUCCESSES))
    assert programs.again == []
    assert await shaken.replay() == result(calm)


@settings(max_examples=100, deadline=None)
@given(
    flaky_sequences(2),
    st.frozensets(st.integers(1, 30), max_size=6),
    st.frozensets(st.integers(0, 30), max_size=12),
)
async def test_answers_that_come_at_any_moment_of_a_turn_change_nothing(
    program: Program, before: frozenset[int], answer_at: frozenset[int]
) -> None:
    programs = Programs(program)
    programs.mended = True
    calm = await programs.finish()
    shaken = await programs.finish(answer_at, lose_before=before)
    assert result(shaken) == result(calm)
    assert Counter(shaken.kinds(*SUCCESSES)) == Counter(calm.kinds(*SUCCESSES))
    assert programs.again == []


async def test_every_single_append_may_be_lost() -> None:
    program: Program = [
        ("call", 1, False),
        (
            "gather",
            [[("ask", "person"), ("call", 2, False)], [("sleep", 5), ("act", 3, False)], [("thread", 1)]],
        ),
        (
            "caught",
            [("gather", [[("ask", "expires")], [("agent", [("call", 0, False), ("call", 1, True)])]])],
        ),
        ("save", "a.txt"),
        ("now",),
        ("agent", [("act", 1, False), ("emit",), ("ask", "default")]),
        ("sleep", 1),
    ]
    programs = Programs(program)
    calm = await programs.finish()
    for number in range(1, calm.appends + 1):
        for losses in ({"lose_before": {number}}, {"lose_after": {number}}):
            shaken = await programs.finish(**losses)
            assert result(shaken) == result(calm)
            assert Counter(shaken.kinds(*RESULTS)) == Counter(calm.kinds(*RESULTS))
    assert programs.again == []


async def test_of_ten_thousand_journalled_steps_none_is_computed_again() -> None:
    computed = 0

    @agent
    async def step(ctx: Context, number: int) -> int:
        nonlocal computed
        computed += 1
        return number + 1

    @workflow("long")
    async def flow(ctx: Context) -> int:
        number = 0
        for _ in range(10_000):
            number = await ctx.call(step, number)
        return number

    run = Rehearsal(flow)
    assert await run.finish() == 10_000
    assert await run.replay() == 10_000
    assert computed == 10_000  # how long it takes is measured by `./dev bench spine`
