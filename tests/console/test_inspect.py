"""The further parts of a run's screen: graph, timeline, artifacts, journal, logs, trace and comparison."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from support.entering import as_admin
from support.site import Site
from support.touring import Places

Visitor = Callable[..., Page]
PHONE = {"width": 390, "height": 844}
LINES = """path => path.getAttribute("d").split("M").slice(1).map((line) => line.split("L").flatMap((end) => {
    const [x, y] = end.split(" ").map(Number);
    const seen = new DOMPoint(x, y).matrixTransform(path.getScreenCTM());
    return [seen.x, seen.y];
}))"""
"""Where the lines of the graph begin and end, in the window."""
AGENTS = ("intake", "coverage", "planner", "tech_critic", "final_gate", "codegen", "publish")
PARTS = ("graph", "timeline", "artifacts", "journal", "logs", "trace", "compare")
SERIOUS = """async () => (await axe.run()).violations
    .filter(({impact}) => impact === 'serious' || impact === 'critical')
    .map(({id, nodes}) => [id, nodes.slice(0, 3).map(({html}) => html)])"""


@pytest.fixture
def designed(there: Site, worked: Places) -> dict[str, Any]:
    """A run of the MLOps application that has completed."""
    return dict(there.get(f"/api/v1/runs/{worked.named['design']}"))


@pytest.fixture
def other(there: Site, worked: Places) -> dict[str, Any]:
    """Another one, which was asked for something else."""
    return dict(there.get(f"/api/v1/runs/{worked.named['other']}"))


@pytest.fixture
def window(there: Site, visitor: Visitor) -> Callable[..., Page]:
    """A window in which the admin has signed in."""

    def opened(**options: object) -> Page:
        return as_admin(there, visitor, at="about:blank", **options)

    return opened


def _open(page: Page, run: dict[str, Any], part: str, **chosen: str | int) -> None:
    more = "".join(f"&{name}={value}" for name, value in chosen.items())
    page.goto(f"/console/runs/{run['id']}?tab={part}{more}")


def _step(page: Page, name: str) -> Locator:
    return page.get_by_test_id("graph-step").filter(has=page.get_by_text(name, exact=True))


def test_the_graph_has_the_agents_and_a_step_tells_all_of_itself(
    window: Visitor, designed: dict[str, Any]
) -> None:
    page = window(viewport={"width": 1280, "height": 2600})
    _open(page, designed, "graph")
    page.get_by_role("combobox", name="Find a step").click()
    expect(page.get_by_role("option", name="publish#0/save#3")).to_be_attached()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Fit View").click()
    for agent in AGENTS:
        expect(_step(page, agent)).to_contain_text("Completed")
    _step(page, "planner").click()
    panel = page.get_by_test_id("step-panel")
    expect(panel.get_by_role("heading", name="planner", exact=True)).to_be_visible()
    expect(panel.get_by_test_id("step-duration")).to_contain_text(re.compile(r"\d (ms|s)"))
    expect(panel.get_by_test_id("reason-card")).to_contain_text("% confident")
    expect(page).to_have_url(re.compile("step=planner"))
    panel.get_by_role("button", name=re.compile(r"Entry \d+ in the journal")).last.click()
    expect(page.get_by_test_id("entry-payload")).to_contain_text("produced_by")


def test_lines_lead_from_each_step_of_the_graph_to_the_next(
    window: Visitor, designed: dict[str, Any]
) -> None:
    page = window()
    _open(page, designed, "graph")
    first, second = (_step(page, name).bounding_box() for name in ("intake", "coverage"))
    assert first is not None
    assert second is not None
    line = page.get_by_test_id("graph-lines").locator("path")
    foot = (first["x"] + first["width"] / 2, first["y"] + first["height"])
    head = (second["x"] + second["width"] / 2, second["y"])
    assert any(one == pytest.approx([*foot, *head], abs=4) for one in line.evaluate(LINES))
    assert line.evaluate("path => getComputedStyle(path).stroke") != "none"


def test_the_graph_is_worked_by_keyboard(window: Visitor, designed: dict[str, Any]) -> None:
    page = window()
    _open(page, designed, "graph")
    expect(page.get_by_test_id("graph-step").first).to_be_visible()
    page.get_by_role("combobox", name="Find a step").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=re.compile("^intake Completed"))).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("step-panel")).to_contain_text("coverage#0")
    page.get_by_role("button", name="Next step").press("Enter")
    expect(page.get_by_test_id("step-panel")).to_contain_text("questions#0")


def test_the_graph_follows_a_run(there: Site, window: Visitor) -> None:
    run = there.run("patient", "a,b\n1,2\n", until=("waiting",))
    page = window()
    _open(page, run, "graph")
    expect(page.get_by_role("button", name=re.compile("^ask Waiting"))).to_be_in_viewport()
    expect(page.get_by_role("switch", name="Follow the run")).to_be_checked()
    page.get_by_test_id("graph").hover(position={"x": 60, "y": 60})
    page.mouse.down()
    page.mouse.move(400, 500, steps=4)
    page.mouse.up()
    expect(page.get_by_role("switch", name="Follow the run")).not_to_be_checked()
    there.post(f"/api/v1/questions/{run['questions'][0]['id']}/answer", {"answer": "left"})
    expect(page.get_by_role("button", name=re.compile("^ask Completed"))).to_be_attached()
    expect(page.get_by_role("switch", name="Follow the run")).to_have_count(0)


def test_times_are_shown_by_step_and_by_span(window: Visitor, designed: dict[str, Any]) -> None:
    page = window()
    _open(page, designed, "timeline")
    row = page.get_by_role("button", name=re.compile("^planner "))
    expect(row).to_be_visible()
    row.hover()
    expect(page.get_by_role("tooltip")).to_contain_text("Duration")
    expect(page.get_by_test_id("timeline-total")).to_contain_text("working")
    page.get_by_role("switch", name="Leave out waiting").click()
    expect(page).to_have_url(re.compile("gaps=hide"))
    _open(page, designed, "trace")
    expect(page.get_by_test_id("trace-summary")).to_contain_text(re.compile(r"\d+ spans"))
    expect(page.get_by_role("button", name=re.compile("^call planner "))).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download as OTLP/JSON").click()
    assert '"resourceSpans"' in saved.value.path().read_text()
    row = page.get_by_role("button", name=re.compile("^call intake "))
    row.click()
    expect(page.get_by_test_id("entry-payload")).to_contain_text("requirements")


def test_the_journal_is_filtered_and_an_entry_has_a_link(window: Visitor, designed: dict[str, Any]) -> None:
    page = window()
    _open(page, designed, "journal", entry=designed["seq"])
    expect(page.get_by_test_id("entry-payload")).to_contain_text("output")
    expect(page.get_by_test_id("journal-count")).to_have_text(f"{designed['seq']} entries")
    page.get_by_role("button", name=f"Show entry {designed['seq']}").click()
    expect(page.get_by_test_id("entry-payload")).to_have_count(0)
    page.get_by_role("textbox", name="Find in kind").fill("report.md")
    page.get_by_role("combobox", name="Kind").click()
    page.get_by_role("option", name="saved").click()
    expect(page.get_by_test_id("journal-count")).to_contain_text("1 of")
    expect(page).to_have_url(re.compile("find=report.md.*kind=saved|kind=saved.*find=report.md"))
    page.get_by_role("textbox", name="Find in kind").fill("nothing has this")
    expect(page.get_by_test_id("nothing")).to_contain_text("No entry matches.")


def test_logs_say_what_happened_and_what_failed(
    there: Site, window: Visitor, designed: dict[str, Any]
) -> None:
    failed = there.run("unlucky", None, until=("failed",))
    page = window()
    _open(page, designed, "logs")
    expect(page.get_by_text("reading the request (0 of 12)")).to_be_visible()
    _open(page, failed, "logs")
    expect(page.get_by_test_id("log-line")).to_have_count(4)
    page.get_by_text("Errors", exact=True).click()
    expect(page.get_by_test_id("log-line")).to_have_count(2)
    expect(page.get_by_test_id("log-line").first).to_contain_text("step_failed: The bridge is closed.")
    _open(page, failed, "graph", step="breaks%230")
    expect(page.get_by_test_id("step-panel")).to_contain_text("The bridge is closed.")
    expect(page.get_by_role("button", name=re.compile("^breaks Failed"))).to_be_visible()


def test_artifacts_are_shown_by_what_they_are(window: Visitor, designed: dict[str, Any]) -> None:
    page = window()
    _open(page, designed, "artifacts")
    expect(page.get_by_test_id("artifact")).to_have_count(4)
    tree = page.get_by_test_id("zip-tree")
    tree.get_by_role("button", name="src").click()
    tree.get_by_role("button", name="pyproject.toml").click()
    expect(page.get_by_test_id("code")).to_contain_text("[project]")
    expect(page.locator(".hljs-section").first).to_be_visible()
    expect(page).to_have_url(re.compile("path=.*pyproject.toml"))
    page.get_by_role("button", name="report.md").click()
    expect(page.get_by_test_id("markdown").get_by_role("table").first).to_be_visible()
    page.get_by_role("button", name="architecture.svg").click()
    picture = page.get_by_role("img", name="The picture architecture.svg")
    assert picture.evaluate("async (image) => (await image.decode(), image.naturalWidth)") > 100
    page.get_by_role("button", name="report.html").click()
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open the page in a new tab").click()
    expect(opened.value.locator("h1").first).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download report.md").click()
    assert saved.value.suggested_filename == "report.md"


def test_tables_and_values_are_shown_as_such(there: Site, window: Visitor) -> None:
    run = there.run("patient", 'name,said\nAda,"one, two"\n', until=("waiting",))
    page = window()
    _open(page, run, "artifacts")
    expect(page.get_by_role("cell", name="one, two")).to_be_visible()
    page.get_by_role("button", name="facts.json").click()
    expect(page.get_by_test_id("json-view")).to_contain_text('colour: "green"')


def test_two_runs_are_compared(window: Visitor, designed: dict[str, Any], other: dict[str, Any]) -> None:
    page = window()
    _open(page, designed, "compare")
    page.get_by_role("textbox", name="Find a run by its id").fill(other["id"][-8:])
    page.get_by_test_id("runs-to-compare").get_by_role("button", name=other["id"]).click()
    expect(page).to_have_url(re.compile(f"with={other['id']}"))
    expect(page.get_by_test_id("compare-summary").get_by_text("Completed")).to_have_count(2)
    expect(page.get_by_test_id("compare-summary")).to_contain_text("$0.00, 0 calls")
    expect(page.get_by_test_id("compare-input")).to_contain_text("sales")
    expect(page.get_by_test_id("compare-output").locator("[data-change=changed]").first).to_be_visible()
    expect(page.get_by_test_id("compare-decisions")).to_contain_text("intake#0")
    expect(page.get_by_test_id("compare-steps")).to_contain_text("codegen#0")


def test_a_run_of_300_steps_stays_usable(there: Site, window: Visitor) -> None:
    run = there.run("broad", 60)
    page = window()
    _open(page, run, "graph")
    expect(page.get_by_test_id("graph-count")).to_have_text("300 steps")
    expect(page.get_by_test_id("graph-step").first).to_be_visible()
    assert page.get_by_test_id("graph-step").count() < 60  # those in sight only
    page.get_by_role("combobox", name="Find a step").fill("team#59/gather#0/2")
    page.get_by_role("option").first.click()
    expect(page.get_by_test_id("step-panel")).to_contain_text("Part 179 is made.")
    expect(page.locator("[data-chosen=true]")).to_be_in_viewport()
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name="Fit View").click()
    expect(page.get_by_test_id("graph-step")).to_have_count(300)
    _open(page, run, "timeline")
    expect(page.get_by_role("button", name=re.compile("^team "))).not_to_have_count(0)
    assert page.get_by_test_id("waterfall-row").count() < 60


def test_one_of_5000_entries_is_found(there: Site, window: Visitor) -> None:
    run = there.run("talkative", 5000)
    page = window()
    _open(page, run, "journal")
    expect(page.get_by_test_id("journal-count")).to_have_text(re.compile(r"5,00\d entries"))
    page.get_by_role("textbox", name="Find in kind").fill("line 4999")
    expect(page.get_by_test_id("journal-count")).to_contain_text("1 of")


def _expect_shown(page: Page, part: str) -> None:
    shown = {
        "graph": "step-panel",
        "timeline": "waterfall",
        "artifacts": "markdown",
        "journal": "entry-payload",
        "logs": "log-line",
        "trace": "waterfall",
        "compare": "compare-steps",
    }
    expect(page.get_by_test_id(shown[part]).first).to_be_visible()
