"""Deltas: pieces of an answer while it is made, for those who watch and for nobody else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import Context, agent, tool, workflow
from pilothouse.runtime import deltas
from pilothouse.runtime.deltas import PAYLOAD, WAITING, Delta, Deltas, Unheard, announce, read, split, written
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.listener import DELTAS
from pilothouse.runtime.tail_pages import Line
from support.journals import Connection, connected, make_run, write
from support.waiting import ended, submit, until

WORDS = [f"word{number} " for number in range(30)]
said = threading.Event()


@agent
async def talk(ctx: Context, pause: float) -> str:
    """Answer word by word."""
    for word in WORDS:
        ctx.delta(word)
        await asyncio.sleep(pause)
    return "".join(WORDS)


@agent
def talk_in_thread(ctx: Context, pause: float) -> str:
    """The same from a thread."""
    for word in WORDS:
        ctx.delta(word)
        said.wait(pause)
    return "".join(WORDS)


@workflow("talks")
async def talks(ctx: Context, in_thread: bool = False) -> str:
    """Wait to be watched, then talk."""
    await ctx.ask("start?", key="start")
    return await ctx.call(talk_in_thread if in_thread else talk, 0.01)


@tool
async def mention(ctx: Context, _value: None = None) -> str:
    """Use ctx.delta where it is not for."""
    ctx.delta("x")
    return ""


@workflow("wrong")
async def wrong(ctx: Context, by_tool: bool) -> str:
    """Use ctx.delta where it is not for."""
    if by_tool:
        return await ctx.act(mention)
    ctx.delta("x")
    return ""


@pytest.fixture
async def other(conninfo: str) -> AsyncIterator[Connection]:
    async with connected(conninfo) as connection:
        yield connection


@pytest.mark.parametrize("in_thread", [False, True])
async def test_who_watches_hears_an_answer_while_it_is_made(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Any]],
    in_thread: bool,
) -> None:
    worker, viewer = await open_engine(talks), await open_engine(talks)
    await start_worker(worker)
    run_id = await submit(worker, talks, in_thread)
    view = await viewer.feeds.follow(run_id, 0)
    await until(lambda: run_id in worker._deltas._watched)
    await until_asked(worker, run_id)
    await worker.answer(run_id, "ask:start", "yes")
    items: list[Any] = []
    async with asyncio.timeout(10):
        while not (items and isinstance(items[-1], Line) and items[-1].kind == "run_completed"):
            items += await anext(view)
    pieces = [item for item in items if isinstance(item, Delta)]
    step = "talk_in_thread#0" if in_thread else "talk#0"
    (done,) = [at for at, item in enumerate(items) if getattr(item, "kind", "") == "completed"]
    assert all(isinstance(item, Line) for item in items[done:])
    assert {(piece.run_id, piece.step) for piece in pieces} == {(run_id, step)}
    assert 3 <= len(pieces) < len(WORDS)  # batched, and not held back to the end
    heard = ""
    for piece in pieces:
        assert piece.offset == len(heard)
        heard += piece.text
    assert "".join(WORDS).startswith(heard)
    assert not [entry for entry in await viewer.journal(run_id) if b"word3" in entry.payload][:-2]


async def until_asked(engine: Engine, run_id: UUID) -> None:
    async def asked() -> bool:
        return await engine.status(run_id) == "waiting"

    await until(asked)


async def test_nothing_is_said_of_a_run_that_nobody_watches(
    open_engine: Callable[..., Awaitable[Engine]], start_worker: Callable[..., Awaitable[Any]]
) -> None:
    engine = await open_engine(talks)
    heard: list[str | None] = []
    engine.listener.on(DELTAS, heard.append)
    await start_worker(engine)
    run_id = await submit(engine, talks)
    await until_asked(engine, run_id)
    await engine.answer(run_id, "ask:start", "yes")

    async def completed() -> bool:
        return await engine.status(run_id) == "completed"

    await until(completed)
    assert [payload for payload in heard if payload] == []
    assert engine._deltas._task is None


@pytest.mark.parametrize("by_tool", [False, True])
async def test_only_agents_have_answers_to_show(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Any]],
    by_tool: bool,
) -> None:
    engine = await open_engine(wrong)
    await start_worker(engine)
    last = await ended(engine, await submit(engine, wrong, by_tool))
    assert last.kind == "run_failed"
    assert b"ctx.delta is for agents" in last.payload


async def test_a_run_is_forgotten_that_nobody_names_any_more(
    open_engine: Callable[..., Awaitable[Engine]], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = await open_engine()
    speaker: Deltas = engine._deltas
    first, second = uuid4(), uuid4()
    moment = 1_000.0
    monkeypatch.setattr(deltas, "elapsed", lambda: moment)
    await announce(engine.store.watches, [first])
    await until(lambda: first in speaker._watched)
    moment += deltas.REMEMBERED + 1
    speaker.say(Delta(first, "s", 0, "x"))
    assert speaker._pieces == {}
    await announce(engine.store.watches, [second])
    await until(lambda: second in speaker._watched)
    assert first not in speaker._watched


async def test_what_cannot_be_sent_soon_is_left_out(open_engine: Callable[..., Awaitable[Engine]]) -> None:
    engine = await open_engine()
    speaker: Deltas = engine._deltas
    run_id = uuid4()
    await announce(engine.store.watches, [run_id])
    await until(lambda: run_id in speaker._watched)
    for number in range(3):
        speaker.say(Delta(run_id, "s", number * WAITING // 2, "x" * (WAITING // 2)))
    assert sum(len(delta.text) for delta in speaker._pieces.values()) == WAITING
    speaker._pieces.clear()
    speaker._waiting = 0
    speaker.say(Delta(run_id, "t", 0, "half \ud83d"))
    assert [delta.text for delta in speaker._pieces.values()] == ["half ?"]
    Unheard().say(Delta(run_id, "s", 0, "x"))


async def test_a_late_piece_of_a_step_that_has_ended_is_left_out(
    open_engine: Callable[..., Awaitable[Engine]], other: Connection
) -> None:
    engine = await open_engine()
    run_id = await make_run(other)
    view = await engine.feeds.follow(run_id, 0)
    await write(other, run_id, key="talk#0", kind="completed")
    await anext(view)
    for step in ("talk#0", "talk#1"):
        await other.execute("select pg_notify(%s, %s)", (DELTAS, written(Delta(run_id, step, 0, "x"))))
    assert [item.step for item in await anext(view)] == ["talk#1"]


async def test_a_piece_that_makes_no_sense_is_passed_over(
    open_engine: Callable[..., Awaitable[Engine]], other: Connection
) -> None:
    engine = await open_engine()
    run_id = await make_run(other)
    view = await engine.feeds.follow(run_id, 0)
    for payload in ("", "x", f'["{run_id}"]', f'["{run_id}", 1, "x", 2]', f'["{uuid4()}", "s", 0, "x"]'):
        await other.execute("select pg_notify(%s, %s)", (DELTAS, payload))
    await write(other, run_id)
    (line,) = await anext(view)
    assert line.seq == 1


@given(st.text(min_size=1, max_size=30_000), st.text(max_size=200), st.integers(0, 10**9))
def test_pieces_fit_into_notifications_and_are_the_text_again(text: str, step: str, offset: int) -> None:
    delta = Delta(uuid4(), step, offset, text)
    parts = [next(read(written(part))) for part in split(delta)]
    assert "".join(part.text for part in parts) == text
    assert [part.offset for part in parts] == [
        offset + sum(len(part.text) for part in parts[:at]) for at in range(len(parts))
    ]
    assert all(len(written(part).encode()) <= PAYLOAD for part in parts)
    assert all(orjson.loads(written(part))[1] == step for part in parts)


def test_a_step_whose_path_fills_a_notification_says_nothing() -> None:
    assert list(split(Delta(uuid4(), "x" * PAYLOAD, 0, "text"))) == []
    assert list(split(Delta(uuid4(), "x" * (PAYLOAD - 110), 0, "\x00\x00"))) != []
