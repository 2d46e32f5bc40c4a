"""Runs cases against versions: so many at once, each so often, within a bound on what it may cost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from pilothouse.evaluations.checks import Check
from pilothouse.evaluations.errors import NotJudged
from pilothouse.evaluations.schemas import OVER, Case, Mark, Reply, Sheet, Trial

Ask = Callable[[Case], Awaitable[Reply]]
"""Asks one version with one model. What a model or a provider gets wrong is told in the reply."""


@dataclass(frozen=True)
class Entrant:
    """One version with one model, and how it is asked. `id` names the version behind a label."""

    version: str
    model: str
    ask: Ask
    id: str = ""


class Purse:
    """What an evaluation may cost, in US dollars; None: as much as it takes."""

    def __init__(self, most: Decimal | None = None) -> None:
        """Nothing is spent yet."""
        self.most, self.spent = most, Decimal(0)

    @property
    def is_empty(self) -> bool:
        """Whether nothing more may be asked. Calls that are under way then may still go beyond."""
        return self.most is not None and self.spent >= self.most


@dataclass(frozen=True)
class How:
    """How cases are run: each `repeats` times, `at_once` calls at a time, out of one `purse`."""

    repeats: int = 1
    at_once: int = 8
    purse: Purse | None = None


Told = Callable[[Entrant, Trial], None]
"""Hears of each trial as it is there."""


async def run_all(
    cases: Sequence[Case],
    entrants: Sequence[Entrant],
    checks: Sequence[Check],
    how: How,
    told: Told = lambda _, __: None,
) -> list[Sheet]:
    """A sheet for each entrant. All of them are asked one case after the other, so that they meet the same.

    Trials are in the order of the cases, whatever was answered first. Raises what a check raises.
    """
    purse, room = how.purse or Purse(), asyncio.Semaphore(how.at_once)

    async def trial(entrant: Entrant, case: Case, repeat: int) -> Trial:
        async with room:
            reply = Reply(None, OVER) if purse.is_empty else await entrant.ask(case)
            purse.spent += reply.cost
            made = await _marked(Trial(case.id, repeat, reply), case, checks, purse)
        told(entrant, made)
        return made

    order = [
        (place, case, repeat)
        for case in cases
        for repeat in range(1, how.repeats + 1)
        for place in range(len(entrants))
    ]
    tasks = [asyncio.create_task(trial(entrants[place], case, repeat)) for place, case, repeat in order]
    try:
        await asyncio.gather(*tasks)
    finally:  # one that failed, or whoever gave up, ends the others
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
    return [
        Sheet(
            entrant.version,
            entrant.model,
            tuple(task.result() for task in tasks[place :: len(entrants)]),
            entrant.id,
        )
        for place, entrant in enumerate(entrants)
    ]


async def _marked(trial: Trial, case: Case, checks: Sequence[Check], purse: Purse) -> Trial:
    """The trial with the marks of its answer. One that a judge model could not judge has failed."""
    if trial.reply.failure:
        return trial
    marks = list[Mark]()
    for check in checks:
        try:
            mark = await check(case, trial.reply.output)
        except NotJudged as error:
            purse.spent += error.cost
            reply = replace(trial.reply, failure=error.message, cost=trial.reply.cost + error.cost)
            return replace(trial, reply=reply, marks=tuple(marks))
        purse.spent += mark.cost
        marks.append(mark)
    return replace(trial, marks=tuple(marks))
