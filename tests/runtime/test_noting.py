"""Flags as workflows see them: told once, and the same at every replay."""

from __future__ import annotations

from dataclasses import replace

from pilothouse import Context, workflow
from pilothouse.runtime.switches import Unswitched
from support.rehearsal import Rehearsal


class Flagged(Unswitched):
    """Flags that are on, each with a subject."""

    def __init__(self, *on: str) -> None:
        self.set_on = set(on)

    def on(self, name: str, tenant_id: str, subject: str = "") -> bool:
        return tenant_id == "default" and f"{name}/{subject}" in self.set_on


async def test_whether_a_flag_is_on_is_told_once() -> None:
    @workflow("w")
    async def flow(ctx: Context) -> list[bool]:
        first = ctx.flag("new", "ada")
        await ctx.ask("Go on?")
        return [first, ctx.flag("new", "ada"), ctx.flag("other")]

    run, flags = Rehearsal(flow), Flagged("new/ada")
    run.services = replace(run.services, switches=flags)
    await run.until_waiting()
    flags.set_on = {f"other/{run.run_id.hex}"}
    assert await run.finish() == [True, False, True]
    flags.set_on.clear()
    assert await run.replay() == [True, False, True]
    assert await Rehearsal(flow).finish() == [False, False, False]


async def test_what_can_be_no_flag_is_an_error_and_another_one_at_replay_a_difference() -> None:
    asked = "Not a flag"

    @workflow("w")
    async def flow(ctx: Context) -> bool:
        return ctx.flag(asked)

    run = Rehearsal(flow)
    await run.finish()
    assert run.failure.code == "invalid_input"
    asked = "new"
    run = Rehearsal(flow)
    assert await run.finish() is False
    asked = "newer"
    run.entries.pop()
    run.status = "queued"
    await run.turn()
    assert (run.failure.code, "flag#0" in run.failure.message) == ("non_determinism", True)
