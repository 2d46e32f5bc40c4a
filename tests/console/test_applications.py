"""What applications bring to the screen of a run: the architect's design, and the desk's conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from support.site import Site

Visitor = Callable[..., Page]
FRAUD = (
    "Real-time fraud detection for card payments, 2,000 requests per second at peak, "
    "p99 latency below 100 ms, budget 5,000 EUR per month, GDPR, data stays in the EU, on AWS"
)
TICKET = {"text": "How long do refunds take?", "sender": "nadia.haddad@example.com"}
PATIENT = 30_000


@pytest.fixture(scope="module")
def design(here: Site) -> str:
    """A run of the architect whose design was approved and built."""
    run = here.run("mlops", FRAUD, until=("waiting",))
    (asked,) = here.get("/api/v1/questions", run_id=run["id"], status="open")["items"]
    here.post(f"/api/v1/questions/{asked['id']}/answer", {"answer": "approve"})
    return str(here.reached(run["id"], "completed")["id"])


@pytest.fixture(scope="module")
def conversation(here: Site) -> str:
    """A run of the desk: answered with sources, asked about an order, then handed over."""
    run = here.run("support", TICKET, until=("waiting",))
    for text in ("Where is my order H-10005?", "Can I pay with shells on the moon?"):
        (asked,) = here.get("/api/v1/questions", run_id=run["id"], status="open")["items"]
        here.post(f"/api/v1/questions/{asked['id']}/answer", {"answer": text})
        _until_asked(here, run["id"], asked["id"])
    return str(run["id"])


def _until_asked(here: Site, run_id: str, before: str) -> dict[str, Any]:
    """The question that the run asks after another one."""
    while True:
        run = here.reached(run_id, "waiting")
        if run["questions"] and run["questions"][0]["id"] != before:
            return dict(run["questions"][0])


def test_the_design_is_shown_from_the_words_of_the_request_to_the_last_line(admin: Page, design: str) -> None:
    admin.goto(f"/console/runs/{design}?tab=design")
    picture = admin.get_by_test_id("architecture")
    expect(picture).to_be_visible(timeout=PATIENT)
    admin.wait_for_function("document.querySelector('[data-testid=architecture]').naturalWidth > 100")
    prompt = admin.get_by_test_id("highlighted-prompt")
    expect(prompt).to_have_text(FRAUD)
    expect(prompt.locator("mark", has_text="100 ms")).to_have_attribute("data-names", "latency_ms")
    costs = admin.get_by_test_id("costs")
    for name in ("Low", "Expected", "High", "Budget"):
        expect(costs.get_by_text(name, exact=True)).to_be_visible()
    expect(admin.get_by_test_id("lines-without-price")).to_be_visible()
    costs.get_by_role("button").first.click()
    expect(costs.get_by_role("table").first).to_contain_text("capacity")
    expect(admin.get_by_test_id("components").get_by_role("row")).not_to_have_count(1)
    admin.get_by_role("button", name="0001 Run on aws").click()
    expect(admin.get_by_test_id("decisions").get_by_text("Alternatives").first).to_be_visible()
    expect(admin.get_by_test_id("checks")).to_contain_text("Budget")


def test_the_conversation_is_shown_with_sources_actions_and_who_takes_over(
    admin: Page, conversation: str
) -> None:
    admin.goto(f"/console/runs/{conversation}?tab=conversation")
    said = admin.get_by_test_id("support-conversation").get_by_test_id("message")
    expect(said).to_have_count(6, timeout=PATIENT)
    expect(said.nth(1).get_by_test_id("citations")).to_contain_text("Refunds")
    expect(admin.get_by_test_id("actions")).to_contain_text("read_order")
    expect(admin.get_by_test_id("hand-over")).to_contain_text("the articles do not answer")
    expect(admin.get_by_test_id("sorted")).to_contain_text("Urgency: normal")


def test_an_answer_of_the_desk_takes_a_thumb_and_a_comment(
    here: Site, admin: Page, conversation: str
) -> None:
    admin.goto(f"/console/runs/{conversation}?tab=conversation")
    said = admin.get_by_test_id("support-conversation").get_by_test_id("message")
    expect(said).to_have_count(6, timeout=PATIENT)
    expect(admin.get_by_test_id("support-conversation").get_by_role("button", name="Good")).to_have_count(3)
    answer = said.nth(1)
    answer.get_by_role("button", name="Bad").click()
    expect(answer.get_by_role("button", name="Bad")).to_have_attribute("aria-pressed", "true")
    answer.get_by_role("button", name="Comment").click()
    answer.get_by_role("textbox").fill("It leaves out the weekend.")
    answer.get_by_role("button", name="Send the comment").click()
    expect(answer.get_by_role("textbox")).to_have_count(0)
    expect(answer.get_by_text("It leaves out the weekend.")).to_be_visible()
    (given,) = here.get("/api/v1/feedback", run_id=conversation)["items"]
    told = (given["step"], given["message"], given["rating"], given["comment"])
    assert told == ("answer#0", "ask:reply-1", -1, "It leaves out the weekend.")
