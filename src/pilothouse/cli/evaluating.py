"""What `pilothouse eval` does: versions, models and an expert against a set, and what comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from pilothouse.agents.agent import Agent
from pilothouse.app import secrets_of
from pilothouse.cli import evaluation_view as view
from pilothouse.cli.opening import Options
from pilothouse.cli.prompting import opened, source_of
from pilothouse.errors import InvalidInput
from pilothouse.evaluating import (
    Evaluator,
    JudgeTerms,
    agent_named,
    checks_of,
    expert,
    shape_of,
    shipped,
)
from pilothouse.evaluations.checks import Check
from pilothouse.evaluations.comparing import WORSE, difference, faults, standing
from pilothouse.evaluations.errors import SetInvalid
from pilothouse.evaluations.results import Results, changes, digests, load, save
from pilothouse.evaluations.running import Entrant, How, Purse, run_all
from pilothouse.evaluations.schemas import Case, Difference, Sheet, Trial
from pilothouse.evaluations.sets import read_set
from pilothouse.prompts.errors import VariablesInvalid
from pilothouse.prompts.files import SUFFIX, checked_name, read
from pilothouse.prompts.opening import shipped_by
from pilothouse.prompts.rendering import render
from pilothouse.prompts.schemas import FILE, PromptVersion

EXPERT = "expert"
"""What the expert is called among versions."""
USUAL = "default"
"""The model that is asked where nobody names one; and the judge that is shipped."""


@dataclass(frozen=True)
class Terms:
    """How cases are asked and checked. `most_cost` is in US dollars."""

    checks: Sequence[str] = ()
    judge: str | None = None
    judge_repeat: int = 1
    repeat: int = 1
    at_once: int = 8
    most_cost: Decimal | None = None
    unpriced: bool = False
    tags: Sequence[str] = ()
    agent: str | None = None
    tenant: str | None = None

    def purse(self) -> Purse:
        """What may be spent."""
        return Purse(self.most_cost)


@dataclass(frozen=True)
class Wanted:
    """What is to be evaluated, and what comes of it."""

    set: Path
    prompt: str | None
    versions: Sequence[str]
    models: Sequence[str]
    expert: str | None
    baseline: str | None
    require: float | None
    save: Path | None
    terms: Terms
    form: view.Form
    show: int = 10


@dataclass(frozen=True)
class Named:
    """A version by the name that was typed for it."""

    ref: str
    version: PromptVersion


async def evaluate(options: Options, wanted: Wanted) -> int:
    """Run it and print what came of it; the exit code. What was there when it is interrupted is saved."""
    cases = cases_of(wanted.set, wanted.terms.tags)
    versions = [] if wanted.prompt is None else await _versions(options, wanted)
    async with evaluator_of(options, wanted.terms) as evaluator:
        judges = await judges_of(options, wanted.terms)
        checks = checks_of(evaluator, wanted.terms.checks, judges, cases)
        entrants = _entrants(options, wanted, evaluator, versions)
        insist_on_variables([named.version for named in versions], cases)
        baseline = _baseline(wanted.baseline, entrants)
        sheets = await _run(wanted, cases, entrants, checks)
    differences = _differences(sheets, baseline)
    standings = [standing(sheet) for sheet in sheets]
    view.told(wanted.form, cases, sheets, standings, differences, wanted.show)
    wrong = faults(standings, differences, wanted.require, baseline)
    view.complain(wrong)
    return 1 if wrong else 0


def compare(before: Path, after: Path, form: view.Form) -> int:
    """Print how two saved results differ; 1 where something does worse."""
    old, new = load(before), load(after)
    found = changes(old, new)
    view.compared(form, old, new, found)
    return 1 if any(one.verdict == WORSE for one in found) else 0


@asynccontextmanager
async def evaluator_of(options: Options, terms: Terms) -> AsyncIterator[Evaluator]:
    """What asks models by the settings and the secrets of this machine."""
    settings = options.settings()
    evaluator = Evaluator(settings, secrets_of(settings), unpriced=terms.unpriced)
    try:
        yield evaluator
    finally:
        await evaluator.close()


def cases_of(path: Path, tags: Sequence[str]) -> Sequence[Case]:
    """The cases of a set that have one of the tags, or all where none is named. Raises `SetInvalid`."""
    cases = read_set(path)
    found = [case for case in cases if not tags or set(tags) & set(case.tags)]
    if not found:
        known = ", ".join(sorted({tag for case in cases for tag in case.tags})) or "none"
        raise SetInvalid(f"No case of {path} has the tag {' or '.join(tags)}.", hint=f"Its tags: {known}.")
    return found


def agent_of(options: Options, name: str) -> Agent[object, object]:
    """An installed agent by name. Raises `InvalidInput`."""
    apps = options.installed()
    return agent_named([(app.name, agent) for app in apps for agent in app.agents], name)


async def version_named(options: Options, prompt: str, ref: str, tenant: str | None) -> Named:
    """A version of a prompt: of a file, of what an application ships, or of the tenant's own."""
    if ref.endswith(SUFFIX):
        file = Path(ref)
        name = checked_name(file.name.removesuffix(SUFFIX).lower())
        return Named(ref, read(name, source_of(file, None)))
    shipped_here = shipped_by(options.installed()).versions if ref == FILE and options.server is None else {}
    if prompt in shipped_here:
        return Named(ref, shipped_here[prompt])
    async with opened(options, tenant) as prompts:
        found = await prompts.version(prompt, ref)
    return Named(ref, PromptVersion.of(prompt, found.head, found.body, found.number))


