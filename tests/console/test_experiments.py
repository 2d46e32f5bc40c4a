"""Experiments: made, started, with figures and intervals, concluded; and results of evaluations."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from support.entering import as_admin, entered
from support.site import Site

Visitor = Callable[..., Page]


@pytest.fixture
def unsplit(house: Site) -> None:
    """No experiment runs, so that one about the same can be started."""
    for running in house.get("/api/v1/experiments", state="running")["items"]:
        house.post(f"/api/v1/experiments/{running['id']}/conclude", {"why": "another one follows"})


def test_an_experiment_is_made_started_watched_and_concluded(
    house: Site, visitor: Visitor, unsplit: None
) -> None:
    page = as_admin(house, visitor)
    page.goto("/console/experiments?state=stopped")
    expect(page.get_by_text("No experiment is in this state.")).to_be_visible()
    page.get_by_role("link", name="New experiment").click()
    name = f"which-{uuid4().hex}"
    _made(page, name)
    expect(page.get_by_test_id("experiment-state")).to_have_text("Draft")
    _confirmed(page, "Start")
    expect(page.get_by_test_id("experiment-state")).to_have_text("Running")
    for number in range(20):
        house.post("/api/v1/runs", {"workflow": "agent.triage", "input": f"Where is my order {number}?"})
    expect(page.get_by_test_id("arm-candidate")).to_contain_text("100%", timeout=30_000)
    expect(page.get_by_test_id("metric-validity").get_by_role("img")).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("conclusions")).to_contain_text("candidate")
    _weighed_and_stopped(page)
    _confirmed(page, "Conclude")
    expect(page.get_by_test_id("experiment-state")).to_have_text("Concluded")
    page.goto("/console/experiments?state=concluded")
    expect(page.get_by_test_id("experiments-table")).to_contain_text(name)


def _made(page: Page, name: str) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_role("combobox", name="About").select_option("model")
    page.get_by_role("textbox", name="Model alias", exact=True).fill("default")
    page.get_by_role("combobox", name="Split by").select_option("run")
    page.get_by_role("textbox", name="Model", exact=True).fill("one:n")
    page.get_by_role("textbox", name="Share in %", exact=True).fill("150")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_test_id("error-message")).to_be_visible()
    expect(page.get_by_role("textbox", name="Name", exact=True)).to_have_value(name)
    page.get_by_role("textbox", name="Share in %", exact=True).fill("50")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def _confirmed(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def _weighed_and_stopped(page: Page) -> None:
    page.get_by_role("button", name="Change shares").click()
    page.get_by_role("textbox", name="candidate: Share in %", exact=True).fill("20")
    page.get_by_role("dialog").get_by_role("button", name="Change shares").click()
    expect(page.get_by_test_id("arm-candidate")).to_contain_text("20 %")
    page.get_by_role("button", name="Stop this arm").click()
    page.get_by_role("textbox", name="Why", exact=True).fill("it swears")
    page.get_by_role("dialog").get_by_role("button", name="Stop this arm").click()
    expect(page.get_by_test_id("arm-candidate")).to_contain_text("it swears")


def test_a_viewer_sees_an_experiment_and_no_button_that_changes_it(house: Site, visitor: Visitor) -> None:
    name = f"seen-{uuid4().hex}"
    arms = [{"name": "control"}, {"name": "candidate", "version": "1", "weight": "10"}]
    made = house.post("/api/v1/experiments", {"name": name, "about": "support/wish", "arms": arms})
    page = entered(house, visitor, "looks-at-experiments@example.com", "viewer")
    page.goto("/console/experiments")
    page.get_by_role("link", name=name).click()
    page.wait_for_url(f"**/{made['id']}")
    expect(page.get_by_test_id("arm-control")).to_contain_text("90 %")
    expect(page.get_by_text("worse than the control by more than 2 points of per cent").first).to_be_visible()
    for label in ("Start", "Change shares", "Conclude", "Stop"):
        expect(page.get_by_role("button", name=label)).to_have_count(0)


def test_two_files_of_results_are_compared_in_the_browser(
    house: Site, visitor: Visitor, tmp_path: Path
) -> None:
    page = as_admin(house, visitor)
    page.goto("/console/evaluations")
    expect(page.get_by_text("pilothouse eval").first).to_be_visible()
    before, after, other = (tmp_path / name for name in ("before.json", "after.json", "other.json"))
    before.write_text(evaluated(house, tmp_path, "equals"))
    after.write_text(evaluated(house, tmp_path, "contains"))
    other.write_text(json.dumps({"format": 2}))
    chosen = page.locator("input[type=file]")
    chosen.first.set_input_files(other)
    expect(page.get_by_test_id("error-message")).to_contain_text("its format is not 1")
    chosen.first.set_input_files(after)
    expect(page.get_by_test_id("standings")).to_contain_text("100%")
    chosen.nth(1).set_input_files(before)
    expect(page.get_by_test_id("compared")).to_contain_text("Better")


def evaluated(house: Site, folder: Path, check: str) -> str:
    """The file that an evaluation of six cases writes, whose answers have to pass a check."""
    prompt, cases = folder / "say.md", folder / "cases.jsonl"
    prompt.write_text("---\nvariables: {input: string}\n---\nSay it.\n\n<!-- user -->\n{{ input }}\n")
    told = [
        {"id": f"c{number}", "variables": {"input": "x"}, "expected": "order_status"} for number in range(6)
    ]
    cases.write_text("\n".join(map(json.dumps, told)))
    file = folder / f"{check}.json"
    options = ["--prompt", str(prompt), "--models", "one:m", "--check", check, "--save", str(file)]
    house.command("eval", str(cases), *options)
    return file.read_text()
