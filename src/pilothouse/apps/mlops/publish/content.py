"""The report's content as rows of text, which the Markdown and the HTML report both write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pilothouse.apps.mlops.design import Check, Design, Rejected, Review, Verdict
from pilothouse.apps.mlops.pricing.model import Bill, CostLine, PriceSource
from pilothouse.apps.mlops.publish import words
from pilothouse.apps.mlops.rationale import Decision, Rationale
from pilothouse.apps.mlops.validators.model import Validation

VERDICTS = (Verdict.FAIL, Verdict.WARN, Verdict.PASS)
VERDICT_NAMES = {Verdict.FAIL: "Failed", Verdict.WARN: "Warnings", Verdict.PASS: "Passed"}


@dataclass(frozen=True)
class Table:
    """A table: its caption, column heads, rows, and which columns hold numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Component:
    """A chosen component: what it is, its sizes, why it was chosen, and what lost."""

    role: str
    name: str
    sizing: str
    why: str
    rejected: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """Where a unit price is published, and its region and day."""

    number: int
    url: str
    when: str


@dataclass(frozen=True)
class Report:
    """Everything a report says. `decisions` are as the rationale has them."""

    title: str
    place: str
    prompt: str
    summary: str
    facts: tuple[tuple[str, str], ...]
    understood: Table
    components: tuple[Component, ...]
    cost: Table
    cost_lines: Table
    unknown: Table
    sources: tuple[Source, ...]
    cost_notes: tuple[str, ...]
    checks: tuple[Table, ...]
    validators: Table
    assumptions: tuple[str, ...]
    relaxations: Table
    alternatives: Table
    decisions: tuple[Decision, ...]


def report_of(
    design: Design, reviews: Sequence[Review], validation: Validation, rationale: Rationale
) -> Report:
    """Put the content together."""
    checks = [check for review in reviews for check in review.checks]
    sources = _sources([*_priced(design.bill), *_unpriced(design.bill)])
    return Report(
        title=words.headline(design),
        place=words.place(design),
        prompt=design.requirements.prompt,
        summary=rationale.summary,
        facts=_facts(design, checks, validation),
        understood=_understood(design),
        components=tuple(
            Component(
                role=words.label(choice.role.value),
                name=choice.name,
                sizing=", ".join(words.sizes(choice)),
                why=choice.why,
                rejected=tuple(_rejected(item) for item in choice.rejected),
            )
            for choice in design.choices
        ),
        cost=_cost(design.bill),
        cost_lines=_lines("Cost lines at expected usage, US dollars a month", _priced(design.bill), sources),
        unknown=_lines("Lines without a price: not counted as zero", _unpriced(design.bill), sources),
        sources=tuple(
            Source(number, source.url, f"{source.region}, {source.date.isoformat()}")
            for source, number in sources.items()
        ),
        cost_notes=design.bill.notes,
        checks=tuple(_checks(verdict, checks) for verdict in VERDICTS),
        validators=_validators(validation),
        assumptions=tuple(dict.fromkeys((*design.assumptions, *design.demand.assumptions))),
        relaxations=Table(
            "Constraints that were relaxed",
            ("Constraint", "Was", "Becomes", "Because"),
            tuple(
                (words.label(item.field), item.was, item.becomes, item.because) for item in design.relaxations
            ),
        ),
        alternatives=_alternatives(design),
        decisions=rationale.decisions,
    )


def _facts(design: Design, checks: Sequence[Check], validation: Validation) -> tuple[tuple[str, str], ...]:
    """The figures a reader wants first."""
    bill = design.bill
    counted = {verdict: sum(check.verdict is verdict for check in checks) for verdict in VERDICTS}
    passed = sum(result.passed for result in validation.results)
    return (
        ("Workload", words.label(design.workload.value)),
        ("Runs on", words.place(design)),
        ("Expected a month", f"${bill.expected:,.0f}"),
        ("Range a month", f"${bill.low:,.0f} to ${bill.high:,.0f}"),
        ("Budget a month", "none given" if bill.budget_usd is None else f"${bill.budget_usd:,.0f}"),
        (
            "Design checks",
            f"{counted[Verdict.PASS]} passed, {counted[Verdict.WARN]} warn, {counted[Verdict.FAIL]} failed",
        ),
        ("Validators", f"{passed} of {len(validation.results)} passed"),
        ("Score", f"{design.score.total:.2f} of 1"),
    )


