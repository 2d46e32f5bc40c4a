"""Forks on a real database: what they share, what they execute, what is refused, and forks of forks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import pytest

from pilothouse import Context, agent, tool, workflow
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.errors import WrongType
from pilothouse.runtime.forking import ForkOrder, ForkUnfit
from pilothouse.runtime.history import History, read_fork
from support.waiting import output, rows, shown, status, submit

Open = Callable[..., Awaitable[Engine]]
Start = Callable[..., Awaitable[object]]

computed: list[str] = []
paid: list[str] = []


@agent
async def double(ctx: Context, number: int) -> int:
    computed.append(f"double {number}")
    return 2 * number


@agent
async def weigh(ctx: Context, text: str) -> str:
    computed.append(f"weigh {text}")
    return await ctx.ask("Really?", choices=["Yes", "No"], key="sure")


@tool
async def pay(ctx: Context, amount: int) -> str:
    paid.append(ctx.idempotency_key)
    return f"paid {amount}"


@workflow("shopping")
async def shopping(ctx: Context, amount: int) -> list[str]:
    doubled = await ctx.call(double, 7)
    color = await ctx.ask("Which?", choices=["red", "blue"], key="color")
    sure = await ctx.call(weigh, color)
    receipt = await ctx.act(pay, amount + doubled)
    await ctx.save(f"{color}.txt", receipt)
    return [color, sure, receipt, str(ctx.id()), str(ctx.random().random())]


SURE = "weigh#0/ask:sure"


@pytest.fixture
async def engine(open_engine: Open, start_worker: Start) -> Engine:
    computed.clear()
    paid.clear()
    made = await open_engine(shopping)
    await start_worker(made)
    return made


async def bought(engine: Engine, color: str = "red") -> UUID:
    """A completed run."""
    run_id = await submit(engine, shopping, 10)
    await answered(engine, run_id, "ask:color", color)
    await answered(engine, run_id, SURE, "Yes")
    await output(engine, run_id)
    return run_id


async def answered(engine: Engine, run_id: UUID, key: str, text: str) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                await engine.answer(run_id, key, text)
            except NotFound:
                await asyncio.sleep(0.005)
            else:
                return


async def fork(engine: Engine, parent: UUID, **changes: object) -> UUID:
    return await engine.fork(ForkOrder(parent, "default", **changes))


async def test_a_fork_shares_what_comes_before_the_step_and_executes_the_rest(engine: Engine) -> None:
    parent = await bought(engine)
    computed.clear()
    made = await fork(engine, parent, at="pay#0")
    assert await output(engine, made) == await output(engine, parent)
    assert computed == []
    assert paid == [f"{parent}:pay#0", f"{made}:pay#0"]
    own = rows(engine.store.conninfo, "select min(seq) from journal where run_id = %s", made)
    before = [kind for kind, _ in await shown(engine, parent)].index("dispatch")
    assert own == [(before + 1,)]
    assert (await shown(engine, made))[:before] == (await shown(engine, parent))[:before]
    assert [entry.seq for entry in await engine.journal(made)] == list(
        range(1, len(await engine.journal(made)) + 1)
    )


async def test_another_answer_is_given_beforehand_and_questions_behind_it_are_asked_anew(
    engine: Engine,
) -> None:
    parent = await bought(engine)
    computed.clear()
    made = await fork(engine, parent, answers={"color": "BLUE"})
    await answered(engine, made, SURE, "No")
    assert (await output(engine, made))[:3] == ["blue", "No", "paid 24"]
    assert computed == ["weigh blue", "weigh blue"]  # before the question, and when it was answered
    assert (await output(engine, parent))[:2] == ["red", "Yes"]
    found = rows(
        engine.store.conninfo, "select key, status from questions where run_id = %s order by key", made
    )
    assert found == [("ask:color", "answered"), (SURE, "answered")]


async def test_a_question_that_was_open_at_the_cut_is_asked_by_the_fork_as_its_own(
    open_engine: Open, start_worker: Start
) -> None:
    @workflow("aside")
    async def aside(ctx: Context) -> list[object]:
        async def arm() -> int:
            await ctx.sleep(0.01)
            return await ctx.call(double, 4)

        return await ctx.gather(ctx.ask("Which?", key="which"), arm())

    engine = await open_engine(aside)
    await start_worker(engine)
    run_id = await submit(engine, aside)
    async with asyncio.timeout(15):
        while ("completed", "gather#0/1/double#0") not in await shown(engine, run_id):
            await asyncio.sleep(0.005)
    made = await fork(engine, run_id, at="double#0")
    prefix = (await shown(engine, made))[:-1]
    assert ("asked", "gather#0/0/ask:which") in prefix
    await answered(engine, made, "gather#0/0/ask:which", "mine")
    assert await output(engine, made) == ["mine", 8]
    await status(engine, run_id, "waiting")


async def test_another_input_begins_anew_where_no_step_is_named(engine: Engine) -> None:
    parent = await bought(engine)
    made = await fork(engine, parent, payload=b"100", answers={"color": "blue", SURE: "yes"})
    assert (await output(engine, made))[:3] == ["blue", "Yes", "paid 114"]
    entries = await engine.journal(made)
    assert [entry.kind for entry in entries[:2]] == [Kind.SUBMITTED, Kind.FORKED]
    assert History(entries).input == b"100"


async def test_another_input_that_fits_what_is_shared_keeps_it(engine: Engine) -> None:
    parent = await bought(engine)
    computed.clear()
    made = await fork(engine, parent, at="pay#0", payload=b"100")
    assert (await output(engine, made))[2] == "paid 114"
    assert computed == []


async def test_an_input_with_which_a_shared_step_would_differ_is_refused_with_the_latest_cut_that_fits(
    engine: Engine,
) -> None:
    parent = await bought(engine)
    with pytest.raises(ForkUnfit, match="act pay#0 has other arguments") as caught:
        await fork(engine, parent, at="save#0", payload=b"100")
    assert "Fork at pay#0" in str(caught.value)
    assert len(paid) == 1
    assert rows(engine.store.conninfo, "select count(*) from runs") == [(1,)]


async def test_a_fork_of_a_fork_shares_what_both_have(engine: Engine) -> None:
    parent = await bought(engine)
    child = await fork(engine, parent, at="weigh#0")
    await answered(engine, child, SURE, "No")
    await output(engine, child)
    grandchild = await fork(engine, child, at="save#0")
    assert await output(engine, grandchild) == await output(engine, child)
    kinds = [kind for kind, _ in await shown(engine, grandchild)]
    assert kinds.count("forked") == 2
    assert len(paid) == 2
    elder = await fork(engine, child, at="double#0", answers={"color": "red", "sure": "Yes"})
    assert await output(engine, elder) == await output(engine, parent)
    assert [kind for kind, _ in await shown(engine, elder)].count("forked") == 1


async def test_a_fork_behind_the_cut_of_its_parent_keeps_the_parents_input(engine: Engine) -> None:
    parent = await bought(engine)
    child = await fork(engine, parent, at="pay#0", payload=b"100")
    await output(engine, child)
    made = await fork(engine, child, at="double#0", answers={"color": "red", "sure": "Yes"})
    assert (await output(engine, made))[2] == "paid 114"


async def test_a_cancelled_fork_can_be_forked_and_its_parent_waits_on(engine: Engine) -> None:
    run_id = await submit(engine, shopping, 10)
    await status(engine, run_id, "waiting")
    made = await fork(engine, run_id, at="color")
    await status(engine, made, "waiting")
    await engine.cancel(made)
    assert await engine.status(run_id) == "waiting"
    again = await fork(engine, made, at="double#0")
    await answered(engine, again, "ask:color", "blue")
    await status(engine, again, "waiting")


async def test_the_same_key_makes_one_fork(engine: Engine) -> None:
    parent = await bought(engine)
    made = [await fork(engine, parent, at="pay#0", idempotency_key="k") for _ in range(2)]
    assert made[0] == made[1]
    with pytest.raises(Conflict, match="was used for another submission"):
        await fork(engine, parent, at="save#0", idempotency_key="k")


async def test_a_fork_says_where_it_left_which_labels_it_has_and_who_made_it(engine: Engine) -> None:
    parent = await engine.submit(Order("shopping", b"1", labels={"team": "a"}))
    await status(engine, parent, "waiting")
    made = await fork(engine, parent, at="color", principal="ada")
    other = await fork(engine, parent, at="color", labels={"team": "b"})
    found = rows(
        engine.store.conninfo,
        "select labels, principal, forked_from, forked_seq, seq - forked_seq from runs where id = %s",
        made,
    )
    assert found[0][:3] == ({"team": "a"}, "ada", parent)
    assert rows(engine.store.conninfo, "select labels from runs where id = %s", other) == [({"team": "b"},)]
    entry = next(entry for entry in await engine.journal(made) if entry.kind is Kind.FORKED)
    assert (read_fork(entry).step, entry.seq) == ("ask:color", found[0][3] + 1)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({}, InvalidInput, "not said where"),
        ({"at": "nowhere"}, NotFound, "no step 'nowhere'"),
        ({"at": "pay#0", "answers": {"color": "red"}}, Conflict, "is answered by entry"),
        ({"at": "color", "answers": {"color": "green"}}, InvalidInput, "not one of the choices"),
        ({"answers": {"size": "L"}}, NotFound, "does not ask 'size'"),
        ({"payload": b'"x"'}, WrongType, "valid integer"),
        ({"at": "pay#0", "labels": {"-": "x"}}, InvalidInput, "no label key"),
    ],
)
async def test_what_cannot_be_forked_so_is_refused(
    engine: Engine, changes: dict[str, object], error: type[Exception], message: str
) -> None:
    parent = await bought(engine)
    with pytest.raises(error, match=message):
        await fork(engine, parent, **changes)
    assert rows(engine.store.conninfo, "select count(*) from runs") == [(1,)]


async def test_an_unknown_run_and_a_strangers_have_no_forks(engine: Engine) -> None:
    parent = await bought(engine)
    with pytest.raises(NotFound):
        await fork(engine, uuid4(), at="pay#0")
    with pytest.raises(NotFound):
        await engine.fork(ForkOrder(parent, "other", at="pay#0"))


async def test_an_input_cannot_be_changed_where_the_workflow_is_not_installed(
    engine: Engine, open_engine: Open
) -> None:
    parent = await bought(engine)
    elsewhere = await open_engine()
    with pytest.raises(Conflict, match="is not installed here"):
        await fork(elsewhere, parent, payload=b"1")
    assert await output(engine, await fork(elsewhere, parent, at="pay#0"))


async def test_a_call_without_an_outcome_at_the_cut_is_asked_about(
    open_engine: Open, start_worker: Start
) -> None:
    release = asyncio.Event()
    calls: list[str] = []

    @tool
    async def slow(ctx: Context) -> str:
        calls.append(ctx.idempotency_key)
        await release.wait()
        return "done"

    @tool(idempotent=True)
    async def steady(ctx: Context) -> str:
        calls.append(ctx.idempotency_key)
        await release.wait()
        return "done"

    @agent
    async def late(ctx: Context) -> str:
        while len(calls) < 2:
            await asyncio.sleep(0.001)
        return "late"

    @workflow("both")
    async def both(ctx: Context) -> list[str]:
        async def twice() -> str:
            return await ctx.call(late) + await ctx.call(late)

        return await ctx.gather(ctx.act(slow), ctx.act(steady), twice())

    engine = await open_engine(both)
    await start_worker(engine)
    run_id = await submit(engine, both)
    async with asyncio.timeout(15):
        while ("completed", "gather#0/2/late#1") not in await shown(engine, run_id):
            await asyncio.sleep(0.01)
    assert len(calls) == 2
    made = await fork(engine, run_id, at="late#1")
    release.set()
    unknown = "gather#0/0/slow#0/1/ask#0"
    await answered(engine, made, unknown, "it happened")
    await answered(engine, made, "gather#0/0/slow#0/1/ask#1", '"by hand"')
    assert await output(engine, made) == ["by hand", "done", "latelate"]
    assert calls == [f"{run_id}:gather#0/0/slow#0", *[f"{run_id}:gather#0/1/steady#0"] * 2]


async def test_what_had_ended_in_other_branches_behind_the_cut_is_named_and_executed_anew(
    open_engine: Open, start_worker: Start
) -> None:
    @agent
    async def step(ctx: Context, name: str) -> str:
        computed.append(name)
        return name

    @workflow("arms")
    async def arms(ctx: Context) -> list[list[str]]:
        async def arm(name: str) -> list[str]:
            first = await ctx.call(step, f"{name}1")
            await ctx.sleep(0.02 if name == "a" else 0.1)
            return [first, await ctx.call(step, f"{name}2")]

        return await ctx.gather(arm("a"), arm("b"))

    engine = await open_engine(arms)
    await start_worker(engine)
    parent = await submit(engine, arms)
    await output(engine, parent)
    computed.clear()
    made = await fork(engine, parent, at="gather#0/0/step#1")
    assert await output(engine, made) == await output(engine, parent)
    assert sorted(computed) == ["a2", "b2"]
    entry = next(entry for entry in await engine.journal(made) if entry.kind is Kind.FORKED)
    assert read_fork(entry).dropped == ("gather#0/1/step#1",)
