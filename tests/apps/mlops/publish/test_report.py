from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from pilothouse.apps.mlops.agents import PublishRequest
from pilothouse.apps.mlops.design import Relaxation, Verdict
from pilothouse.apps.mlops.publish import diagram_svg, report_html, report_markdown
from pilothouse.apps.mlops.publish.words import value
from pilothouse.apps.mlops.requirements import Budget, Constraint

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects elements, text and captions, and checks that tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def html(request_: PublishRequest) -> str:
    design = request_.build.design
    return report_html(
        design, request_.build.reviews, request_.validation, request_.rationale, diagram_svg(design)
    )


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    read = Page()
    read.feed(html)
    assert read.open == []
    return read


@pytest.fixture(scope="module")
def text(request_: PublishRequest) -> str:
    return report_markdown(
        request_.build.design, request_.build.reviews, request_.validation, request_.rationale
    )


def test_the_page_loads_and_runs_nothing(page: Page, html: str) -> None:
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], tag
        assert "src" not in attributes
        assert (attributes.get("href") or "#").startswith(("#", "https://"))
    assert "url(http" not in html
    assert "default-src 'none'" in html


def test_the_prompt_is_shown_as_text(page: Page, request_: PublishRequest) -> None:
    assert request_.build.design.requirements.prompt in "".join(page.text)


def test_the_page_can_be_read_by_everyone(page: Page) -> None:
    assert page.tags[0][0] == "html"
    assert page.tags[0][1]["lang"] == "en"
    names = [tag for tag, _ in page.tags]
    assert names.count("h1") == 1
    assert names.count("table") == names.count("caption") > 4
    assert {attributes.get("scope") for tag, attributes in page.tags if tag == "th"} == {"col", "row"}
    ids = {attributes["id"] for _, attributes in page.tags if attributes.get("id")}
    links = {attributes["href"] for tag, attributes in page.tags if tag == "a"}
    assert {link[1:] for link in links if link and link.startswith("#")} <= ids
    levels = [int(tag[1]) for tag in names if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_both_reports_tell_everything(page: Page, text: str, request_: PublishRequest) -> None:
    design = request_.build.design
    shown = " ".join("".join(page.text).split())
    plain = re.sub(r"\\(.)", r"\1", text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    expected = [choice.name for choice in design.choices]
    expected += [choice.why for choice in design.choices]
    expected += [item.reason for choice in design.choices for item in choice.rejected]
    expected += [check.detail for review in request_.build.reviews for check in review.checks]
    expected += [line.description for line in (*design.bill.lines, *design.bill.unknown)]
    expected += [line.source.url for line in design.bill.lines if line.source]
    expected += [*design.assumptions, *design.demand.assumptions]
    expected += [item.reason for item in design.alternatives]
    expected += [item.title for item in request_.rationale.decisions]
    expected += [f"${design.bill.expected:,.2f}", f"${design.bill.low:,.2f}", f"${design.bill.high:,.2f}"]
    expected += ["12 tests passed, 1 skipped", "terraform/main.tf:3"]
    for part in expected:
        words = " ".join(part.split())
        assert words in shown, words
        assert words in plain, words


def test_what_was_understood_names_the_words_it_was_read_from(text: str) -> None:
    assert re.search(r"\| Use case \| fraud detection \| stated \| [\d.]+ \| fraud detection \|", text)
    assert re.search(r"\| Budget \| 5,000 USD a month \| stated \|", text)


def test_an_unknown_price_is_shown_as_unknown(request_: PublishRequest) -> None:
    design = request_.build.design
    line = design.bill.lines[0].model_copy(update={"monthly": None, "unit_price": None, "quantity": None})
    bill = design.bill.model_copy(update={"lines": (line,), "unknown": (line,), "budget_usd": None})
    changed = design.model_copy(update={"bill": bill.model_copy(update={"within_budget": None})})
    written = report_markdown(changed, request_.build.reviews, request_.validation, request_.rationale)
    rows = [row for row in written.splitlines() if row.startswith(f"| {line.component} | {line.resource}")]
    assert len(rows) == 1
    assert rows[0].count("unknown") == 3
    assert "none given" in written


def test_relaxations_are_shown_where_there_are_some(request_: PublishRequest, text: str) -> None:
    relaxed = Relaxation(field="latency_ms", was="1 ms", becomes="20 ms", because="light is slow")
    design = request_.build.design.model_copy(update={"relaxations": (relaxed,), "alternatives": ()})
    parts = (design, request_.build.reviews, request_.validation, request_.rationale)
    assert "| Latency | 1 ms | 20 ms | light is slow |" in report_markdown(*parts)
    page = report_html(*parts, diagram_svg(design))
    assert "light is slow" in page
    assert "No other whole design met the constraints." in page
    assert "## Relaxations" not in text


def test_checks_stand_by_verdict_with_their_numbers(page: Page, request_: PublishRequest) -> None:
    shown = "".join(page.text)
    checks = [check for review in request_.build.reviews for check in review.checks]
    for verdict, name in ((Verdict.FAIL, "Failed"), (Verdict.WARN, "Warnings"), (Verdict.PASS, "Passed")):
        assert f"{name} ({sum(check.verdict is verdict for check in checks)})" in shown


@pytest.mark.parametrize(
    ("item", "written"),
    [
        (Constraint[object](value=0.0578703704, unit="requests/s"), "0.05787 requests/s"),
        (Constraint[object](value=True), "yes"),
        (Constraint[object](value=("gdpr", "soc2")), "GDPR, SOC 2"),
        (Constraint[object](value=5.0, unit="GB", low=4, high=6.5), "5 GB (from 4 to 6.5)"),
        (
            Constraint[object](
                value=Budget(monthly=5000, currency="EUR", stated_amount=60000, stated_period="year")
            ),
            "60,000 EUR a year (5,000.00 a month)",
        ),
    ],
)
def test_values_are_written_for_people(item: Constraint[object], written: str) -> None:
    assert value(item) == written
