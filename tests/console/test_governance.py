"""Budgets, switches and guards in the console."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support.entering import entered
from support.site import Site

Visitor = Callable[..., Page]
CARD = "4539 1488 0343 6467"


@pytest.fixture
def viewer(here: Site, visitor: Visitor) -> Page:
    """A window in which somebody who may only read has signed in."""
    return entered(here, visitor, "viewer@governance.example.com", "viewer", at="/console/budgets")


def test_a_budget_is_made_seen_burning_changed_and_deleted(here: Site, admin: Page) -> None:
    admin.goto("/console/budgets")
    admin.get_by_test_id("new-budget").click()
    admin.get_by_role("textbox", name="Name", exact=True).fill("lookups-a-month")
    admin.get_by_role("combobox", name="Counts", exact=True).click()
    admin.get_by_role("option", name="Workflow").click()
    admin.get_by_label("Name of the workflow").fill("support")
    admin.get_by_role("combobox", name="Counts what").click()
    admin.get_by_role("option", name="Actions").click()
    admin.get_by_label("Hard limit", exact=True).fill("4.x")
    expect(admin.get_by_text("Write digits")).to_be_visible()
    admin.get_by_label("Hard limit", exact=True).fill("400")
    admin.get_by_label("Soft limit").fill("1")
    admin.get_by_test_id("save-budget").click()
    card = admin.get_by_test_id("budget").filter(has_text="lookups-a-month")
    expect(card.get_by_test_id("budget-spent")).to_have_text("0 actions spent")

    cancel = "Cancel order H-10005, ordered by mistake, nadia.haddad@example.com"
    here.run("support", {"text": cancel}, until=("waiting",))
    expect(card.get_by_test_id("budget-spent")).to_have_text("3 actions spent")
    expect(card.get_by_test_id("budget-state")).to_have_text("Beyond the soft limit")
    card.get_by_role("link", name="lookups-a-month").click()
    expect(admin.get_by_test_id("forecast")).to_contain_text("Expected")
    expect(admin.get_by_test_id("burn").locator("canvas")).to_be_visible()
    expect(admin.get_by_role("cell", name="3 actions")).to_be_visible()

    admin.get_by_test_id("change-budget").click()
    budget_id = admin.url.rpartition("/")[2]
    here.api.put(f"/api/v1/budgets/{budget_id}", json={"hard": "500"}).raise_for_status()
    admin.get_by_label("Hard limit", exact=True).fill("600")
    admin.get_by_test_id("save-budget").click()
    expect(admin.get_by_test_id("collision")).to_contain_text("hard 500 actions")
    expect(admin.get_by_label("Hard limit", exact=True)).to_have_value("600")
    admin.get_by_test_id("save-budget").click()
    expect(admin.get_by_text("hard limit 600 actions")).to_be_visible()

    admin.get_by_test_id("delete-budget").click()
    expect(admin.get_by_test_id("confirm")).to_be_disabled()
    admin.get_by_test_id("confirm-word").fill("lookups-a-month")
    admin.get_by_test_id("confirm").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("Budgets")
    expect(card).to_have_count(0)


def test_a_workflow_is_killed_by_typing_its_name_and_goes_on_once_it_is_let_go(
    here: Site, admin: Page
) -> None:
    admin.goto("/console/switches")
    admin.get_by_test_id("kill").click()
    admin.get_by_test_id("kill-name").fill("support")
    admin.get_by_label("Why").fill("INC-311: wrong answers")
    admin.get_by_test_id("kill-next").click()
    admin.get_by_test_id("confirm-word").fill("suppor")
    expect(admin.get_by_test_id("confirm")).to_be_disabled()
    admin.get_by_test_id("confirm-word").fill("support")
    admin.get_by_test_id("confirm").click()
    killed = admin.get_by_test_id("killed").filter(has_text="INC-311: wrong answers")
    try:
        expect(killed).to_be_visible()
        given = {"workflow": "support", "input": {"text": "How long do I have to return an item?"}}
        run = here.post("/api/v1/runs", given)
        killed.get_by_test_id("unkill").click()
        admin.get_by_test_id("confirm-word").fill("support")
        assert here.get(f"/api/v1/runs/{run['id']}")["status"] == "queued"
        admin.get_by_test_id("confirm").click()
        expect(killed).to_have_count(0)
    finally:
        here.api.post("/api/v1/switches/unkill", json={"kind": "workflow", "name": "support"})
    here.reached(run["id"], "waiting")
    admin.get_by_role("switch", name="Show those that were let go, too").check()
    expect(killed.first).to_contain_text("let go by person:")


def test_a_flag_is_set_for_a_share_and_removed(here: Site, admin: Page) -> None:
    admin.goto("/console/switches?tab=flags")
    admin.get_by_test_id("set-flag").click()
    admin.get_by_role("textbox", name="Name", exact=True).fill("Not A Name")
    admin.get_by_label("Share in per cent").fill("12.5")
    admin.get_by_test_id("save-flag").click()
    expect(admin.get_by_test_id("error-message")).to_be_visible()
    admin.get_by_role("textbox", name="Name", exact=True).fill("console.proof")
    admin.get_by_test_id("save-flag").click()
    row = admin.get_by_test_id("flag").filter(has_text="console.proof")
    expect(row).to_contain_text("for 12.5 %")
    row.get_by_role("button", name="Remove").click()
    admin.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_guards_show_a_card_number_in_a_text_and_the_text_without_it(admin: Page) -> None:
    admin.goto("/console/guards")
    admin.get_by_test_id("guard-text").fill(f"é𝒳 Charge {CARD}, thanks")
    admin.get_by_test_id("scan").click()
    found = admin.get_by_test_id("highlighted").locator("mark")
    expect(found).to_have_text(f"{CARD}card")
    expect(admin.get_by_test_id("finding")).to_contain_text("critical")
    masked = admin.get_by_test_id("masked-text")
    expect(masked).to_contain_text("<CARD:")
    expect(masked).not_to_contain_text(CARD)


def test_findings_in_runs_are_listed_of_the_audit_log_with_their_types(here: Site, admin: Page) -> None:
    here.run("support", {"text": f"My card is {CARD}, is that fine?"}, until=("waiting",))
    admin.goto("/console/guards?tab=findings")
    row = admin.get_by_test_id("guard-entry").filter(has=admin.get_by_role("cell", name="input", exact=True))
    row.first.get_by_role("button", name="Show").click()
    expect(row.first.get_by_test_id("guard-finding")).to_contain_text("card")


def test_a_viewer_sees_what_there_is_and_no_button_that_changes_it(here: Site, viewer: Page) -> None:
    here.post("/api/v1/budgets", {"name": "seen", "unit": "tokens", "period": "day", "hard": "10"})
    here.api.put("/api/v1/flags", json={"name": "console.seen", "enabled": True}).raise_for_status()
    viewer.get_by_role("link", name="seen").click()
    expect(viewer.get_by_text("hard limit 10 tokens")).to_be_visible()
    expect(viewer.get_by_test_id("change-budget")).to_have_count(0)
    expect(viewer.get_by_test_id("delete-budget")).to_have_count(0)
    viewer.get_by_role("navigation").get_by_text("Budgets").click()
    expect(viewer.get_by_role("link", name="seen")).to_be_visible()
    expect(viewer.get_by_test_id("new-budget")).to_have_count(0)
    viewer.goto("/console/switches")
    expect(viewer.get_by_text("Show those that were let go, too")).to_be_visible()
    expect(viewer.get_by_test_id("kill")).to_have_count(0)
    viewer.get_by_role("tab", name="Flags").click()
    expect(viewer.get_by_test_id("flag").filter(has_text="console.seen")).to_be_visible()
    expect(viewer.get_by_role("button", name="Change")).to_have_count(0)
    expect(viewer.get_by_test_id("set-flag")).to_have_count(0)
    viewer.goto("/console/guards?tab=findings")
    expect(viewer.get_by_text("audit:read")).to_be_visible()
