"""`pilothouse feedback`: how results are rated. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pilothouse.cli.experimenting import Rating

cli = typer.Typer(help="Feedback: ratings and comments on runs, steps and messages.", no_args_is_help=True)

RATINGS = {"good": 1, "neither": 0, "bad": -1}


@cli.command()
def add(
    context: typer.Context,
    rating: Annotated[str, typer.Argument(help="good, neither or bad.")],
    *,
    run: Annotated[str | None, typer.Option(help="The run's id.", metavar="RUN")] = None,
    step: Annotated[str, typer.Option(help="The key of one of its steps.")] = "",
    message: Annotated[str, typer.Option(help="The id of a message.")] = "",
    comment: Annotated[str | None, typer.Option(help="What you say of it.")] = None,
    prompt: Annotated[str | None, typer.Option(help="The prompt, where nobody else knows it.")] = None,
    version: Annotated[str | None, typer.Option(help="The version of the prompt.")] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Rate a run, a step or a message. It takes the place of what you have said of the same before.

    Example: pilothouse feedback add bad --run 01a1f3c0-... --comment "wrong team"
    """
    from pilothouse.cli.governing import checked

    given = {"rating": RATINGS.get(rating, rating), "run_id": run, "step": step, "message": message}
    given |= {"comment": comment, "prompt": prompt, "version": version}

    async def work(feedback: Rating) -> None:
        from pilothouse.feedback.schemas import NewFeedback

        made = await feedback.give(checked(NewFeedback, given))
        if as_json:
            tables.document(made)
        else:
            typer.echo(f"rated {rating}: {_what(made.run_id, made.step, made.message)}")

    _run(context, tenant, work)


@cli.command("list")
def list_feedback(
    context: typer.Context,
    *,
    run: Annotated[str | None, typer.Option(help="Of this run (its id).", metavar="RUN")] = None,
    prompt: Annotated[str | None, typer.Option(help="Of this prompt.")] = None,
    version: Annotated[str | None, typer.Option(help="Of this version.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many.")] = 50,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """List feedback, the newest first.

    Example: pilothouse feedback list --prompt support/triage
    """
    from pilothouse.cli.governing import checked

    async def work(feedback: Rating) -> None:
        from pilothouse.cli.client import every
        from pilothouse.feedback.schemas import FeedbackQuery

        wanted = {"run_id": run, "prompt": prompt, "version": version}
        found = await every(lambda page: feedback.page(checked(FeedbackQuery, {**page, **wanted})), limit)
        if as_json:
            tables.document([item.model_dump(mode="json") for item in found])
            return
        rows = [
            (
                *(f"{item.changed_at:%Y-%m-%d %H:%M}", _word(item.rating), item.principal),
                _what(item.run_id, item.step, item.message),
                f"{item.prompt} {item.version}" if item.prompt else "-",
                item.comment or "",
            )
            for item in found
        ]
        tables.listed(("at", "rating", "by", "of", "made by", "comment"), rows, "No feedback.")

    _run(context, tenant, work)


@cli.command()
def versions(
    context: typer.Context,
    prompt: Annotated[str | None, typer.Argument(help="Of this prompt; default: of all.")] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show how the versions of prompts were rated.

    Example: pilothouse feedback versions support/triage
    """
    from pilothouse.cli.governing import checked

    async def work(feedback: Rating) -> None:
        from pilothouse.feedback.schemas import VersionsQuery

        found = await feedback.versions(checked(VersionsQuery, {"prompt": prompt}))
        if as_json:
            tables.document(found)
            return
        rows = [
            (
                *(item.prompt, item.version, f"{item.mean:+.2f}", str(item.ratings)),
                *(str(item.good), str(item.neither), str(item.bad), str(item.comments)),
            )
            for item in found.items
        ]
        headings = ("prompt", "version", "mean", "ratings", "good", "neither", "bad", "comments")
        tables.listed(headings, rows, "No version was rated.")

    _run(context, tenant, work)


def _word(rating: int) -> str:
    return next(word for word, number in RATINGS.items() if number == rating)


def _what(run: object, step: str, message: str) -> str:
    told = [
        f"run {run}" if run else "",
        f"step {step}" if step else "",
        f"message {message}" if message else "",
    ]
    return ", ".join(part for part in told if part)


def _run(context: typer.Context, tenant: str | None, work: Callable[[Rating], Awaitable[None]]) -> None:
    from pilothouse.cli import opening
    from pilothouse.cli.experimenting import opened

    async def main() -> None:
        async with opened(opening.Options(**context.obj), tenant) as comparing:
            await work(comparing.feedback)

    opening.run(main)
