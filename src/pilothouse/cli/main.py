"""The commands: what each takes and which function does it. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pilothouse.cli import (
    attesting,
    audit,
    breakers,
    budgets,
    database,
    delivering,
    engagements,
    evaluation,
    experiments,
    feedback,
    gateway,
    guards,
    inbox,
    keys,
    limits,
    mcp,
    models,
    notifications,
    people,
    policies,
    prompts,
    retention,
    run_operations,
    schedules,
    secrets,
    switches,
    tenants,
    usage,
    vault,
)
from pilothouse.cli.parameters import Json
from pilothouse.cli.run_operations import Label, OfWorkflow, Status, Where

cli = typer.Typer(
    name="pilothouse",
    help="Run AI agents in production: durable runs, governed actions, people in the loop.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog='Example: pilothouse run mlops "Real-time fraud detection for $5000 a month"',
)
cli.add_typer(database.cli, name="db")
cli.add_typer(limits.cli, name="limits", rich_help_panel="Operating")
cli.add_typer(breakers.cli, name="breakers", rich_help_panel="Operating")
cli.add_typer(models.cli, name="models", rich_help_panel="Operating")
cli.add_typer(retention.cli, name="retention", rich_help_panel="Operating")
cli.add_typer(tenants.cli, name="tenants", rich_help_panel="Operating")
cli.add_typer(engagements.cli, name="engagements", rich_help_panel="Operating")
cli.add_typer(people.cli, name="people", rich_help_panel="Operating")
cli.add_typer(secrets.cli, name="secrets", rich_help_panel="Operating")
cli.add_typer(policies.cli, name="policy", rich_help_panel="Operating")
cli.add_typer(keys.cli, name="keys", rich_help_panel="Operating")
cli.add_typer(audit.cli, name="audit", rich_help_panel="Operating")
cli.add_typer(vault.cli, name="vault", rich_help_panel="Operating")
cli.add_typer(attesting.cli, name="attest", rich_help_panel="Operating")
cli.add_typer(notifications.cli, name="notify", rich_help_panel="Operating")
cli.add_typer(budgets.cli, name="budgets", rich_help_panel="Governing")
cli.add_typer(gateway.cli, name="gateway", rich_help_panel="Governing")
cli.add_typer(guards.cli, name="guards", rich_help_panel="Governing")
cli.add_typer(experiments.cli, name="experiments", rich_help_panel="Governing")
cli.add_typer(feedback.cli, name="feedback", rich_help_panel="Runs")
cli.add_typer(mcp.cli, name="mcp", rich_help_panel="Governing")
cli.add_typer(prompts.cli, name="prompts", rich_help_panel="Governing")
cli.add_typer(switches.flags, name="flags", rich_help_panel="Governing")
cli.add_typer(switches.cli)
cli.add_typer(usage.cli)
cli.add_typer(schedules.cli, name="schedules", rich_help_panel="Runs")
cli.add_typer(inbox.cli, name="inbox", rich_help_panel="Runs")
cli.add_typer(run_operations.cli)
cli.add_typer(delivering.cli)
cli.command("eval", rich_help_panel="Governing")(evaluation.evaluate)
prompts.cli.command("optimise")(evaluation.optimise)

Run = Annotated[
    str, typer.Argument(help="The run's id, or the end of it (as shown in lists).", metavar="RUN")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer every question with its default.")]
Answer = Annotated[
    list[str] | None,
    typer.Option("--answer", "-a", help="Answer a question beforehand, as key=value. May be repeated."),
]
Engagement = Annotated[
    str | None, typer.Option(help="The engagement (id or name) that it belongs to.", metavar="NAME")
]
Untrusted = Annotated[
    bool, typer.Option("--untrusted", help="The input is data from outside, as a mail: policies know it.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder for the artifacts (default: WORKFLOW-RUN).")]
Save = Annotated[bool, typer.Option("--save/--no-save", help="Write the artifacts to a folder at the end.")]


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"pilothouse {version('pilothouse')}")
        raise typer.Exit


@cli.callback()
def common(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder of the local database and artifacts.")
    ] = None,
    server: Annotated[
        str | None, typer.Option("--server", help="Work on a server (http://127.0.0.1:8000), not locally.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option("--ca", help="Authority (PEM) that the server's certificate is from.")
    ] = None,
    client_cert: Annotated[
        Path | None, typer.Option("--client-cert", help="Certificate and key (PEM) to show to the server.")
    ] = None,
    app: Annotated[
        list[str] | None, typer.Option("--app", help="One more application, as module:name.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Write log lines to standard error.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback acts
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Keep what stands before the command for the command."""
    context.obj = {"data": data, "server": server, "apps": tuple(app or ()), "verbose": verbose}
    context.obj |= {"ca": ca, "client_cert": client_cert}


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
    label: Label = None,
    engagement: Engagement = None,
    untrusted: Untrusted = False,
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
    labels = running.parse_labels(label or [])
    how = running.How(answers, as_json, out, save, labels, engagement, untrusted)
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
    status: Status = None,
    workflow: OfWorkflow = None,
    label: Label = None,
    where: Where = None,
    sort: Annotated[str, typer.Option(help="newest, oldest, or changed (last changed first).")] = "newest",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs that fit a filter, by default the newest first.

    Example: pilothouse runs --status failed --label team=risk --where created_after=2026-11-01T00:00:00Z
    """
    from pilothouse.cli.selecting import selection

    wanted = selection(status or (), workflow, label or (), where or ())
    _do(context, "list_runs", wanted, sort, limit, as_json=as_json)


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


@cli.command(rich_help_panel="Runs")
def upload(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="The file to upload.", exists=True, dir_okay=False, readable=True)
    ],
    name: Annotated[str | None, typer.Option(help="What to call it (default: the file's name).")] = None,
    as_json: Json = False,
) -> None:
    """Upload a file for runs to read; prints the id by which an input names it.

    Example: pilothouse upload contract.pdf
    """
    from pilothouse.cli import opening, uploads

    opening.run(lambda: uploads.upload(opening.Options(**context.obj), file, name, as_json=as_json))


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
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Execute runs, too, or leave that to others.")
    ] = True,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate with its chain (PEM): serve TLS.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's key (PEM, unencrypted).")] = None,
    tls_client_ca: Annotated[
        Path | None, typer.Option(help="Authority (PEM) from which clients need a certificate.")
    ] = None,
) -> None:
    """Serve the API, and execute runs beside it.

    Example: pilothouse serve --no-worker
    """
    from pilothouse.cli.operating import serve as serve_now

    tls = {"tls_cert": tls_cert, "tls_key": tls_key, "tls_client_ca": tls_client_ca}
    serve_now(context.obj, host, port, execute=worker, **tls)


@cli.command(rich_help_panel="Operating")
def console(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Option(metavar="RUN", help="Open this run there: its id, or latest.")
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the server that this command started.")] = False,
) -> None:
    """Open the web console: print its address and a link that signs in, starting a server if none runs.

    Example: pilothouse console --run latest
    """
    from pilothouse.cli.console import console as console_now

    console_now(context.obj, run=run, stop=stop)


@cli.command("sign-in", rich_help_panel="Operating")
def sign_in(
    context: typer.Context,
    url: Annotated[
        str | None, typer.Option("--url", help="The server's address, where the settings do not say it.")
    ] = None,
) -> None:
    """Print a link that signs in the first admin: good once, for 15 minutes.

    Example: pilothouse sign-in --url http://127.0.0.1:8000
    """
    from pilothouse.cli.signing_in import sign_in as sign_in_now

    sign_in_now(context.obj, url)


@cli.command(rich_help_panel="Operating")
def worker(
    context: typer.Context,
    slots: Annotated[int | None, typer.Option(min=1, max=10_000, help="Runs to execute at once.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", help="key=value that workflows can require. May be repeated."),
    ] = None,
    workflow: Annotated[
        list[str] | None, typer.Option("--workflow", help="Only runs of this workflow. May be repeated.")
    ] = None,
    metrics_port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Where /metrics and /health are (0: any free port).")
    ] = None,
) -> None:
    """Execute runs, without an API; the database is the configured one.

    SIGTERM or Ctrl-C drains: nothing more is claimed, and turns under way have `drain_timeout` seconds to end
    before their runs are given back. A second one gives them back at once.

    Example: pilothouse worker --slots 20 --label gpu=a100 --workflow mlops
    """
    from pilothouse.cli.workers import work

    work(context.obj, slots, label or [], workflow or [], metrics_port)


@cli.command(rich_help_panel="Operating")
def workers(context: typer.Context, as_json: Json = False) -> None:
    """List the workers: where each runs, what it can execute, how busy it is and when it was last heard of.

    Example: pilothouse workers --json
    """
    from pilothouse.cli import opening
    from pilothouse.cli.workers import list_workers

    opening.run(lambda: list_workers(opening.Options(**context.obj), as_json=as_json))


@cli.command(rich_help_panel="Operating")
def backup(
    context: typer.Context,
    to: Annotated[
        str | None, typer.Option("--to", help="Folder or bucket (s3://...); default: the setting backup_to.")
    ] = None,
    show: Annotated[bool, typer.Option("--list", help="List the backups and those that failed.")] = False,
    verify: Annotated[
        str | None, typer.Option("--verify", help="Read a whole backup and check it.", metavar="ID")
    ] = None,
    base: Annotated[
        bool, typer.Option("--base", help="Copy the embedded server's files to the WAL archive.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Back up the database and the artifacts, while runs go on.

    Example: pilothouse backup --to /var/backups/pilothouse
    """
    from pilothouse.cli import backups, opening

    options = opening.Options(**context.obj)
    if show:
        opening.run(lambda: backups.show(options, to, as_json=as_json))
    elif verify is not None:
        opening.run(lambda: backups.check(options, to, verify))
    else:
        opening.run(lambda: backups.make(options, to, base=base, as_json=as_json))


