"""The audit log: entries are found, and proved by the browser itself; tampering is told loudly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from support.site import Site

Visitor = Callable[..., Page]

DAMAGED = "The sleeping bag in order H-10003 arrived damaged, refund it. My e-mail is elif.yilmaz@example.com"
FOUND_OUT = "find_customer_by_email"
ENTRY = "**/api/v1/audit/entries/*"


@pytest.fixture(scope="module")
def acted(here: Site) -> str:
    """A run of the support desk that has found out who the customer is."""
    return str(here.run("support", DAMAGED, until=("waiting",))["id"])


def entry_of(here: Site, run_id: str) -> dict[str, Any]:
    """The outcome of the run's first action, which has its place in the log."""
    here.post("/api/v1/audit/heads", {})
    items = here.get("/api/v1/audit/entries", run_id=run_id, kind="outcome")["items"]
    return next(item for item in items if item["subject"] == FOUND_OUT)


def tampered(page: Page, **changes: object) -> None:
    """From now on the server's answers about single entries come changed."""

    def answer(route: Route) -> None:
        found = route.fetch()
        said = found.json()
        leaf = json.dumps(json.loads(said["leaf"]) | changes, separators=(",", ":"), sort_keys=True)
        route.fulfill(response=found, json=said | changes | {"leaf": leaf})

    page.route(ENTRY, answer)


def test_an_entry_is_found_by_filters_and_verified_by_the_browser(
    here: Site, admin: Page, acted: str
) -> None:
    entry_of(here, acted)
    admin.goto("/console/audit")
    admin.get_by_label("Run", exact=True).fill(acted)
    admin.get_by_role("button", name="Search", exact=True).last.click()
    admin.wait_for_url(f"**run_id={acted}**")
    admin.get_by_role("combobox", name="Kind").click()
    admin.get_by_role("option", name="Outcome").click()
    admin.get_by_test_id("audit-row").get_by_role("button", name=FOUND_OUT).click()
    drawer = admin.get_by_role("dialog")
    expect(drawer.get_by_test_id("proof-badge")).to_have_text("Verified")
    expect(drawer.locator("[data-result=holds]")).to_have_count(6)
    expect(drawer.get_by_role("link", name="Open the run")).to_have_attribute(
        "href", f"/console/runs/{acted}"
    )
    admin.reload()  # the filters and the entry stand in the address
    expect(admin.get_by_test_id("proof-badge")).to_have_text("Verified")


def test_an_entry_whose_leaf_was_changed_does_not_fit(here: Site, admin: Page, acted: str) -> None:
    entry = entry_of(here, acted)
    tampered(admin, actor="person:somebody-else")
    admin.goto(f"/console/audit?entry={entry['id']}")
    expect(admin.get_by_test_id("proof-badge")).to_have_text("Does not fit")
    expect(admin.get_by_role("alert")).to_contain_text("This entry does not fit its proof")
    checks = admin.get_by_test_id("proof-checks")
    expect(checks.locator("[data-check=leaf]")).to_have_attribute("data-result", "fails")
    expect(checks.locator("[data-check=path]")).to_have_attribute("data-result", "fails")
    expect(checks.locator("[data-check=signature]")).to_have_attribute("data-result", "holds")


def test_the_newest_entry_waits_for_its_place_and_is_verified_then(here: Site, admin: Page) -> None:
    """The first answer says that the entry has no place yet; the second is the server's own."""
    entry = here.get("/api/v1/audit/entries", limit=1)["items"][0]
    here.post("/api/v1/audit/heads", {})
    held = [True]

    def answer(route: Route) -> None:
        found = route.fetch()
        route.fulfill(response=found, json=found.json() | ({"position": None} if held[0] else {}))

    admin.route(ENTRY, answer)
    admin.goto(f"/console/audit?entry={entry['id']}")
    expect(admin.get_by_test_id("proof-badge")).to_have_text("Not yet sequenced")
    held[0] = False
    expect(admin.get_by_test_id("proof-badge")).to_have_text("Verified")


def test_the_log_goes_on_from_a_listed_head_and_from_one_that_was_kept(here: Site, admin: Page) -> None:
    kept = here.post("/api/v1/audit/heads", {})
    hold = here.post("/api/v1/audit/holds", {"reason": "makes the log grow"})
    here.post(f"/api/v1/audit/holds/{hold['id']}/release", {})
    admin.goto("/console/audit?tab=heads")
    admin.get_by_role("button", name="Sign a head now").click()
    check = admin.get_by_role("button", name=f"Check the head of {kept['size']} entries")
    check.click()
    expect(admin.get_by_test_id("head-state")).to_have_text("The log goes on from it")
    note = admin.get_by_label("Note", exact=True)
    note.fill(kept["note"])
    admin.get_by_role("button", name="Check the kept head").click()
    expect(admin.get_by_test_id("head-state").last).to_have_text("The log goes on from it")
    note.fill(kept["note"].replace("\n" + kept["root"], "\n" + "A" * 43 + "="))
    admin.get_by_role("button", name="Check the kept head").click()
    expect(admin.get_by_test_id("head-state").last).to_have_text("Does not fit the newest head")


def test_a_hold_is_made_and_released(admin: Page) -> None:
    admin.goto("/console/audit?tab=keeping")
    expect(admin.get_by_test_id("audit-keeping")).to_have_text("For ever")
    admin.get_by_role("button", name="Make a hold").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Case 2030-17")
    dialog.get_by_role("button", name="Make a hold").click()
    row = admin.get_by_test_id("audit-hold").filter(has_text="Case 2030-17")
    row.get_by_role("button", name="Release").click()
    admin.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(row.get_by_role("button")).to_have_count(0)
    expect(row.locator("time")).to_have_count(2)


def test_the_log_is_exported_by_a_link(admin: Page) -> None:
    admin.goto("/console/audit")
    admin.get_by_role("button", name="Export").click()
    with admin.expect_download() as started:
        admin.get_by_role("menuitem", name="Export to verify").click()
    assert '"type":"log"' in started.value.path().read_text().split("\n")[0]
