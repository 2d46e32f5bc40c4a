"""Models, their breakers, kept answers, and what calls to them took."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.entering import as_admin, entered
from support.modelled import answered
from support.site import Site

Visitor = Callable[..., Page]
LATER = 20_000
"""Milliseconds until what processes tell of their breakers is shown at the latest."""


def test_a_site_without_a_provider_says_how_to_name_one(here: Site, admin: Page) -> None:
    admin.goto(f"{here.url}/console/models")
    expect(admin.get_by_text("No model is set up.")).to_be_visible()
    expect(admin.get_by_text("[providers.openai]")).to_be_visible()
    admin.goto(f"{here.url}/console/usage")
    expect(admin.get_by_text("No calls to models in this time.")).to_be_visible()


def test_an_alias_is_set_for_the_tenant_and_taken_back(house: Site, visitor: Visitor) -> None:
    page = as_admin(house, visitor)
    page.goto("/console/models")
    row = page.get_by_test_id("alias-cheap")
    expect(row).to_contain_text("price unknown")
    row.get_by_role("button", name="Change").click()
    page.get_by_role("textbox", name="Models, one on each line").fill("nobody:m")
    page.get_by_role("dialog").get_by_role("button", name="Change").click()
    expect(page.get_by_test_id("error-message")).to_contain_text("nobody")
    expect(page.get_by_role("textbox", name="Models, one on each line")).to_have_value("nobody:m")
    page.get_by_role("textbox", name="Models, one on each line").fill("one:n\none:m")
    page.get_by_role("dialog").get_by_role("button", name="Change").click()
    expect(row).to_contain_text("this tenant")
    expect(row).to_contain_text("$3 in, $6 out")
    row.get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(row).to_contain_text("settings")


def test_a_breaker_is_forced_open_and_reset_by_hand(house: Site, visitor: Visitor) -> None:
    page = as_admin(house, visitor)
    page.goto("/console/models?breaker=model/one:m")
    row = page.get_by_test_id("breaker-model/one:m")
    expect(row).to_contain_text("Closed")
    expect(page.get_by_text("succeeded")).to_be_visible()
    row.get_by_role("button", name="Set by hand").click()
    page.get_by_role("textbox", name="Why", exact=True).fill("INC-7")
    page.get_by_role("dialog").get_by_role("button", name="Set by hand").click()
    expect(row).to_contain_text("Forced open", timeout=LATER)
    expect(row).to_contain_text("INC-7")
    assert answered(house, "Hello there")["choices"], "the other model of the alias answers"
    row.get_by_role("button", name="Set by hand").click()
    page.get_by_role("combobox", name="Mode", exact=True).select_option("none")
    page.get_by_role("textbox", name="Why", exact=True).fill("it is back")
    page.get_by_role("dialog").get_by_role("button", name="Set by hand").click()
    expect(row).to_contain_text("Closed", timeout=LATER)
    row.get_by_role("button", name="Reset").click()
    page.get_by_role("dialog").get_by_role("button", name="Reset").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(row).to_contain_text("Closed")


def test_kept_answers_are_counted_and_let_go(house: Site, visitor: Visitor) -> None:
    for _ in range(2):
        answered(house, "The same again", temperature=0)
    page = as_admin(house, visitor)
    page.goto("/console/models")
    part = page.get_by_test_id("model-cache")
    expect(part).to_contain_text("1 of 2 look-ups")
    part.get_by_role("button", name="Clear them").click()
    page.get_by_role("dialog").get_by_role("button", name="Clear them").click()
    expect(page.get_by_text("1 answers were let go.")).to_be_visible()


def test_usage_appears_after_calls_as_bars_sums_and_rows(house: Site, visitor: Visitor) -> None:
    answered(house, "Hello")
    page = as_admin(house, visitor)
    page.goto("/console/usage")
    table = page.get_by_test_id("usage-table")
    expect(table.get_by_role("row").filter(has_text="Total")).to_contain_text("$0.0")
    expect(page.get_by_test_id("usage-chart").locator("path").first).to_be_visible()
    page.get_by_role("combobox", name="Bars show").select_option("calls")
    page.get_by_role("combobox", name="By", exact=True).select_option("provider")
    expect(table.get_by_role("row").filter(has_text="one")).to_be_visible()
    assert "by=provider" in page.url
    page.get_by_text("Calls", exact=True).first.click()
    rows = page.get_by_test_id("calls-table").get_by_role("row")
    expect(rows.filter(has_text="one:m").first).to_contain_text("ok")
    page.get_by_role("textbox", name="Model", exact=True).fill("nothing-of-that-name")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No such calls in this time.")).to_be_visible()
    assert "model=nothing-of-that-name" in page.url


def test_a_viewer_sees_no_button_that_changes_models(house: Site, visitor: Visitor) -> None:
    page = entered(house, visitor, "looks-at-models@example.com", "viewer")
    page.goto("/console/models")
    expect(page.get_by_test_id("aliases")).to_be_visible()
    expect(page.get_by_test_id("model-cache")).to_contain_text("Hit rate")
    for name in (
        "Change",
        "Set another alias",
        "Set by hand",
        "Reset",
        "Clear them",
        "Forget agents' answers",
    ):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
