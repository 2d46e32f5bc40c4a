"""The runs screen: ten thousand of them in one list, filtered, followed and worked on together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest
from playwright.sync_api import Page, expect

from pilothouse.kit import postgres
from support.entering import as_admin
from support.opening import PHONE
from support.site import Site, site

Visitor = Callable[..., Page]

MANY = 10_000
FILL = """
insert into runs (id, tenant_id, workflow, version, pin, status, priority, principal, seq, labels, created_at,
                  changed_at, finished_at)
select id, 'default', 'old', 1, 'old@1', status, 0, 'ada', 1,
       case when n %% 10 = 0 then '{"team": "risk"}'::jsonb else '{}' end, created_at, created_at,
       case when status in ('completed', 'failed') then created_at + interval '2 seconds' end
  from (
    select n, created_at, case when n %% 100 = 1 then 'failed' when n > %(runs)s - 40 then 'waiting'
                               else 'completed' end as status,
           (lpad(to_hex((extract(epoch from created_at) * 1000)::bigint), 12, '0') || '7'
            || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text || 'x'), 1, 15))::uuid as id
      from (
        select n, date_trunc('second', now()) - interval '20 hours' + n * interval '7 seconds' as created_at
          from generate_series(1, %(runs)s) as n) as drawn) as made
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server whose database has ten thousand runs: 40 wait, 100 have failed, the rest completed."""
    with site(tmp_path_factory.mktemp("full")) as started:
        database = postgres.attach(started.folder / "data")
        with database as server, psycopg.connect(server.dsn) as connection:
            connection.execute(FILL, {"runs": MANY})
        yield started


@pytest.fixture
def page(full: Site, visitor: Visitor) -> Page:
    """A window in which the admin has signed in to it, with all runs."""
    opened = as_admin(full, visitor)
    opened.goto("/console/runs")
    expect(opened.get_by_test_id("run-row").first).to_be_visible()
    return opened


def numbers(page: Page) -> list[int]:
    """The places of the rows that are drawn."""
    found: list[int] = page.get_by_test_id("run-row").evaluate_all(
        "rows => rows.map(row => +row.dataset.place)"
    )
    return found


def confirmed(page: Page, count: str) -> None:
    """Say yes to what is done to so many runs, and wait until it is done."""
    expect(page.get_by_test_id("bulk-count")).to_contain_text(count)
    page.get_by_test_id("bulk-confirm").click()
    expect(page.get_by_test_id("bulk-progress")).to_contain_text("done")
    page.get_by_test_id("bulk-close").click()
    expect(page.get_by_test_id("bulk-dialog")).to_have_count(0)


def test_ten_thousand_rows_are_scrolled_to_the_end_and_few_of_them_drawn(page: Page) -> None:
    body = page.get_by_test_id("run-list")
    told = page.get_by_test_id("loaded-count")
    expect(told).to_contain_text("loaded; scroll for more")
    while "scroll for more" in (before := told.inner_text()):
        body.evaluate("box => { box.scrollTop = box.scrollHeight }")
        expect(told).not_to_have_text(before)
    expect(told).to_have_text(f"{MANY:,} runs")
    body.evaluate("box => { box.scrollTop = box.scrollHeight }")
    expect(page.locator(f"[data-place='{MANY - 1}']")).to_be_visible()
    assert len(numbers(page)) < 60


def test_states_filter_and_the_address_says_so(page: Page) -> None:
    expect(page.get_by_test_id("status-waiting")).to_have_accessible_name(re.compile("^40 Waiting"))
    page.get_by_test_id("status-waiting").click()
    expect(page.get_by_test_id("loaded-count")).to_have_text("40 runs")
    assert "status=waiting" in page.url
    page.get_by_test_id("status-failed").click()
    expect(page.get_by_test_id("loaded-count")).to_have_text("140 runs")
    assert page.url.endswith("status=waiting%2Cfailed")
    page.goto("/console/runs?status=failed&labels=team%3Drisk&sort=oldest")
    expect(page.get_by_text("No run fits.")).to_be_visible()
    page.get_by_test_id("clear-filters").click()
    expect(page.get_by_test_id("run-row").first).to_be_visible()
    page.get_by_label("Id begins with").fill("zz")
    page.get_by_label("Id begins with").press("Enter")
    expect(page.get_by_text("Four characters or more")).to_be_visible()
    page.get_by_role("combobox", name="Labels").fill("team=risk")
    page.get_by_role("combobox", name="Labels").press("Enter")
    expect(page.get_by_test_id("loaded-count")).to_contain_text("200 runs loaded")
    assert "labels=team%3Drisk" in page.url


def test_a_bar_of_the_histogram_is_the_time_that_is_looked_at(page: Page) -> None:
    chart = page.get_by_test_id("histogram")
    expect(chart).to_have_attribute(
        "aria-label", re.compile(r"^1\d{4} runs were made in this time: .* 100 failed")
    )
    over = chart.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    over.click(position={"x": box["width"] * 0.5, "y": 20})
    expect(page).to_have_url(re.compile(r"after=.*before="))
    expect(page.get_by_test_id("loaded-count")).to_have_text(re.compile(r"^13\d runs$"))
    page.get_by_test_id("clear-filters").click()
    expect(chart).to_have_attribute("aria-label", re.compile(r"^1\d{4} runs"))


def test_keys_move_select_and_open(page: Page) -> None:
    rows = page.get_by_test_id("run-row")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-place='2']")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.get_by_test_id("selected-count")).to_have_text("1 run selected")
    page.keyboard.press("Home")
    expect(page.locator("[data-place='0']")).to_be_focused()
    wanted = page.locator("[data-place='0']").get_attribute("data-run")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/console/runs/{wanted}$"))


def test_new_runs_are_announced_and_move_nothing_until_they_are_asked_for(full: Site, page: Page) -> None:
    first = page.get_by_test_id("run-row").first
    before = first.get_attribute("data-run")
    expect(page.get_by_test_id("connection-status")).to_have_text("Connected")
    made = [full.post("/api/v1/runs", {"workflow": "mlops", "input": "Something with machine learning"})
            for _ in range(2)]  # fmt: skip
    expect(page.get_by_test_id("new-runs")).to_have_text("2 new runs")
    assert first.get_attribute("data-run") == before
    page.get_by_test_id("new-runs").click()
    expect(first).to_have_attribute("data-run", made[1]["id"])
    expect(first.locator("[data-status=waiting]")).to_be_visible()
    full.post(f"/api/v1/runs/{made[1]['id']}/cancel", {})
    expect(first.locator("[data-status=cancelled]")).to_be_visible()
    full.post(f"/api/v1/runs/{made[0]['id']}/cancel", {})


def test_selected_runs_and_all_that_match_are_cancelled_after_a_word_about_how_many(
    full: Site, page: Page
) -> None:
    page.goto("/console/runs?status=waiting&workflow=old")
    expect(page.get_by_test_id("loaded-count")).to_have_text("40 runs")
    for place in range(3):
        page.get_by_test_id("run-row").nth(place).get_by_role("checkbox").check()
    page.get_by_test_id("cancel-selected").click()
    confirmed(page, "This cancels 3 runs.")
    expect(page.get_by_test_id("loaded-count")).to_have_text("37 runs")
    page.get_by_test_id("for-all").click()
    page.get_by_test_id("retry-all").click()
    expect(page.get_by_text("None of these runs has failed.")).to_be_visible()
    page.get_by_test_id("bulk-dialog").get_by_role("button", name="Close").click()
    page.get_by_test_id("for-all").click()
    page.get_by_test_id("cancel-all").click()
    confirmed(page, "This cancels 37 runs.")
    expect(page.get_by_text("No run fits.")).to_be_visible()
    assert full.get("/api/v1/runs", status="waiting", workflow="old")["items"] == []


def test_a_view_is_saved_in_this_browser_and_found_again(page: Page) -> None:
    page.get_by_test_id("status-failed").click()
    page.get_by_role("button", name="Saved views").click()
    expect(page.get_by_text("Kept in this browser only.")).to_be_visible()
    page.get_by_label("Name of the view").fill("What failed")
    page.get_by_role("button", name="Save this view").click()
    page.goto("/console/runs")
    page.get_by_role("button", name="Saved views").click()
    page.get_by_role("button", name="What failed", exact=True).click()
    expect(page).to_have_url(re.compile("status=failed"))


def test_whoever_may_not_operate_sees_runs_and_no_orders(full: Site, visitor: Visitor) -> None:
    password = full.person("watcher.runs@example.com", "viewer")
    page = visitor(full.url)
    page.goto("/sign-in?next=%2Fconsole%2Fruns")
    page.get_by_label("E-mail").fill("watcher.runs@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("run-row").first).to_be_visible()
    expect(page.get_by_test_id("for-all")).to_have_count(0)
    expect(page.get_by_test_id("run-list").get_by_role("checkbox")).to_have_count(0)


def test_it_fits_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    expect(page.get_by_test_id("run-row").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
