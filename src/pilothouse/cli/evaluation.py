"""`pilothouse eval` and `pilothouse prompts optimise`: what they take. Nothing heavy is imported here."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from pilothouse.cli.evaluation_view import Form

Checks = Annotated[
    list[str] | None,
    typer.Option("--check", help="equals, contains, matches, or module:function. May be repeated."),
]
Judge = Annotated[
    str | None,
    typer.Option(
        help="A judge model: a prompt's name, a file, or default; then :model.", metavar="PROMPT[:MODEL]"
    ),
]
JudgeRepeat = Annotated[int, typer.Option(min=1, max=100, help="How often the judge is asked each answer.")]
Repeat = Annotated[int, typer.Option(min=1, max=1_000, help="How often each case is asked.")]
AtOnce = Annotated[int, typer.Option(min=1, max=1_000, help="How many calls are made at a time.")]
MostCost = Annotated[
    str | None, typer.Option(help="Ask nothing more once this many US dollars are spent.", metavar="DOLLARS")
]
Unpriced = Annotated[bool, typer.Option("--unpriced", help="Count a price that nobody knows as nothing.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Only cases with this tag. May be repeated.")]
AgentName = Annotated[
    str | None,
    typer.Option(
        "--agent", help="Answers have the type of this agent, and pass its verify.", metavar="APP.AGENT"
    ),
]


SetFile = Annotated[Path | None, typer.Argument(help="The evaluation set: JSON lines.", metavar="SET.jsonl")]
Prompt = Annotated[
    str | None, typer.Option(help="The prompt's name, or a file that ends in .md.", metavar="NAME|FILE")
]
Versions = Annotated[
    str | None, typer.Option(help="Numbers, labels, file, or files, with commas between (production).")
]
Models = Annotated[
    str | None, typer.Option(help="Aliases or models, with commas between (default: the prompt's own).")
]
Expert = Annotated[
    str | None,
    typer.Option(help="Also evaluate the expert of this agent, which asks no model.", metavar="APP.AGENT"),
]
Baseline = Annotated[
    str | None, typer.Option(help="The version that others are compared with (default: the first).")
]
Require = Annotated[
    float | None, typer.Option(min=0, max=1, help="The share that has to pass: 1 is the exit code below.")
]
Save = Annotated[Path | None, typer.Option(help="Write the results to this file.")]
Compare = Annotated[
    tuple[Path, Path] | None,
    typer.Option(help="Compare two saved results instead.", metavar="BEFORE AFTER"),
]
Show = Annotated[int, typer.Option(min=0, help="How many failing cases are listed.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print a line for each answer.")]


def evaluate(
    context: typer.Context,
    file: SetFile = None,
    *,
    prompt: Prompt = None,
    versions: Versions = None,
    models: Models = None,
    agent: AgentName = None,
    expert: Expert = None,
    check: Checks = None,
    judge: Judge = None,
    judge_repeat: JudgeRepeat = 1,
    repeat: Repeat = 1,
    at_once: AtOnce = 8,
    most_cost: MostCost = None,
    unpriced: Unpriced = False,
    tag: Tags = None,
    baseline: Baseline = None,
    require: Require = None,
    save: Save = None,
    compare: Compare = None,
    show: Show = 10,
    tenant: Tenant = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Run a set of cases against versions of a prompt, and say which does better. Nothing of it is a run.

    Exit codes: 0 fine; 1 less passes than --require, something does worse than the baseline, or it is not
    finished; 2 the input is not valid; 130 interrupted (--save keeps what was there).

    Example: pilothouse eval tickets.jsonl --prompt support/triage --versions production,candidate --repeat 3
    """
    from pilothouse.cli import evaluating, opening

    form = _form(as_json=as_json, as_csv=as_csv)
    if compare is not None:
        raise typer.Exit(evaluating.compare(*compare, form))
    if file is None:
        raise typer.BadParameter("Name an evaluation set, or two results by --compare.")
    terms = evaluating.Terms(
        *(check or (), judge, judge_repeat, repeat, at_once),
        *(_dollars(most_cost), unpriced, tag or (), agent, tenant),
    )
    wanted = evaluating.Wanted(
        *(
            file,
            prompt,
            _listed(versions),
            _listed(models),
            expert,
            baseline,
            require,
            save,
            terms,
            form,
            show,
        )
    )
    raise typer.Exit(opening.run(lambda: evaluating.evaluate(opening.Options(**context.obj), wanted)))


def optimise(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The prompt's name: support/triage.", metavar="NAME")],
    file: Annotated[Path, typer.Argument(help="The evaluation set: JSON lines.", metavar="SET.jsonl")],
    *,
    candidates: Annotated[
        Path | None, typer.Option(help="A folder with candidates: files that end in .md.")
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, max=100, help="How many choices of examples from the set are tried.")
    ] = 0,
    writer: Annotated[
        str | None, typer.Option(help="A model that rewrites the body, shown what fails.", metavar="MODEL")
    ] = None,
    rewrites: Annotated[int, typer.Option(min=1, max=50, help="How often it does.")] = 4,
    version: Annotated[str, typer.Option(help="The version in use that is to be improved.")] = "production",
    model: Annotated[str | None, typer.Option(help="The model that is asked (the prompt's own).")] = None,
    agent: AgentName = None,
    check: Checks = None,
    judge: Judge = None,
    judge_repeat: JudgeRepeat = 1,
    repeat: Repeat = 1,
    at_once: AtOnce = 8,
    most_cost: MostCost = None,
    unpriced: Unpriced = False,
    tag: Tags = None,
    seed: Annotated[str, typer.Option(help="Decides which cases are held back, and every choice.")] = "",
    create: Annotated[
        bool, typer.Option("--create", help="Make the winner a version with the label candidate.")
    ] = False,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Search candidates of a prompt against a set; the choice is judged on cases that are held back.

    Exit codes: 0 it came to an end; 1 all was spent before, or nothing could be made of it; 2 wrong input.

    Example: pilothouse prompts optimise support/triage tickets.jsonl --candidates drafts/ --examples 6
    """
    from pilothouse.cli import evaluating, opening, optimising

    terms = evaluating.Terms(
        *(check or (), judge, judge_repeat, repeat, at_once),
        *(_dollars(most_cost), unpriced, tag or (), agent, tenant),
    )
    wanted = optimising.Wanted(
        *(name, file, candidates, examples, writer, rewrites, version, model, seed, create, terms, as_json)
    )
    opening.run(lambda: optimising.optimise(opening.Options(**context.obj), wanted))


def _form(*, as_json: bool, as_csv: bool) -> Form:
    from pilothouse.cli.evaluation_view import Form

    if as_json and as_csv:
        raise typer.BadParameter("--json and --csv cannot both be.")
    return Form.JSON if as_json else Form.CSV if as_csv else Form.TEXT


def _listed(text: str | None) -> list[str]:
    return [] if text is None else [item.strip() for item in text.split(",") if item.strip()]


def _dollars(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise typer.BadParameter(f"--most-cost {text[:40]} is no amount; write 1.50.") from None
    if not found.is_finite() or found <= 0:
        raise typer.BadParameter(f"--most-cost {text[:40]} is no amount above 0.")
    return found
