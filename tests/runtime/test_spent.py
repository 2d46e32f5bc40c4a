"""What a tool tells of its own call: what it takes at most, what it took, and what is written beside."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from pilothouse import Context, Money, tool, workflow
from pilothouse.runtime import acting
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.governing import Action, AllowAll, Spent
from pilothouse.runtime.ports import Statement
from support.rehearsal import Rehearsal

CENT = Money(Decimal("0.01"), "USD")


class Till(AllowAll):
    """Allows everything, and keeps the actions that it settled."""

    def __init__(self) -> None:
        self.settled: list[tuple[Action, bool]] = []

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        self.settled.append((action, succeeded))
        return ()


def spending(*, fails: bool = False, tokens: Any = len) -> Any:
    @tool(cost=lambda text: Money(Decimal(len(text)), "USD"), tokens=tokens, idempotent=True)
    async def ask(ctx: Context, text: str) -> str:
        ctx.spent(cost=CENT, tokens=3)
        acting.account().beside.append(Statement("insert into usage values (%s)", (text,)))
        if fails:
            message = "cut off"
            raise OSError(message)
        return text.upper()

    @workflow("asking")
    async def asking(ctx: Context, text: str) -> str:
        return await ctx.act(ask, text)

    return asking


async def test_what_a_call_took_is_settled_in_the_place_of_what_was_said_before() -> None:
    till, appended = Till(), list[Any]()
    run = Rehearsal(spending(), "four", governor=till)
    run.while_appending = appended.append
    assert await run.finish() == "FOUR"
    ((action, succeeded),) = till.settled
    assert (action.cost, action.tokens, succeeded) == (Money(Decimal(4), "USD"), 4, True)
    assert action.spent == Spent(CENT, 3)
    dispatch, outcome, _ = appended
    assert dispatch.beside == ()
    assert [statement.parameters for statement in outcome.beside] == [("four",)]


async def test_what_a_call_took_is_settled_also_where_it_fails_afterwards() -> None:
    till, appended = Till(), list[Any]()
    run = Rehearsal(spending(fails=True), "four", governor=till)
    run.while_appending = appended.append
    await run.finish()
    assert "cut off" in run.failure.message
    ((action, succeeded),) = till.settled
    assert (action.spent, succeeded) == (Spent(CENT, 3), False)
    assert [statement.parameters for statement in appended[1].beside] == [("four",)]


async def test_a_replay_settles_nothing_again() -> None:
    till = Till()
    run = Rehearsal(spending(), "four", governor=till, lose_after={2})
    assert await run.finish() == "FOUR"
    assert len(till.settled) == 1


@pytest.mark.parametrize("tokens", [lambda _: -1, lambda _: "many", lambda _: 1 / 0])
async def test_an_action_whose_tokens_cannot_be_told_is_denied(tokens: Any) -> None:
    run = Rehearsal(spending(tokens=tokens), "four", governor=Till())
    await run.finish()
    assert (run.failure.code, "of ask" in run.failure.message) == ("denied", True)
    assert run.payloads(Kind.DISPATCH) == []


async def test_only_a_tool_can_say_what_it_took() -> None:
    @workflow("asking")
    async def asking(ctx: Context) -> str:
        ctx.spent(tokens=1)
        return ""

    run = Rehearsal(asking)
    await run.finish()
    assert "ctx.spent is for tools" in run.failure.message
