"""What is written beside appends: reservations with the dispatch, what was spent with the outcome.

The statements are gathered: all actions whose appends share a transaction lock a budget's row once, whether
they reserve or settle, and hold it from there to the commit that follows in the same round trip. The order of
locks is that of the runs' rows first and of the periods' keys then, in every transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from pilothouse.budgets.applying import Need
from pilothouse.budgets.repository.statements import ACCOUNT, EXHAUST
from pilothouse.budgets.schemas import Beyond
from pilothouse.errors import InvalidInput
from pilothouse.runtime.governing import Action
from pilothouse.runtime.ports import Statement


def reserve(action: Action, needs: Iterable[Need], *, granted: Collection[str] = ()) -> list[Statement]:
    """What reserves all that an action needs, or nothing and declines the append.

    With an approval of the roles in `granted` it may go beyond the limits of budgets that ask for one.
    """
    return [
        Statement(
            ACCOUNT,
            {
                "run_id": action.run_id,
                "step": action.step,
                "budget_id": need.limits.id,
                "period": need.window.key,
                "starts_at": need.window.starts_at,
                "ends_at": need.window.ends_at,
                "amount": need.amount,
                "beyond": goes_beyond(need, granted),
            },
            gathered=True,
        )
        for need in needs
    ]


def goes_beyond(need: Need, granted: Collection[str]) -> bool:
    """Whether an approval lets an action go beyond this budget's hard limit."""
    return need.limits.beyond is Beyond.APPROVAL and need.limits.role in granted


def settle(action: Action, *, succeeded: bool) -> list[Statement]:
    """What turns an action's reservations into what was spent; done again, it changes nothing.

    Where nobody has told what it has `spent`, what succeeded cost what was reserved and what failed nothing;
    an action it was in both cases. Raises `InvalidInput` for a cost in another currency than the tool named.
    """
    cost, tokens = action.spent or (None, None)
    if cost is not None and action.cost is not None and cost.currency != action.cost.currency:
        message = f"{action.tool} costs {action.cost.currency}, and {cost} was told to have been spent."
        raise InvalidInput(message, hint="Settle an action in the currency that its tool names.")
    parameters = {
        "run_id": action.run_id,
        "step": action.step,
        "succeeded": succeeded,
        "money": None if cost is None else cost.amount,
        "currency": None if cost is None else cost.currency,
        "tokens": tokens,
    }
    return [Statement(ACCOUNT, parameters, gathered=True)]


def exhaust(needs: Iterable[Need]) -> list[Statement]:
    """What makes the alert that budgets are used up, beside the append of a denial."""
    return [Statement(EXHAUST, (need.limits.id, need.window.key), gathered=True) for need in needs]
