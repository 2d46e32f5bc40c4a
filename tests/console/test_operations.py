"""Health, workers, breakers and schedules, as operators and viewers see them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from support.entering import entered
from support.site import Site

Visitor = Callable[..., Page]

TICKET = {"text": "Where is my parcel?"}


@pytest.fixture(scope="module")
def nightly(here: Site) -> str:
    """The id of a schedule that is there."""
    wanted = {"name": "by_night", "workflow": "support", "input": TICKET, "cron": "30 3 * * *"}
    made = here.post("/api/v1/schedules", wanted | {"time_zone": "Asia/Tokyo"})
    return str(made["id"])


def test_health_shows_every_part_and_all_are_well(here: Site, admin: Page) -> None:
    admin.goto("/console/operations/health")
    expect(admin.get_by_test_id("health-status")).to_contain_text("Everything is well.")
    expect(admin.get_by_test_id("health-status")).to_contain_text("Version ")
    expect(admin.get_by_test_id("as-of")).to_contain_text("As of")
    shown = admin.get_by_test_id("health-part").evaluate_all(
        "all => all.map(({ dataset }) => [dataset.part, dataset.status])"
    )
    told = here.get("/health/detail")["parts"]
    assert {name for name, _ in shown} == {part["name"] for part in told} >= {"database", "worker", "queue"}
    assert {status for _, status in shown} <= {"well", "absent"}


def test_a_worker_is_listed_with_its_slots_and_versions_beside_the_queue(here: Site, admin: Page) -> None:
    here.post("/api/v1/runs", {"workflow": "support", "input": TICKET})
    limit = {"scope": "each_tenant", "workflow": "support", "concurrency": 40}
    assert here.api.put("/api/v1/limits", json=limit).is_success
    admin.goto("/console/operations/workers")
    worker = here.get("/api/v1/workers")["items"][0]
    row = admin.locator(f'[data-row="{worker["id"]}"]')
    expect(row).to_contain_text("Alive")
    expect(row).to_contain_text(f"of {worker['slots']}")
    expect(row).to_contain_text("mlops@1")
    expect(admin.locator('[data-tile="Submitted"]')).to_have_text(re.compile(r"^[1-9]"))
    expect(admin.get_by_text("runs of support of each tenant by itself")).to_be_visible()
    expect(admin.get_by_text("No run of the newest 200 that wait in the queue is stranded.")).to_be_visible()


def test_a_breaker_is_set_by_hand_and_let_go(here: Site, admin: Page) -> None:
    admin.goto("/console/operations/breakers")
    admin.get_by_role("button", name="Set a breaker by hand").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_label("Name of the dependency").fill("model/drill")
    expect(dialog.get_by_role("button", name="Set by hand")).to_be_disabled()
    dialog.get_by_label("Why").fill("a drill")
    dialog.get_by_role("button", name="Set by hand").click()
    row = admin.locator('[data-row="model/drill"]')
    expect(row).to_contain_text("Forced open")
    expect(row).to_contain_text("a drill")
    row.get_by_role("button", name="Let go: model/drill").click()
    admin.get_by_role("dialog").get_by_role("button", name="Let go").click()
    expect(row.get_by_role("button", name="Let go: model/drill")).to_have_count(0)
    assert all(
        one["override"] is None or one["override"]["mode"] == "none"
        for one in here.get("/api/v1/breakers")["items"]
    )


def test_a_schedule_is_made_triggered_and_paused(here: Site, admin: Page) -> None:
    admin.goto("/console/schedules")
    admin.get_by_role("button", name="New schedule").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("weekly")
    dialog.get_by_label("Workflow").first.click()
    admin.get_by_role("option", name="support").click()
    expect(dialog.get_by_label("Input as JSON")).to_have_value(re.compile('"text"'))
    dialog.get_by_label("Input as JSON").fill('{"text": "Where is my parcel?"}')
    dialog.get_by_role("textbox", name="Cron expression").fill("0 6 * *")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_text("It needs five fields")).to_be_visible()
    preview = dialog.get_by_test_id("schedule-preview")
    expect(preview).to_contain_text("Write a whole rhythm")
    dialog.get_by_role("textbox", name="Cron expression").fill("61 6 * * MON")
    expect(preview).to_contain_text("its minute is wrong")
    dialog.get_by_role("textbox", name="Cron expression").fill("0 6 * * MON")
    expect(preview).to_contain_text("At 06:00 on Monday")
    expect(preview.get_by_role("listitem")).to_have_count(5)
    first = preview.get_by_role("listitem").first.locator("time").get_attribute("datetime")
    dialog.get_by_role("button", name="Create").click()

    expect(admin.get_by_role("heading", level=1)).to_have_text("Schedule weekly")
    expect(admin.get_by_test_id("next-fires").get_by_role("listitem")).to_have_count(5)
    assert admin.get_by_test_id("next-fires").locator("time").first.get_attribute("datetime") == first
    expect(admin.get_by_test_id("schedule-state")).to_have_text("Active")
    made = admin.url.rpartition("/")[2]
    admin.get_by_role("button", name="Run now: weekly").click()
    admin.wait_for_url(re.compile(r"/console/runs/[0-9a-f-]{36}"))
    run_id = re.search(r"/runs/([0-9a-f-]{36})", admin.url)
    assert run_id is not None
    assert here.get(f"/api/v1/runs/{run_id[1]}")["schedule_id"] == made

    admin.goto(f"/console/schedules/{made}")
    expect(admin.get_by_role("link", name=run_id[1])).to_be_visible()
    admin.get_by_role("button", name="Pause: weekly").click()
    expect(admin.get_by_test_id("schedule-state")).to_have_text("Paused")
    expect(admin.get_by_text("Not while it is paused")).to_be_visible()
    admin.goto("/console/schedules?state=paused")
    expect(admin.get_by_role("link", name="weekly")).to_be_visible()
    expect(admin.get_by_role("link", name="by_night")).to_have_count(0)


def test_a_change_that_somebody_else_made_meanwhile_is_not_lost(
    here: Site, admin: Page, nightly: str
) -> None:
    admin.goto(f"/console/schedules/{nightly}")
    admin.get_by_role("button", name="Edit", exact=True).click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Cron expression").fill("15 4 * * *")
    changed = here.api.patch(f"/api/v1/schedules/{nightly}", json={"overlap": "queue"})
    assert changed.is_success
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_test_id("error-message")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="Cron expression")).to_have_value("15 4 * * *")
    assert here.get(f"/api/v1/schedules/{nightly}")["cron"] == "30 3 * * *"
    dialog.get_by_role("button", name="Cancel").click()
    expect(admin.get_by_text("Run after it")).to_be_visible()


def test_a_viewer_sees_schedules_and_cannot_change_them(here: Site, visitor: Visitor, nightly: str) -> None:
    page = entered(here, visitor, "schedules-viewer@example.com", "viewer")
    page.goto("/console/schedules")
    expect(page.get_by_role("link", name="by_night")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^(New schedule|Run now|Pause|Delete)"))).to_have_count(
        0
    )
    page.goto(f"/console/schedules/{nightly}")
    expect(page.get_by_text("(Asia/Tokyo)").first).to_be_visible()
    expect(page.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