@cli.command(rich_help_panel="Operating")
def restore(
    context: typer.Context,
    source: Annotated[
        str | None, typer.Argument(help="The backup's id, folder or URL.", metavar="[ID|PATH]")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--from", help="Where the backups are; default: the setting backup_to.")
    ] = None,
    into: Annotated[
        str | None, typer.Option("--into", help="Another database (postgresql://...) or data folder.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="Embedded, with a WAL archive: a moment in time, or latest.")
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over a database that a snapshot of its server brought back.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also where there is a database: it is kept under another name.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Restore a backup. Stop servers and workers first.

    Example: pilothouse restore 20300131T120000Z-4f2a1c --from /var/backups/pilothouse
    """
    from pilothouse.cli import backups, opening

    options = opening.Options(**context.obj)
    if adopt:
        opening.run(lambda: backups.adopt(options))
        return
    opening.run(
        lambda: backups.bring_back(options, source, to=to, into=into, force=force, at=at, as_json=as_json)
    )


@cli.command(rich_help_panel="Operating")
def doctor(
    context: typer.Context,
    production: Annotated[
        bool, typer.Option("--production", help="The whole list for going into production.")
    ] = False,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", help="With --production: certificates to trust besides the system's."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check this installation, and say what to do about what is wrong.

    With --production the running server is asked, too: that of the settings, or the one named by --server.
    Exit codes: 0 nothing has failed, 1 something has.

    Example: pilothouse --server https://pilothouse.example doctor --production
    """
    from pilothouse.cli.operating import doctor as examine

    raise typer.Exit(examine(context.obj, as_json=as_json, production=production, ca=ca))


def _do(context: typer.Context, name: str, *arguments: object, **options: bool) -> None:
    """Run a command of `pilothouse.cli.commands` on an opened client."""
    from pilothouse.cli import commands, opening

    work = getattr(commands, name)
    opening.run(lambda: work(opening.Options(**context.obj), *arguments, **options))


command = typer.main.get_command(cli)
"""The tree of all commands, which takes 65 ms to make."""