async def judges_of(options: Options, terms: Terms) -> Sequence[JudgeTerms]:
    """The judge that is named as `PROMPT[:model]`."""
    if terms.judge is None:
        return []
    name, _, model = terms.judge.partition(":")
    if name == USUAL:
        version = shipped("judge")
    else:
        ref = name if name.endswith(SUFFIX) else "production"
        version = (await version_named(options, name, ref, terms.tenant)).version
    return [JudgeTerms(f"judge {name}", version, model or version.model or USUAL, terms.judge_repeat)]


def insist_on_variables(versions: Sequence[PromptVersion], cases: Sequence[Case]) -> None:
    """Raise `SetInvalid` where a version cannot be rendered with the variables of a case."""
    for version in versions:
        wrong = list[str]()
        for case in cases:
            try:
                render(version, case.variables)
            except VariablesInvalid as error:
                wrong.append(f"{case.id}: {error.message}")
        if wrong:
            more = f"; and {len(wrong) - 5} more" if len(wrong) > 5 else ""
            raise SetInvalid(
                f"The set does not fit version {version.id} of {version.name}: {'; '.join(wrong[:5])}{more}."
            )


async def _versions(options: Options, wanted: Wanted) -> Sequence[Named]:
    """The wanted versions; of those that ask a model alike only the first."""
    prompt = wanted.prompt or ""
    if prompt.endswith(SUFFIX):
        refs, name = [prompt, *wanted.versions], prompt
    else:
        refs, name = list(wanted.versions) or ["production"], checked_name(prompt)
    found = dict[str, Named]()
    for ref in refs:
        named = await version_named(options, name, ref, wanted.terms.tenant)
        first = found.setdefault(named.version.digest, named)
        if first is not named:
            view.note(f"{ref} and {first.ref} are the same version: it is asked once, as {first.ref}.")
    return list(found.values())


def _entrants(
    options: Options, wanted: Wanted, evaluator: Evaluator, versions: Sequence[Named]
) -> list[Entrant]:
    agent = None if wanted.terms.agent is None else agent_of(options, wanted.terms.agent)
    found = list[Entrant]()
    for ref, version in ((named.ref, named.version) for named in versions):
        shape = shape_of(version, agent)
        routes = {
            route.id: route for route in map(evaluator.route, wanted.models or [version.model or USUAL])
        }
        found += [
            Entrant(ref, name, evaluator.asking(version, route, shape), version.id)
            for name, route in routes.items()
        ]
    if wanted.expert is not None:
        judged = agent_of(options, wanted.expert)
        found.append(Entrant(EXPERT, judged.name, expert(judged)))
    if not found:
        raise InvalidInput("Nothing is named to be evaluated.", hint="Name a --prompt or an --expert.")
    return found


def _baseline(named: str | None, entrants: Sequence[Entrant]) -> str:
    """The version that others are compared with: by default the first. Raises `InvalidInput`."""
    known = list(dict.fromkeys(entrant.version for entrant in entrants))
    if named is not None and named not in known:
        raise InvalidInput(f"The baseline {named} is not evaluated.", hint=f"There is {', '.join(known)}.")
    return named or known[0]


def _differences(sheets: Sequence[Sheet], baseline: str) -> list[Difference]:
    """How each sheet differs from the baseline's with its model, or from the baseline's first."""
    bases = [sheet for sheet in sheets if sheet.version == baseline]
    found = list[Difference]()
    for sheet in sheets:
        same = [base for base in bases if base.model == sheet.model]
        base = (same or bases)[0] if sheet.version != baseline else bases[0]
        if base is not sheet:
            found.append(difference(sheet, base))
    return found


async def _run(
    wanted: Wanted, cases: Sequence[Case], entrants: Sequence[Entrant], checks: Sequence[Check]
) -> list[Sheet]:
    terms, kept = wanted.terms, [list[Trial]() for _ in entrants]
    places = {id(entrant): place for place, entrant in enumerate(entrants)}

    def told(entrant: Entrant, trial: Trial) -> None:
        kept[places[id(entrant)]].append(trial)
        progress.told(trial)

    if wanted.save is not None:  # where that cannot be, it is told before anything is asked
        save(wanted.save, _results(cases, [], complete=False))
    how = How(terms.repeat, terms.at_once, terms.purse())
    try:
        with view.Progress(len(cases) * len(entrants) * terms.repeat) as progress:
            sheets = await run_all(cases, entrants, checks, how, told)
    except BaseException:
        if wanted.save is not None:
            order = {case.id: place for place, case in enumerate(cases)}
            there = [
                Sheet(
                    entrant.version,
                    entrant.model,
                    tuple(sorted(trials, key=lambda one: (order[one.case], one.repeat))),
                    entrant.id,
                )
                for entrant, trials in zip(entrants, kept, strict=True)
            ]
            save(wanted.save, _results(cases, there, complete=False))
            view.note(f"What was there is in {wanted.save}.")
        raise
    if wanted.save is not None:
        save(wanted.save, _results(cases, sheets, complete=True))
    return sheets


def _results(cases: Sequence[Case], sheets: Sequence[Sheet], *, complete: bool) -> Results:
    checks = sorted({mark.check for sheet in sheets for trial in sheet.trials for mark in trial.marks})
    return Results(complete=complete, checks=tuple(checks), cases=digests(cases), sheets=tuple(sheets))
