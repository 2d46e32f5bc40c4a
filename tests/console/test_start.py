"""The start screen: from a template or one's own words to a run, whatever the network does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from support.opening import PHONE
from support.site import Site

Visitor = Callable[..., Page]

RUN = re.compile(r"/console/runs/[0-9a-f-]{36}$")
QUICK = "How long does delivery to Germany take, and what does it cost?"


def runs_of(here: Site, workflow: str) -> int:
    return len(here.get("/api/v1/runs", workflow=workflow, limit=200)["items"])


def test_a_chosen_template_fills_the_prompt_and_is_run_live(here: Site, admin: Page) -> None:
    card = admin.get_by_test_id("template-card-delivery")
    box = admin.get_by_test_id("chat-interface").get_by_test_id("chat-input")
    expect(admin.get_by_test_id("template-card-fraud-detection")).to_be_visible()
    card.focus()
    admin.keyboard.press("Enter")
    expect(card).to_have_class(re.compile(r"(^|\s)selected(\s|$)"))
    expect(card).to_have_attribute("aria-pressed", "true")
    expect(box).to_have_value(QUICK)
    assert "template=support.delivery" in admin.url
    admin.get_by_test_id("run-live-button").click()
    expect(admin).to_have_url(RUN)
    made = here.get(f"/api/v1/runs/{admin.url.rpartition('/')[2]}")
    assert (made["workflow"], made["input"]["text"]) == ("support", QUICK)


def test_an_own_text_goes_to_the_usual_workflow_and_what_was_typed_can_be_brought_back(
    here: Site, admin: Page
) -> None:
    box = admin.get_by_test_id("chat-input")
    box.fill("Churn model on AWS, nightly, 2 TB, $3k a month")
    card = admin.get_by_test_id("template-card-churn")
    card.click()
    expect(box).to_have_value(re.compile("^Weekly batch churn prediction"))
    admin.get_by_role("button", name="Bring back what I typed").click()
    expect(box).to_have_value("Churn model on AWS, nightly, 2 TB, $3k a month")
    card.click()
    expect(card).not_to_have_class(re.compile("selected"))
    box.press("Control+Enter")
    expect(admin).to_have_url(RUN)
    made = here.get(f"/api/v1/runs/{admin.url.rpartition('/')[2]}")
    assert (made["workflow"], made["input"]) == ("mlops", "Churn model on AWS, nightly, 2 TB, $3k a month")


def test_a_send_that_is_cut_off_and_sent_again_makes_one_run(here: Site, admin: Page) -> None:
    before = runs_of(here, "support")
    sent: list[str] = []

    def cut(route: Route) -> None:
        """The first one reaches the server, and its answer is lost."""
        if route.request.method != "POST":
            return route.continue_()
        sent.append(route.request.headers["idempotency-key"])
        if len(sent) == 1:
            route.fetch()
            return route.abort("connectionreset")
        return route.continue_()

    admin.route("**/api/v1/runs", cut)
    admin.get_by_test_id("template-card-delivery").click()
    admin.get_by_test_id("send-button").click()
    expect(admin.get_by_test_id("error-message")).to_contain_text("Your text is still here")
    expect(admin.get_by_test_id("chat-input")).to_have_value(QUICK)
    admin.get_by_test_id("retry-button").click()
    expect(admin).to_have_url(RUN)
    assert len(set(sent)) == 1
    assert runs_of(here, "support") == before + 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_is_shown_and_keeps_the_text(admin: Page, status: int) -> None:
    problem = {
        "type": "about:blank", "title": "Not now", "status": status, "detail": "Try again in a moment.",
        "code": "overloaded", "instance": "/", "request_id": "r", "retryable": True, "errors": [],
    }  # fmt: skip
    refused = []

    def refuse(route: Route) -> None:
        if route.request.method == "POST" and not refused:
            refused.append(True)
            route.fulfill(status=status, body=json.dumps(problem), content_type="application/problem+json")
        else:
            route.continue_()

    admin.route("**/api/v1/runs", refuse)
    admin.get_by_test_id("template-card-delivery").click()
    admin.get_by_test_id("run-live-button").click()
    expect(admin.get_by_test_id("error-message")).to_contain_text("Try again in a moment.")
    expect(admin.get_by_test_id("chat-input")).to_have_value(QUICK)
    admin.get_by_test_id("retry-button").click()
    expect(admin).to_have_url(RUN)


def test_an_empty_text_is_not_sent_and_a_wrong_one_is_explained(admin: Page) -> None:
    admin.get_by_test_id("send-button").click()
    expect(admin.get_by_text("Say first what is to be done.")).to_be_visible()
    admin.get_by_test_id("chat-input").fill("?")
    admin.get_by_test_id("send-button").click()
    expect(admin.get_by_test_id("error-message")).to_be_visible()
    expect(admin.get_by_test_id("retry-button")).to_have_count(0)


def test_recent_runs_and_what_waits_follow_what_happens(here: Site, admin: Page) -> None:
    expect(admin.get_by_role("heading", name="Recent runs")).to_be_visible()
    made = here.post("/api/v1/runs", {"workflow": "mlops", "input": "Something with machine learning"})
    first = admin.get_by_test_id("recent-run").first
    expect(first).to_have_attribute("href", re.compile(made["id"]))
    expect(first.locator("[data-status=waiting]")).to_be_visible()
    expect(admin.get_by_test_id("waiting-count")).to_contain_text("question")
    expect(admin.get_by_role("link", name="To the inbox")).to_have_attribute(
        "href", re.compile("/console/inbox$")
    )
    here.post(f"/api/v1/runs/{made['id']}/cancel", {})
    expect(first.locator("[data-status=cancelled]")).to_be_visible()


def test_whoever_may_only_watch_is_told_so(here: Site, visitor: Visitor) -> None:
    password = here.person("watcher.start@example.com", "viewer")
    page = visitor(here.url)
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("watcher.start@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/console/**")
    expect(page.get_by_text("You may watch runs.")).to_be_visible()
    expect(page.get_by_test_id("chat-interface")).to_have_count(0)


def test_it_fits_a_phone(admin: Page) -> None:
    admin.set_viewport_size(PHONE)
    expect(admin.get_by_test_id("template-card-churn")).to_be_visible()
    assert admin.evaluate("document.documentElement.scrollWidth <= innerWidth")
