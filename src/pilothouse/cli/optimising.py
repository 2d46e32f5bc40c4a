"""What `pilothouse prompts optimise` does: candidates are made, searched, and the best one judged."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pilothouse.cli import evaluation_view as view
from pilothouse.cli import tables
from pilothouse.cli.evaluating import (
    USUAL,
    Terms,
    agent_of,
    cases_of,
    evaluator_of,
    insist_on_variables,
    judges_of,
    version_named,
)
from pilothouse.cli.opening import Options
from pilothouse.cli.prompting import opened
from pilothouse.errors import InvalidInput
from pilothouse.evaluating import Evaluator, checks_of, shape_of, shipped, typed
from pilothouse.evaluations.asking import Shape
from pilothouse.evaluations.candidates import Candidate, revised, shuffled, with_examples
from pilothouse.evaluations.checks import Check
from pilothouse.evaluations.comparing import difference, in_words, standing
from pilothouse.evaluations.errors import AllSpent, SetInvalid
from pilothouse.evaluations.running import Entrant, How, Purse, run_all
from pilothouse.evaluations.schemas import OVER, Case, Difference, Sheet, Standing, Trial
from pilothouse.evaluations.searching import search, split
from pilothouse.llm.catalogue import Route
from pilothouse.prompts.book_schemas import LabelMove, NewPromptVersion
from pilothouse.prompts.errors import PromptInvalid
from pilothouse.prompts.files import checked_name, read
from pilothouse.prompts.schemas import PromptVersion
from pilothouse.prompts.shipped import sources_in
from pilothouse.prompts.testing import run_tests
from pilothouse.prompts.writing import written

LEAST = 6
"""Cases that have to be held back: of fewer, no result shows a difference at 5 % (2 / 2^6 = 0.03)."""
CANDIDATE = "candidate"
"""The label that the winner gets."""
SHOWN = 20
"""Failing cases that a writer is shown at most."""


@dataclass(frozen=True)
class Wanted:
    """What is to be searched."""

    name: str
    set: Path
    folder: Path | None
    examples: int
    writer: str | None
    rewrites: int
    version: str
    model: str | None
    seed: str
    create: bool
    terms: Terms
    as_json: bool


class Tried(BaseModel):
    """How a candidate did in a round: the share of trials passed, 0 to 1."""

    model_config = ConfigDict(frozen=True)

    round: int
    cases: int
    candidate: str
    passed: float


class Optimised(BaseModel):
    """What a search found. Without a difference the version in use was the best of all."""

    model_config = ConfigDict(frozen=True)

    rounds: list[Tried]
    winner: str
    held_back: list[Standing]
    difference: Difference | None
    cost: str
    text: str
    created: str | None = None


class Rewritten(BaseModel):
    """What a writer answers."""

    body: Annotated[str, Field(min_length=1, description="The whole body of the prompt, rewritten.")]


async def optimise(options: Options, wanted: Wanted) -> None:
    """Search, print what was found, and make the winner a version where that is wanted."""
    name = checked_name(wanted.name)
    seen, held = _parted(cases_of(wanted.set, wanted.terms.tags), wanted.seed)
    found = await version_named(options, name, wanted.version, wanted.terms.tenant)
    in_use = Candidate(wanted.version, found.version)
    insist_on_variables([in_use.version], [*seen, *held])
    async with evaluator_of(options, wanted.terms) as evaluator:
        route = evaluator.route(wanted.model or in_use.version.model or USUAL)
        judges = await judges_of(options, wanted.terms)
        checks = checks_of(evaluator, wanted.terms.checks, judges, [*seen, *held])
        agent = None if wanted.terms.agent is None else agent_of(options, wanted.terms.agent)
        bench = _Bench(
            evaluator,
            route,
            checks,
            wanted.terms,
            wanted.terms.purse(),
            lambda version: shape_of(version, agent),
        )
        candidates = await _candidates(wanted, name, in_use, seen, bench)
        done = await _searched(candidates, seen, held, bench)
    if wanted.create:
        done = done.model_copy(update={"created": await _created(options, wanted, name, done)})
    _tell(wanted, done)


def _parted(cases: Sequence[Case], seed: str) -> tuple[list[Case], list[Case]]:
    """The cases for the search in an order of chance, and those that are held back. Raises `SetInvalid`."""
    seen, held = split(cases, seed=seed)
    if len(held) < LEAST or len(seen) < LEAST:
        raise SetInvalid(
            f"Of {len(cases):,} cases {len(held):,} would be held back and {len(seen):,} searched with.",
            hint=f"Each takes {LEAST} at least: bring more cases, some 30 or better 200.",
        )
    return shuffled(seen, seed), held


@dataclass
class _Bench:
    """Asks candidates about cases; what was asked once is not asked again."""

    evaluator: Evaluator
    route: Route
    checks: Sequence[Check]
    terms: Terms
    purse: Purse
    shape: Callable[[PromptVersion], Shape]
    known: dict[tuple[str, str], list[Trial]] = field(default_factory=lambda: defaultdict(list))

    async def sheets(self, candidates: Sequence[Candidate], cases: Sequence[Case]) -> list[Sheet]:
        """A sheet for each of them. Raises `AllSpent`."""
        entrants = [
            Entrant(
                one.name,
                self.route.id,
                self.evaluator.asking(one.version, self.route, self.shape(one.version)),
            )
            for one in candidates
        ]
        how = How(self.terms.repeat, self.terms.at_once, self.purse)
        found = await run_all(cases, entrants, self.checks, how)
        if any(trial.reply.failure == OVER for sheet in found for trial in sheet.trials):
            raise AllSpent(
                f"${self.purse.spent.normalize():f} are spent before the search has ended.",
                hint="Raise --most-cost, or search with fewer candidates or cases.",
            )
        return found

    async def score(self, candidate: Candidate, cases: Sequence[Case]) -> float:
        """The share of trials that a candidate passes, of the cases that it does not show as examples."""
        fair = candidate.fair(cases)
        new = [case for case in fair if (candidate.name, case.id) not in self.known]
        (sheet,) = await self.sheets([candidate], new)
        for trial in sheet.trials:
            self.known[candidate.name, trial.case].append(trial)
        trials = [trial for case in fair for trial in self.known[candidate.name, case.id]]
        return sum(trial.passed for trial in trials) / len(trials) if trials else 0.0


async def _candidates(
    wanted: Wanted, name: str, in_use: Candidate, seen: Sequence[Case], bench: _Bench
) -> list[Candidate]:
    """The version in use first, then all that can be tried. Raises `InvalidInput` where that is nothing."""
    found = [in_use]
    if wanted.folder is not None:
        found += [Candidate(f"{file}.md", read(name, source)) for file, source in sources_in(wanted.folder)]
    found += with_examples(in_use.version, seen, wanted.examples, wanted.seed)
    if wanted.writer is not None:
        found += await _rewritten(wanted, in_use, seen, bench)
    usable = [in_use, *(one for one in found[1:] if _usable(one, seen))]
    alone = {one.version.digest: one for one in reversed(usable)}
    found = [one for one in usable if alone[one.version.digest] is one]
    if len(found) == 1:
        raise InvalidInput(
            f"There is no candidate beside version {in_use.version.id} of {name}.",
            hint="Name --candidates, --examples or a --writer.",
        )
    return found


def _usable(candidate: Candidate, cases: Sequence[Case]) -> bool:
    """Whether a candidate passes its own tests and takes the variables of the set; said where it does not."""
    try:
        written(candidate.version)
        insist_on_variables([candidate.version], cases)
    except (PromptInvalid, SetInvalid) as error:
        view.note(f"{candidate.name} is left out: {error}")
        return False
    failed = [test for test in run_tests([candidate.version]) if test.failure is not None]
    if failed:
        view.note(f"{candidate.name} is left out: its test {failed[0].name!r} fails: {failed[0].failure}")
    return not failed


async def _rewritten(
    wanted: Wanted, in_use: Candidate, seen: Sequence[Case], bench: _Bench
) -> list[Candidate]:
    """What the writer makes of the version in use, shown what fails with it."""
    await bench.score(in_use, seen)
    failing = [
        f"input {view.short(dict(case.variables))}\nanswered {view.short(trial.reply.output)}\n"
        f"expected {view.short(case.expected)}\nwrong: {view.why_failed(trial)}"
        for case in seen
        for trial in bench.known[in_use.name, case.id][:1]
        if not trial.passed
    ]
    told = "\n\n".join(failing[:SHOWN]) or "None."
    writer = bench.evaluator.asking(
        shipped("rewrite"), bench.evaluator.route(wanted.writer or ""), typed(Rewritten)
    )
    found = list[Candidate]()
    for number in range(1, wanted.rewrites + 1):
        if bench.purse.is_empty:
            break
        variables = {"instructions": in_use.version.body, "failing": told, "attempt": number}
        reply = await writer(Case(id=f"rewrite-{number}", variables=variables))
        bench.purse.spent += reply.cost
        if reply.failure:
            view.note(f"rewrite {number} is left out: {reply.failure}")
            continue
        body = Rewritten.model_validate(reply.output).body.strip("\n").rstrip()
        found.append(Candidate(f"rewrite {number}", revised(in_use.version, body=body)))
    return found


async def _searched(
    candidates: Sequence[Candidate], seen: Sequence[Case], held: Sequence[Case], bench: _Bench
) -> Optimised:
    """The search, and how its choice does on the cases that were held back."""
    rounds = await search(candidates, seen, bench.score)
    in_use, winner = candidates[0], rounds[-1].scores[0][0]
    compared = [in_use] if winner is in_use else [in_use, winner]
    sheets = await bench.sheets(compared, held)
    return Optimised(
        rounds=[
            Tried(round=number, cases=one.cases, candidate=candidate.name, passed=passed)
            for number, one in enumerate(rounds, 1)
            for candidate, passed in one.scores
        ],
        winner=winner.name,
        held_back=[standing(sheet) for sheet in sheets],
        difference=None if winner is in_use else difference(sheets[1], sheets[0]),
        cost=f"{bench.purse.spent.normalize():f}",
        text=written(winner.version),
    )


async def _created(options: Options, wanted: Wanted, name: str, done: Optimised) -> str | None:
    """The id of the version that was made of the winner; None where it does no better than what is in use."""
    told = done.difference
    if told is None or told.only_this <= told.only_other:
        return None
    note = f"optimised on {wanted.set.name}: {done.winner}"[:200]
    async with opened(options, wanted.terms.tenant) as prompts:
        made = await prompts.create(name, NewPromptVersion(text=done.text, note=note))
        await prompts.move(name, CANDIDATE, LabelMove(version=made.id, note=note))
    return made.id


def _tell(wanted: Wanted, done: Optimised) -> None:
    if wanted.as_json:
        tables.document(done)
        return
    rows = [(str(one.round), f"{one.cases:,}", one.candidate, f"{one.passed:.1%}") for one in done.rounds]
    tables.listed(("round", "cases", "candidate", "passed"), rows, "Nothing was tried.")
    sys.stdout.write("\nOn the cases that were held back:\n")
    view.standings_table(done.held_back)
    if done.difference is None:
        sys.stdout.write(f"No candidate does better than {wanted.version}.\n")
    else:
        sys.stdout.write(f"{in_words(done.difference)}\n")
    sys.stdout.write(f"All together cost ${done.cost}.\n")
    if done.created is not None:
        sys.stdout.write(f"Version {done.created} of {wanted.name} is labelled {CANDIDATE}.\n")
    elif wanted.create:
        sys.stdout.write(
            f"No version was made: nothing does better than {wanted.version} on cases held back.\n"
        )
