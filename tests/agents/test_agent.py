"""The `@agent` decorator: what becomes an agent, with which options."""

from __future__ import annotations

import threading

import pytest
from pydantic import BaseModel

from pilothouse import Context, agent, workflow
from pilothouse.errors import InvalidInput
from support.rehearsal import Rehearsal


class Ticket(BaseModel):
    text: str


def test_a_function_becomes_an_agent_with_its_name_its_types_and_its_first_line() -> None:
    @agent
    async def triage(ctx: Context, ticket: Ticket) -> int:
        """Sort a ticket.

        At length.
        """
        return len(ticket.text)

    assert (triage.name, triage.summary, triage.prompt, triage.timeout) == (
        "triage",
        "Sort a ticket.",
        None,
        None,
    )
    assert (triage.signature.input_type, triage.signature.output_type) == (Ticket, int)
    assert [rung.name for rung in triage.rungs] == ["expert"]


def test_options_are_kept() -> None:
    @agent(name="other.name", prompt="support/triage", timeout=7)
    def triage(ctx: Context) -> None: ...

    assert (triage.name, triage.prompt, triage.timeout, triage.summary) == (
        "other.name",
        "support/triage",
        7,
        "",
    )


def test_a_function_that_is_no_agent_is_refused() -> None:
    def nothing() -> None: ...

    with pytest.raises(InvalidInput, match="takes 0 parameters"):
        agent(nothing)
    with pytest.raises(InvalidInput, match="takes 3 parameters"):
        agent(name="many")(lambda _ctx, _a, _b: None)
    with pytest.raises(InvalidInput, match="cannot name an agent"):
        agent(lambda _ctx: None)  # a lambda has no name that a step could have


async def test_a_plain_function_runs_in_a_thread_and_an_async_one_in_the_loop() -> None:
    @agent
    def plain(ctx: Context) -> bool:
        return threading.current_thread() is threading.main_thread()

    @agent
    async def awaited(ctx: Context) -> bool:
        return threading.current_thread() is threading.main_thread()

    @workflow("w")
    async def flow(ctx: Context) -> list[bool]:
        return [await ctx.call(plain), await ctx.call(awaited)]

    assert await Rehearsal(flow).finish() == [False, True]
