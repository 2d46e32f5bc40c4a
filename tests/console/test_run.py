"""The screen of a run: watched live, answered, cut off and resumed, steered, and read by who may look."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from support.cut_proxy import CutProxy
from support.site import Site

Visitor = Callable[..., Page]
VAGUE = "I need some machine learning"
ENDED = ("completed", "failed", "cancelled")
PATIENCE = 60_000
"""Milliseconds for whatever is waited for; what a run generates is tested by it, which takes a while."""
expect.set_options(timeout=PATIENCE)


def submitted(here: Site, prompt: str = VAGUE) -> str:
    """The id of a run that has just been submitted."""
    return str(here.post("/api/v1/runs", {"workflow": "mlops", "input": prompt})["id"])


def asking(here: Site) -> dict[str, Any]:
    """A run that waits for answers to its three questions."""
    return here.reached(submitted(here), "waiting")


def answer_all(here: Site, run: dict[str, Any], **wanted: str) -> None:
    """Answer the open questions of a run as somebody else: with what is suggested unless said otherwise."""
    for question in run["questions"]:
        given = wanted.get(question["key"].rpartition(":")[2], question["default"])
        here.post(f"/api/v1/questions/{question['id']}/answer", {"answer": given})


def gated(here: Site) -> dict[str, Any]:
    """A run that waits for the last question, whether its design is to be built."""
    run = asking(here)
    answer_all(here, run)
    return waiting_anew(here, run)


def waiting_anew(here: Site, run: dict[str, Any]) -> dict[str, Any]:
    """The run once it waits for other questions than it did."""
    before = {question["id"] for question in run["questions"]}
    while True:
        found = here.reached(run["id"], "waiting", *ENDED)
        if found["questions"] and before.isdisjoint(question["id"] for question in found["questions"]):
            return found
        assert found["status"] not in ENDED, found


def opened(page: Page, run_id: str) -> Page:
    """The screen of a run."""
    page.goto(f"/console/runs/{run_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Run of mlops")
    return page


def field(page: Page, place: int) -> Locator:
    """The place for the answer to a question."""
    return page.get_by_test_id(f"question-{place}-input")


def test_a_vague_prompt_is_asked_about_answered_resumed_completed_and_downloaded(
    here: Site, admin: Page
) -> None:
    page = opened(admin, submitted(here))
    expect(page.get_by_test_id("connection-status")).to_have_text("Connected")
    expect(page.get_by_test_id("hitl-questions")).to_be_visible()
    expect(page.get_by_test_id("job-status")).to_have_text("Waiting for you")
    expect(page.get_by_test_id("question")).to_have_count(3)
    field(page, 0).fill("real-time predictions")
    page.get_by_text("fraud detection", exact=True).click()
    expect(field(page, 1)).to_have_value("fraud detection")
    expect(field(page, 2)).to_have_value("2000 USD per month")
    page.get_by_test_id("submit-answers").click()
    expect(page.get_by_test_id("workflow-resumed")).to_be_visible()
    expect(page.get_by_test_id("question")).to_have_count(1)  # whether the design is to be built
    page.get_by_test_id("submit-answers").click()
    expect(page.get_by_test_id("workflow-complete")).to_be_visible()
    expect(page.get_by_test_id("job-status")).to_have_text("Completed")
    expect(page.get_by_test_id("connection-status")).to_have_text("Connected")
    expect(page.get_by_test_id("workflow-progress")).to_have_attribute("aria-valuenow", "100")
    expect(page.get_by_test_id("message").last).to_contain_text("done")
    with page.expect_download() as downloading:
        page.get_by_test_id("download-artifacts").click()
    assert downloading.value.suggested_filename.endswith(".zip")
    packed = zipfile.ZipFile(downloading.value.path()).namelist()
    assert "README.md" in {name.rpartition("/")[2] for name in packed}


def test_a_reason_card_tells_how_it_was_decided_and_takes_a_thumb(here: Site, admin: Page) -> None:
    run = asking(here)
    page = opened(admin, run["id"])
    card = page.get_by_test_id("reason-card").filter(has_text="Coverage")
    expect(card).to_contain_text("0% confident")
    expect(card).to_contain_text("by expert")
    expect(card.get_by_test_id("reason-card-inputs")).to_have_count(0)
    card.get_by_text("Inputs, outputs and alternatives").click()
    expect(card.get_by_test_id("reason-card-inputs")).to_be_visible()
    expect(card.get_by_test_id("reason-card-outputs")).to_be_visible()
    with page.expect_response("**/api/v1/feedback"):
        card.get_by_role("button", name="Good").click()
    expect(card.locator("[aria-pressed=true]")).to_have_count(1)
    given = here.get("/api/v1/feedback", run_id=run["id"])["items"]
    assert [(one["step"], one["rating"]) for one in given] == [("coverage#0", 1)]


def test_after_a_cut_the_stream_goes_on_and_nothing_is_lost_or_told_twice(
    here: Site, visitor: Visitor
) -> None:
    run = asking(here)
    with CutProxy(here.url) as proxy:
        page = visitor(proxy.url)
        page.goto(here.link().replace(here.url, proxy.url))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/**")
        opened(page, run["id"])
        expect(page.get_by_test_id("reason-card")).to_have_count(2)
        proxy.cut()
        expect(page.get_by_test_id("connection-status")).to_have_text("Reconnecting")
        expect(page.get_by_test_id("connection-notice")).to_be_visible()
        answer_all(here, run)
        waiting_anew(here, run)
        expect(page.get_by_test_id("reason-card")).to_have_count(2)
        proxy.mend()
        expect(page.get_by_test_id("connection-status")).to_have_text("Connected")
        expect(page.get_by_test_id("connection-notice")).to_have_count(0)
        expect(page.get_by_test_id("hitl-questions")).to_contain_text("1 question")
        assert_all_is_told(here, page, run["id"])


def assert_all_is_told(here: Site, page: Page, run_id: str) -> None:
    """Every card and message of the journal stands on the page once and in order."""
    entries = here.get(f"/api/v1/runs/{run_id}/journal", limit=200)["items"]
    emitted = [(entry["seq"], entry["payload"]) for entry in entries if entry["kind"] == "emitted"]
    cards = [str(seq) for seq, payload in emitted if "card" in payload]
    said = [payload["progress"]["message"] for _, payload in emitted if "progress" in payload]
    expect(page.get_by_test_id("reason-card")).to_have_count(len(cards))
    shown = page.get_by_test_id("reason-card").evaluate_all("all => all.map(card => card.dataset.seq)")
    assert shown == cards
    told = page.get_by_test_id("message").locator("p:last-child").all_text_contents()
    assert told == said


def test_answers_that_do_not_get_through_are_kept_and_sent_again(here: Site, admin: Page) -> None:
    run = asking(here)
    page = opened(admin, run["id"])
    field(page, 0).fill("stream processing")
    page.route("**/answer", lambda route: route.abort())
    page.get_by_test_id("submit-answers").click()
    expect(page.get_by_test_id("error-message")).to_contain_text("Your answers were not sent")
    expect(field(page, 0)).to_have_value("stream processing")
    page.unroute("**/answer")
    page.get_by_test_id("retry-button").click()
    expect(page.get_by_test_id("workflow-resumed")).to_be_visible()
    expect(page.get_by_test_id("error-message")).to_have_count(0)
    answered = here.get(f"/api/v1/questions/{run['questions'][0]['id']}")
    assert answered["answer"] == "stream processing"


def test_an_answer_that_the_server_refuses_is_told_and_can_be_changed(here: Site, admin: Page) -> None:
    page = opened(admin, gated(here)["id"])
    expect(field(page, 0).get_by_role("textbox")).to_have_count(0)  # only its choices are answers
    reject, sent = field(page, 0).get_by_role("radio", name="reject"), "**/api/v1/questions/*/answer"
    reject.check()
    page.route(sent, lambda route: route.continue_(post_data='{"answer": "perhaps"}'))
    page.get_by_test_id("submit-answers").click()
    expect(page.get_by_test_id("error-message")).to_contain_text("is not one of the choices")
    expect(reject).to_be_checked()
    page.unroute(sent)
    page.get_by_test_id("submit-answers").click()
    expect(page.get_by_test_id("job-status")).to_have_text("Failed")


def test_a_question_that_somebody_else_answers_goes_with_a_word_and_the_others_stay(
    here: Site, admin: Page
) -> None:
    run = asking(here)
    page = opened(admin, run["id"])
    field(page, 1).fill("churn prediction")
    here.post(f"/api/v1/questions/{run['questions'][0]['id']}/answer", {"answer": "scheduled batch"})
    expect(page.get_by_test_id("question")).to_have_count(2)
    expect(page.get_by_test_id("question-gone")).to_contain_text("local answered")
    expect(field(page, 0)).to_have_value("churn prediction")


def test_a_run_that_was_refused_tells_why_is_retried_and_followed_again(here: Site, admin: Page) -> None:
    run = gated(here)
    page = opened(admin, run["id"])
    page.get_by_text("reject", exact=True).click()
    page.get_by_test_id("submit-answers").click()
    expect(page.get_by_test_id("job-status")).to_have_text("Failed")
    expect(page.get_by_test_id("run-error")).to_contain_text("rejected at the final gate")
    seq = here.reached(run["id"], "failed")["seq"]
    with page.expect_request(lambda asked: asked.headers.get("last-event-id") == str(seq)):
        page.get_by_test_id("retry-run").click()
    expect(page.get_by_test_id("connection-status")).to_have_text("Connected")
    expect(page.get_by_test_id("run-error")).to_contain_text("rejected at the final gate")
    assert here.reached(run["id"], "failed")["seq"] > seq
    assert_all_is_told(here, page, run["id"])


def test_a_run_is_cancelled_after_a_question(here: Site, admin: Page) -> None:
    run = asking(here)
    page = opened(admin, run["id"])
    page.get_by_test_id("cancel-run").click()
    page.get_by_role("button", name="Let it go on").click()
    expect(page.get_by_test_id("job-status")).to_have_text("Waiting for you")
    page.get_by_test_id("cancel-run").click()
    page.get_by_test_id("confirm-cancel").click()
    expect(page.get_by_test_id("job-status")).to_have_text("Cancelled")
    expect(page.get_by_test_id("cancel-run")).to_have_count(0)
    expect(page.get_by_test_id("hitl-questions")).to_have_count(0)


def test_a_fork_is_checked_made_with_other_input_and_shown(here: Site, admin: Page) -> None:
    run = asking(here)
    page = opened(admin, run["id"])
    page.get_by_test_id("fork-run").click()
    given = page.get_by_test_id("fork-input")
    expect(given).to_have_value(VAGUE)
    given.fill("Forecast demand every night")
    page.get_by_test_id("fork-submit").click()
    page.wait_for_url(lambda url: not url.endswith(run["id"]))
    expect(page.get_by_role("heading", level=1)).to_have_text("Run of mlops")
    expect(page.get_by_role("link", name=run["id"][-12:])).to_be_visible()
    made = here.get(f"/api/v1/runs/{page.url.rpartition('/')[2]}")
    assert made["input"] == "Forecast demand every night"
    assert made["forked_from"] == run["id"]


@pytest.fixture(scope="module")
def viewer(here: Site) -> tuple[str, str]:
    """Somebody who may look, and do nothing: an address and a password."""
    email = "looks-at-runs@example.com"
    return email, here.person(email, "viewer")


def test_a_viewer_sees_it_all_and_no_buttons_that_change_anything(
    here: Site, visitor: Visitor, viewer: tuple[str, str]
) -> None:
    run = asking(here)
    page = visitor(here.url)
    page.goto(f"/sign-in?next=/console/runs/{run['id']}")
    page.get_by_label("E-mail address").fill(viewer[0])
    page.get_by_label("Password").fill(viewer[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("question")).to_have_count(3)
    expect(page.get_by_test_id("reason-card")).to_have_count(2)
    expect(page.get_by_test_id("question-read-only").first).to_contain_text("An operator, approver or admin")
    expect(page.get_by_test_id("job-status")).to_have_text("Waiting for somebody who may answer")
    for absent in ("submit-answers", "question-0-input", "cancel-run", "fork-run", "retry-run"):
        expect(page.get_by_test_id(absent)).to_have_count(0)