def _understood(design: Design) -> Table:
    rows = tuple(
        (
            words.label(name),
            words.value(item),
            item.origin.value,
            f"{item.confidence:.2f}",
            item.span.text if item.span else "",
            item.note,
        )
        for name, item in words.known(design)
    )
    head = ("Constraint", "Value", "Origin", "Confidence", "Words it was read from", "Note")
    return Table("What was understood", head, rows, frozenset({3}))


def _rejected(item: Rejected) -> str:
    score = "" if item.score is None else f" (score {item.score:.2f})"
    return f"{item.name}{score}: {item.reason}"


def _cost(bill: Bill) -> Table:
    budget = "none given" if bill.budget_usd is None else words.money(bill.budget_usd)
    within = {None: "no budget to hold it against", True: "yes", False: "no"}[bill.within_budget]
    return Table(
        "Cost a month in US dollars",
        ("Low", "Expected", "High", "Budget", "Within budget"),
        ((words.money(bill.low), words.money(bill.expected), words.money(bill.high), budget, within),),
        frozenset({0, 1, 2, 3}),
    )


def _priced(bill: Bill) -> list[CostLine]:
    return [line for line in bill.lines if line.monthly is not None]


def _unpriced(bill: Bill) -> list[CostLine]:
    """Unknown lines, whether the bill keeps them apart or among its lines."""
    mixed = [line for line in bill.lines if line.monthly is None]
    return [*mixed, *(line for line in bill.unknown if line not in mixed)]


def _sources(lines: Sequence[CostLine]) -> dict[PriceSource, int]:
    """Where prices are published, numbered from 1 in the order of the lines."""
    distinct = dict.fromkeys(line.source for line in lines if line.source is not None)
    return {source: number for number, source in enumerate(distinct, start=1)}


def _lines(caption: str, lines: Sequence[CostLine], sources: Mapping[PriceSource, int]) -> Table:
    rows = tuple(
        (
            line.component or "whole design",
            f"{line.resource}: {line.description}",
            words.number(line.quantity if line.quantity is None else round(line.quantity, 4)),
            line.unit,
            words.number(line.unit_price),
            words.money(line.monthly),
            line.assumption,
            f"[{sources[line.source]}]" if line.source else "",
        )
        for line in lines
    )
    head = ("Component", "Resource", "Quantity", "Unit", "Unit price", "Monthly", "Assumption", "Source")
    return Table(caption, head, rows, frozenset({2, 4, 5}))


def _checks(verdict: Verdict, checks: Sequence[Check]) -> Table:
    rows = tuple(
        (check.title, check.component or "whole design", check.detail, check.rule)
        for check in checks
        if check.verdict is verdict
    )
    return Table(f"{VERDICT_NAMES[verdict]} ({len(rows)})", ("Check", "Component", "Found", "Rule"), rows)


def _validators(validation: Validation) -> Table:
    rows = tuple(
        (
            result.name,
            "passed" if result.passed else "failed",
            "; ".join(result.notes),
            "; ".join(f"{item.place}: {item.message}" for item in result.findings),
        )
        for result in validation.results
    )
    return Table(
        "What the validators found in the repository", ("Validator", "Result", "Looked at", "Found"), rows
    )


def _alternatives(design: Design) -> Table:
    rows = tuple(
        (
            item.name,
            words.name(item.cloud.value),
            f"{item.score:.3f}",
            words.UNKNOWN if item.expected_monthly_usd is None else f"${item.expected_monthly_usd:,.0f}",
            item.reason,
        )
        for item in design.alternatives
    )
    head = ("Design", "Cloud", "Score", "Expected a month", "Why it lost")
    return Table("Whole designs that lost", head, rows, frozenset({2, 3}))
