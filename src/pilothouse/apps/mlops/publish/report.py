"""Writes the report as Markdown and as one HTML page that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from pilothouse.apps.mlops.design import Design, Review
from pilothouse.apps.mlops.publish import markdown
from pilothouse.apps.mlops.publish.content import Component, Report, Table, report_of
from pilothouse.apps.mlops.rationale import Decision, Rationale
from pilothouse.apps.mlops.validators.model import Validation

if TYPE_CHECKING:
    from jinja2 import Template


def report_markdown(
    design: Design, reviews: Sequence[Review], validation: Validation, rationale: Rationale
) -> str:
    """The report as Markdown; it shows `architecture.svg`, which lies beside it."""
    return "\n\n".join(_sections(report_of(design, reviews, validation, rationale))) + "\n"


def report_html(
    design: Design,
    reviews: Sequence[Review],
    validation: Validation,
    rationale: Rationale,
    diagram: bytes,
) -> str:
    """The report as one HTML page around `diagram` (of `diagram_svg`); all other text is escaped."""
    report = report_of(design, reviews, validation, rationale)
    return _template().render(report=report, diagram=diagram.decode())


def _template() -> Template:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    source = files("pilothouse.apps.mlops.publish") / "report.html.j2"
    return environment.from_string(source.read_text(encoding="utf-8"))


def _sections(report: Report) -> Iterator[str]:
    yield f"# {markdown.text(report.title)}"
    yield markdown.text(report.summary)
    yield "## Request"
    yield markdown.quote(report.prompt)
    yield "## What was understood"
    yield _table(report.understood)
    yield "## Architecture"
    alternative = markdown.text(f"Architecture of {report.title} on {report.place}")
    yield f"![{alternative}](architecture.svg)"
    yield "## Components"
    for component in report.components:
        yield from _component(component)
    yield "## Cost"
    yield _table(report.cost)
    yield from _optional("### Lines", report.cost_lines)
    yield from _optional("### Unknown", report.unknown)
    if report.sources:
        yield "### Price sources"
        yield markdown.bullets(f"[{item.number}] {item.url} ({item.when})" for item in report.sources)
    yield from (markdown.text(note) for note in report.cost_notes)
    yield "## Checks"
    for table in report.checks:
        yield from _optional(f"### {table.caption}", table)
    yield "## Validators"
    yield _table(report.validators)
    yield "## Assumptions"
    yield markdown.bullets(report.assumptions) or "None."
    yield from _optional("## Relaxations", report.relaxations)
    yield from _optional("## Alternatives", report.alternatives)
    yield "## Decision records"
    for decision in report.decisions:
        yield from _decision(decision)


def _table(table: Table) -> str:
    return markdown.table(table.head, table.rows)


def _optional(heading: str, table: Table) -> Iterator[str]:
    """A heading with its table, where there is anything to show."""
    if table.rows:
        yield heading
        yield _table(table)


def _component(component: Component) -> Iterator[str]:
    yield f"### {markdown.text(component.role)}: {markdown.text(component.name)}"
    if component.sizing:
        yield f"Size: {markdown.text(component.sizing)}."
    yield markdown.text(component.why)
    if component.rejected:
        yield "Not chosen:"
        yield markdown.bullets(component.rejected)


def _decision(decision: Decision) -> Iterator[str]:
    yield f"### {decision.id}. {markdown.text(decision.title)}"
    yield f"Context: {markdown.text(decision.context)}"
    yield f"Decision: {markdown.text(decision.decision)}"
    if decision.consequences:
        yield "Consequences:"
        yield markdown.bullets(decision.consequences)
