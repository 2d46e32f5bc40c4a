"""`pilothouse usage`: what calls to models took, in tokens and money. Nothing heavy is imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pilothouse.cli import tables
from pilothouse.cli.parameters import Json, Tenant

if TYPE_CHECKING:
    from pilothouse.cli.using import Using
    from pilothouse.usage.schemas import Group, ShownCall, Sums, UsageReport

cli = typer.Typer()

By = Annotated[
    list[str] | None,
    typer.Option(
        help="model, provider, agent, workflow, prompt, prompt_version, experiment, arm, principal, source,"
        " outcome, hour or day; up to three times."
    ),
]
Since = Annotated[str, typer.Option(help="From this time on: 2h, 30d, or as 2026-12-24T18:00+01:00.")]
Until = Annotated[str | None, typer.Option(help="Until this time; now where none is said.")]
Where = Annotated[
    list[str] | None, typer.Option(help="Only calls with this, as model=gpt-5.2. May be repeated.")
]
Csv = Annotated[bool, typer.Option("--csv", help="Print comma-separated values and nothing else.")]
Calls = Annotated[bool, typer.Option("--calls", help="List the calls themselves, the newest first.")]
Limit = Annotated[int, typer.Option(min=1, max=200, help="Groups or calls at most.")]

WIDE = 20
"""Characters of the longest bar."""


@cli.command("usage", rich_help_panel="Governing")
def usage(
    context: typer.Context,
    *,
    by: By = None,
    since: Since = "30d",
    until: Until = None,
    where: Where = None,
    calls: Calls = False,
    limit: Limit = 50,
    tenant: Tenant = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Sum up what calls to models took: by model, agent, prompt version, day and more.

    Example: pilothouse usage --by agent --by model --since 7d
    """
    from pilothouse.cli import opening
    from pilothouse.cli.governing import checked
    from pilothouse.cli.using import asked, opened
    from pilothouse.usage.schemas import CallQuery, UsageQuery

    given = asked(since, until, where or []) | {"limit": limit}

    async def work(using: Using) -> None:
        if calls:
            page = await using.calls(checked(CallQuery, given))
            _list(page.items, as_json=as_json, as_csv=as_csv)
            return
        report = await using.report(checked(UsageQuery, given | {"by": by or ["model"]}))
        _tell(report, as_json=as_json, as_csv=as_csv)

    async def main() -> None:
        async with opened(opening.Options(**context.obj), tenant) as using:
            await work(using)

    opening.run(main)


def _tell(report: UsageReport, *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        tables.document(report)
        return
    names = [part.value for part in report.by]
    if as_csv:
        _csv(
            [*names, *type(report.total).model_fields],
            [[*(group.key[name] for name in names), *_figures(group)] for group in report.items],
        )
        return
    if not report.items:
        typer.echo("No calls to models in this time.")
        return
    from rich.text import Text

    figures = ("calls", "errors", "cached", "valid", "tokens in", "out", "dollars", "p50", "p95")
    made = tables.table(*names, *figures, "", right=figures)
    dearest = max(group.cost for group in report.items)
    for group in report.items:
        bar = "█" * round(WIDE * float(group.cost / dearest)) if dearest else ""
        style = "red" if group.errors * 10 > group.calls else ""
        cells = [Text(group.key[name] or "-") for name in names]
        made.add_row(*cells, *(Text(cell, style) for cell in _cells(group)), Text(bar, "cyan"))
    made.add_row(*(["total"] + [""] * (len(names) - 1)), *_cells(report.total), "", style="bold")
    tables.printed(made)
    if report.more:
        typer.echo(f"These are the first {len(report.items)} groups; --limit shows more.")


def _cells(sums: Sums) -> list[str]:
    judged = sums.valid + sums.invalid
    return [
        f"{sums.calls:,}",
        f"{sums.errors:,}",
        f"{sums.cached:,}",
        f"{sums.valid / judged:.1%}" if judged else "-",
        f"{sums.input_tokens:,}",
        f"{sums.output_tokens:,}",
        f"{sums.cost:,.4f}",
        "-" if sums.latency_p50_ms is None else f"{sums.latency_p50_ms:,.0f} ms",
        "-" if sums.latency_p95_ms is None else f"{sums.latency_p95_ms:,.0f} ms",
    ]


def _figures(group: Group) -> list[object]:
    said = group.model_dump(mode="json", exclude={"key"})
    return ["" if value is None else value for value in said.values()]


def _list(calls: list[ShownCall], *, as_json: bool, as_csv: bool) -> None:
    shown = [call.model_dump(mode="json") for call in calls]
    if as_json:
        tables.document(shown)
    elif as_csv:
        from pilothouse.usage.schemas import ShownCall

        _csv(
            list(ShownCall.model_fields),
            [["" if cell is None else cell for cell in one.values()] for one in shown],
        )
    else:
        rows = [
            (
                *(f"{call.at:%Y-%m-%d %H:%M:%S}", f"{call.provider}:{call.model}", call.principal),
                *(call.agent or call.workflow or "-", f"{call.input_tokens:,}", f"{call.output_tokens:,}"),
                *(f"{call.cost:,.6f}", f"{call.latency_ms:,.0f} ms", call.outcome),
            )
            for call in calls
        ]
        headings = ("at", "model", "who", "for", "in", "out", "dollars", "took", "outcome")
        tables.listed(headings, rows, "No calls to models in this time.")


def _csv(headings: list[str], rows: list[list[object]]) -> None:
    import csv
    import sys

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([[_plain(cell) for cell in row] for row in rows])


def _plain(cell: object) -> object:
    """A text that a spreadsheet would take for a formula is marked as text (OWASP, CSV Injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
