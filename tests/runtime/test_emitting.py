"""Cards and progress on their way to the journal: what a guard changes in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from pilothouse import Context, Option, Progress, ReasonCard, agent, tool, workflow
from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.guarding import Blocked, Fits, Inlet, Passage, Passed
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.turn import SEAL_RUN
from pilothouse.runtime.workflows import Workflow
from support.rehearsal import Rehearsal


class Curtain:
    """Hides `secret`, blocks `bomb`, fails at `error`, loses the database at `lost` so many times."""

    def __init__(self, *, slow: bool = False, losses: int = 0) -> None:
        self.slow, self.losses = slow, losses
        self.emitted: list[str] = []

    async def check(self, passage: Passage, data: bytes, fits: Fits | None = None) -> Passed:
        if passage.inlet is not Inlet.EMITTED:
            return Passed(data)
        self.emitted.append(passage.step)
        if self.slow:
            await asyncio.sleep(0.01)
        told = [Statement("told", (passage.step,))]
        if b"lost" in data and self.losses:
            self.losses -= 1
            raise DatabaseUnavailable("It is away.")
        if b"error" in data:
            raise ZeroDivisionError
        if b"bomb" in data:
            raise Blocked("Kept out: bomb.", told=told)
        masked = data.replace(b"secret", b"<W:aaaa>").replace(b"4539", b'"<N:aaaa>"')
        if masked == data or (fits is not None and not fits(masked)):
            return Passed(data)
        return Passed(masked, personal=True, kept=[Statement("kept", ())], told=told)

    async def restored(self, tenant_id: str, run_id: UUID, data: bytes) -> bytes:
        return data

    def shows(self, tenant_id: str) -> bool:
        return True

    def carried(self, tenant_id: str, source: UUID, target: UUID) -> Sequence[Statement]:
        return ()


@tool(idempotent=True)
async def use(ctx: Context, word: str) -> str:
    return word


@agent
def think(ctx: Context, word: str) -> str:
    """Say what it thinks, from a thread."""
    ctx.emit(ReasonCard(decision=f"a {word}", alternatives=(Option(name=word, reason=word),), confidence=0.5))
    return "thought"


def guarded(
    flow: Workflow, value: object = None, *, slow: bool = False, losses: int = 0
) -> tuple[Rehearsal, Curtain]:
    run, curtain = Rehearsal(flow, value), Curtain(slow=slow, losses=losses)
    run.services = replace(run.services, guard=curtain)
    return run, curtain


def emitted(run: Rehearsal) -> list[dict[str, dict[str, object]]]:
    return [orjson.loads(payload(entry)) for entry in run.entries if entry.kind is Kind.EMITTED]


def payload(entry: Entry) -> bytes:
    return decode(entry.codec, entry.payload)


def told(run: Rehearsal) -> list[object]:
    return [next(iter(one.parameters)) for one in run.statements if one.sql == "told"]


@workflow("thinks")
async def thinks(ctx: Context, word: str) -> str:
    ctx.emit(Progress(message=f"beginning with {word}", done=1, total=3))
    said = await ctx.call(think, word)
    await ctx.sleep(1)
    return await ctx.act(use, said)


@pytest.mark.parametrize("slow", [False, True])
async def test_what_is_emitted_is_masked_before_it_is_journalled_and_told_once(slow: bool) -> None:
    run, _ = guarded(thinks, "secret", slow=slow)
    assert await run.finish() == "thought"
    first, card = (next(iter(one.values())) for one in emitted(run))
    assert first["message"] == "beginning with <W:aaaa>"
    assert (card["decision"], card["agent"], card["confidence"]) == ("a <W:aaaa>", "think", 0.5)
    assert card["alternatives"] == [{"name": "<W:aaaa>", "reason": "<W:aaaa>", "score": None}]
    assert b"a secret" not in b"".join(payload(entry) for entry in run.entries[1:])
    assert told(run) == ["emit#0", "think#0/emit#0"], "and not again at the replay"
    assert SEAL_RUN in [one.sql for one in run.statements]


@pytest.mark.parametrize("slow", [False, True])
async def test_the_order_of_entries_is_that_in_which_they_were_made(slow: bool) -> None:
    @workflow("many")
    async def many(ctx: Context) -> None:
        for at in range(3):
            ctx.emit(Progress(message=f"{at} secret", done=at, total=3))
            await asyncio.gather(*[ctx.act(use, f"{at} {one}") for one in range(1)])

    run, _ = guarded(many, slow=slow)
    await run.finish()
    kinds = [entry.kind for entry in run.entries if entry.kind in {Kind.EMITTED, Kind.DISPATCH}]
    assert kinds == [Kind.EMITTED, Kind.DISPATCH] * 3


async def test_branches_that_emit_at_once_lose_nothing_and_replay() -> None:
    @workflow("arms")
    async def arms(ctx: Context) -> list[str]:
        found: list[str] = await ctx.gather(*[ctx.call(think, f"secret {at}") for at in range(8)])
        await ctx.sleep(1)
        return found

    run, curtain = guarded(arms, slow=True)
    assert await run.finish() == ["thought"] * 8
    assert len(emitted(run)) == 8
    assert sorted(curtain.emitted) == [f"gather#0/{at}/think#0/emit#0" for at in range(8)], "each once"
    assert len(told(run)) == 8
    before = [entry.kind for entry in run.entries if entry.kind is Kind.ENTERED]
    assert len(before) == 8
    assert await run.replay() == ["thought"] * 8


async def test_what_is_blocked_is_left_out_and_the_run_goes_on() -> None:
    run, _ = guarded(thinks, "bomb")
    assert await run.finish() == "thought"
    first, card = (next(iter(one.values())) for one in emitted(run))
    assert first["message"] == "A guard has kept back what was said. Kept out: bomb."
    assert (first["done"], first["total"]) == (1.0, 3.0)
    assert (card["agent"], card["confidence"], card["alternatives"]) == ("think", 0.5, [])
    assert len(told(run)) == 2


async def test_what_cannot_be_looked_at_is_kept_back() -> None:
    run, _ = guarded(thinks, "error")
    assert await run.finish() == "thought"
    first, _ = (next(iter(one.values())) for one in emitted(run))
    assert first["message"] == "A guard has kept back what was said. (ZeroDivisionError)"


async def test_a_database_that_is_away_loses_the_turn_and_nothing_else() -> None:
    run, _ = guarded(thinks, "lost secret", losses=1)
    assert await run.finish() == "thought"
    assert run.turns > 2
    assert [next(iter(one)) for one in emitted(run)] == ["progress", "card"]
    assert "secret" not in str(emitted(run))


async def test_what_would_be_no_progress_any_more_stays_as_it_is() -> None:
    @workflow("numbers")
    async def numbers(ctx: Context) -> None:
        await ctx.emit(Progress(done=4539, total=9999))

    run, _ = guarded(numbers)
    await run.finish()
    assert emitted(run)[0]["progress"]["done"] == 4539.0
    assert told(run) == []


async def test_a_lost_append_says_it_once_more_and_tells_it_once() -> None:
    run, _ = guarded(thinks, "secret")
    run.lose_next(Kind.EMITTED)
    await run.finish()
    assert told(run) == ["emit#0", "think#0/emit#0"]
