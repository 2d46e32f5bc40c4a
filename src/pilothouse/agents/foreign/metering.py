"""What an agent of another framework has used: each request to a model as a row of usage, all on a card."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.kit.clock import elapsed
from pilothouse.runtime.booking import Asker, Request
from pilothouse.runtime.branch import current
from pilothouse.runtime.cards import ReasonCard
from pilothouse.runtime.context import Context, turn_of


class Usage(BaseModel):
    """Requests to one model and their tokens, as the provider counted them (0: it did not say).

    `price_unknown` where nobody knows what some of them cost.
    """

    model_config = ConfigDict(frozen=True)

    model: str = ""
    requests: int = Field(default=0, ge=0)
    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    price_unknown: bool = False


class Meter:
    """Adds up what one call of an agent uses, by model. What a replay tells again counts as it did before."""

    def __init__(self) -> None:
        """Nothing has been used."""
        self._used: dict[str, Usage] = {}

    def add(self, model: str, input_tokens: int, output_tokens: int, *, priced: bool = True) -> None:
        """Count one request. What a provider counts below zero is 0."""
        before = self._used.get(model, Usage(model=model))
        self._used[model] = Usage(
            model=model,
            requests=before.requests + 1,
            input_tokens=before.input_tokens + max(input_tokens, 0),
            output_tokens=before.output_tokens + max(output_tokens, 0),
            price_unknown=before.price_unknown or not priced,
        )

    @property
    def used(self) -> tuple[Usage, ...]:
        """What was used, by model."""
        return tuple(self._used[model] for model in sorted(self._used))


def report(ctx: Context, used: tuple[Usage, ...]) -> None:
    """Put on the record what a call has used; nothing where it asked no model."""
    if not used:
        return
    requests = sum(each.requests for each in used)
    tokens = sum(each.input_tokens + each.output_tokens for each in used)
    ctx.emit(
        ReasonCard(
            title="Usage",
            decision=f"{requests:,} model request{'s' * (requests != 1)}, {tokens:,} tokens",
            outputs={each.model or "unknown": _shown(each) for each in used},
        )
    )


def _shown(used: Usage) -> dict[str, Any]:
    return used.model_dump(exclude={"model"} if used.price_unknown else {"model", "price_unknown"})


class Row:
    """A row of usage in the making. `request` is what is known so far of the request that it is about."""

    def __init__(self, request: Request) -> None:
        """Nothing has come back yet."""
        self.request = request


@contextmanager
def asking(ctx: Context, agent: str, request: Request) -> Iterator[Row]:
    """The block is one request that `agent` makes to a model: a row of usage, also where it fails."""
    row, step, begun, outcome = Row(request), current.get().path, elapsed(), "ok"
    try:
        yield row
    except BaseException as error:
        from pilothouse.llm.service import outcome_of  # which loads what speaks with models

        outcome = outcome_of(error)
        raise
    finally:
        book(ctx, agent, step, replace(row.request, seconds=elapsed() - begun, outcome=outcome))


def book(ctx: Context, agent: str, step: str, request: Request) -> None:
    """Have the row of a request written with what is journalled next: the result, or the failure, of `step`.

    Whatever a worker loses before that is done again, and a request that is made again is another one.
    """
    turn = turn_of(ctx)
    claim = turn.claim
    workflow = claim.pin.partition("@")[0]
    asker = Asker(claim.tenant_id, claim.run_id, claim.principal, workflow, step, agent)
    turn.write_beside(*turn.services.book.booked(asker, request))


def priced(ctx: Context, request: Request) -> bool:
    """Whether anybody knows what a request costs."""
    return turn_of(ctx).services.book.priced(request)
