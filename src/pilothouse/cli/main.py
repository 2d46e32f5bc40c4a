"""The commands: what each takes and which function does it. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pilothouse.cli import database

cli = typer.Typer(
    name="pilothouse",
    help="Run AI agents in production: durable runs, governed actions, people in the loop.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog='Example: pilothouse run mlops "Real-time fraud detection for $5000 a month"',
)
cli.add_typer(database.cli, name="db")

Run = Annotated[
    str, typer.Argument(help="The run's id, or the end of it (as shown in lists).", metavar="RUN")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with its default.")]
Answer = Annotated[
    list[str] | None,
    typer.Option("--answer", "-a", help="Answer a question beforehand, as key=value. May be repeated."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the artifacts (default: WORKFLOW-RUN).")]
Save = Annotated[bool, typer.Option("--save/--no-save", help="Write the artifacts to a folder at the end.")]


@cli.callback()
def common(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the local database and artifacts.")
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", help="Work on a server (http://127.0.0.1:8000), not locally.")
    ] = None,
    app: Annotated[
        list[str] | None, typer.Option("--app", help="One more application, as module:name.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Write log lines to standard error.")
    ] = False,
) -> None:
    """Keep what stands before the command for the command."""
    context.obj = {"data": data, "server": server, "apps": tuple(app or ()), "verbose": verbose}


@cli.command(rich_help_panel="Runs")
def run(
    context: typer.Context,
    workflow: Annotated[str, typer.Argument(help="The workflow's name; see `pilothouse workflows`.")],
    text: Annotated[str | None, typer.Argument(help="Its input: plain text, or JSON.")] = None,
    file: Annotated[
        Path | None, typer.Option("--input", "-i", help="Read the input from a file (-: standard input).")
    ] = None,
    yes: Yes = False,
    answer: Answer = None,
    out: Out = None,
    save: Save = True,
    as_json: Json = False,
) -> None:
    """Run a workflow and follow it live.

    Exit codes: 0 completed, 1 failed, 2 usage, 3 waiting for a person, 130 interrupted (the run is kept).

    Example: pilothouse run mlops "Churn model on GCP, nightly, 2 TB, $3k a month" --yes --out design/
    """
    from pilothouse.cli import opening, running
    from pilothouse.cli.watching import Answers

    answers = Answers(running.parse_answers(answer or []), accept_defaults=yes)
    how = running.How(answers, as_json, out, save)
    payload = running.read_input(text, file)
    code = opening.run(lambda: running.start(opening.Options(**context.obj), workflow, payload, how))
    raise typer.Exit(code)


@cli.command(rich_help_panel="Runs")
def watch(
    context: typer.Context,
    run_id: Run,
    yes: Yes = False,
    answer: Answer = None,
    out: Out = None,
    save: Save = True,
    as_json: Json = False,
) -> None:
    """Follow a run, and go on with it here where no server does."""
    from pilothouse.cli import opening, running
    from pilothouse.cli.watching import Answers

    answers = Answers(running.parse_answers(answer or []), accept_defaults=yes)
    how = running.How(answers, as_json, out, save)
    raise typer.Exit(opening.run(lambda: running.resume(opening.Options(**context.obj), run_id, how)))


@cli.command(rich_help_panel="Runs")
def runs(
    context: typer.Context,
    status: Annotated[
        str | None, typer.Option(help="Only runs in this state (waiting, failed, ...).")
    ] = None,
    workflow: Annotated[str | None, typer.Option(help="Only runs of this workflow.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs, the newest first.

    Example: pilothouse runs --status waiting
    """
    _do(context, "list_runs", status, workflow, limit, as_json=as_json)


@cli.command(rich_help_panel="Runs")
def show(
    context: typer.Context,
    run_id: Run,
    svg: Annotated[Path | None, typer.Option("--svg", help="Draw it into this SVG file.")] = None,
    as_json: Json = False,
) -> None:
    """Show a run: its steps, reason cards, questions, artifacts and how it ended."""
    _do(context, "show_run", run_id, svg, as_json=as_json)


@cli.command(rich_help_panel="Runs")
def answer(
    context: typer.Context,
    run_id: Run,
    answers: Annotated[
        list[str], typer.Argument(help="key=value for each question.", metavar="KEY=VALUE...")
    ],
) -> None:
    """Answer what a run asks.

    Example: pilothouse answer 1f2e3d4c cloud=aws
    """
    _do(context, "answer_questions", run_id, answers)


@cli.command(rich_help_panel="Runs")
def cancel(context: typer.Context, run_id: Run) -> None:
    """Cancel a run."""
    _do(context, "cancel_run", run_id)


@cli.command(rich_help_panel="Runs")
def retry(context: typer.Context, run_id: Run) -> None:
    """Queue a failed run again from its failed step; `pilothouse watch` goes on with it."""
    _do(context, "retry_run", run_id)


@cli.command(rich_help_panel="Runs")
def artifacts(
    context: typer.Context,
    run_id: Run,
    out: Annotated[Path | None, typer.Option("--out", help="Write them to this folder.")] = None,
    as_json: Json = False,
) -> None:
    """List a run's artifacts, or write them to a folder."""
    _do(context, "list_artifacts", run_id, out, as_json=as_json)


@cli.command(rich_help_panel="Runs")
def diff(
    context: typer.Context,
    before: Annotated[str, typer.Argument(help="A completed run.", metavar="RUN")],
    after: Annotated[str, typer.Argument(help="Another completed run of that workflow.", metavar="RUN")],
    as_json: Json = False,
) -> None:
    """Show what differs between the results of two runs."""
    _do(context, "diff_runs", before, after, as_json=as_json)


@cli.command(rich_help_panel="What there is")
def workflows(context: typer.Context, as_json: Json = False) -> None:
    """List the workflows that can be run."""
    _do(context, "list_workflows", as_json=as_json)


@cli.command(rich_help_panel="What there is")
def agents(context: typer.Context, as_json: Json = False) -> None:
    """List the agents of the installed applications."""
    _do(context, "list_agents", as_json=as_json)


@cli.command(rich_help_panel="Operating")
def serve(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Loopback address to serve on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port (0: any free one).")] = None,
) -> None:
    """Serve the API, and execute runs beside it."""
    from pilothouse.cli.operating import serve as serve_now

    serve_now(context.obj, host, port)


@cli.command(rich_help_panel="Operating")
def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check this installation, and say what to do about what is wrong."""
    from pilothouse.cli.operating import doctor as examine

    raise typer.Exit(examine(context.obj, as_json=as_json))


def _do(context: typer.Context, name: str, *arguments: object, **options: bool) -> None:
    """Run a command of `pilothouse.cli.commands` on an opened client."""
    from pilothouse.cli import commands, opening

    work = getattr(commands, name)
    opening.run(lambda: work(opening.Options(**context.obj), *arguments, **options))
