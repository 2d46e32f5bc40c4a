"""The page on which a customer chats: in by a link, answered, handed over, and answered by a person."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from support.accessible import hindrances
from support.site import PATIENCE, Site

Visitor = Callable[..., Page]
EMAIL = "nadia.haddad@example.com"
PATIENT = 30_000
"""Milliseconds: whoever asks first waits until what the desk reads by is there."""


def invited(here: Site, email: str = EMAIL) -> str:
    """A link for a customer, as a shop's program makes one."""
    made = here.post("/api/v1/chats/links", {"workflow": "support", "email": email, "name": "Nadia"})
    return str(made["url"])


@pytest.fixture
def chat(here: Site, visitor: Visitor) -> Page:
    """A customer who has come in, in a window of their own; each test has one of its own."""
    page = visitor(here.url)
    page.goto(invited(here, f"nadia-{time.time_ns()}@example.com"))
    page.get_by_test_id("start-chat").click()
    expect(page.get_by_test_id("connection-status")).to_have_text("Connected")
    return page


def say(page: Page, text: str) -> None:
    page.get_by_test_id("chat-input").fill(text)
    page.get_by_test_id("send-message").click()


def asked_of_people(here: Site, about: str) -> dict[str, Any]:
    """The open question to the desk whose summary says this."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for question in here.get("/api/v1/questions", status="open", role="support")["items"]:
            if about in question["prompt"]:
                return dict(question)
        time.sleep(0.05)
    raise AssertionError(about)


def test_a_customer_is_answered_handed_over_and_answered_by_a_person(here: Site, visitor: Visitor) -> None:
    page = visitor(here.url)
    page.goto(invited(here))
    page.get_by_test_id("start-chat").click()
    say(page, "Where is my order H-10005?")
    answers = page.get_by_test_id("agent-message")
    expect(answers).to_have_count(1, timeout=PATIENT)
    expect(answers).to_contain_text("Order H-10005")
    assert "token" not in page.url
    say(page, "How long do refunds take?")
    expect(answers).to_have_count(2, timeout=PATIENT)
    expect(answers.nth(1)).to_contain_text("From our articles")
    expect(answers.nth(1).get_by_role("listitem").first).to_be_visible()
    say(page, "Can I pay with shells on the moon?")
    expect(page.get_by_text("A colleague has your question.")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_test_id("send-message")).to_be_disabled()
    question = asked_of_people(here, "shells on the moon")
    here.post(f"/api/v1/questions/{question['id']}/answer", {"answer": "No shells, sorry."})
    expect(page.locator("[data-by=person]")).to_contain_text("No shells, sorry.", timeout=PATIENT)
    page.reload()
    expect(page.get_by_test_id("message")).to_have_count(7)


def test_what_would_be_done_is_agreed_to_at_a_press(chat: Page) -> None:
    page = chat
    say(page, f"Please cancel order H-10005, I do not need it any more. I am {EMAIL}")
    choices = page.get_by_role("group", name="Answers that you may press")
    expect(choices).to_be_visible(timeout=PATIENT)
    choices.get_by_text("No", exact=True).click()
    expect(page.get_by_test_id("agent-message").last).to_contain_text(
        "I have changed nothing", timeout=PATIENT
    )
    expect(choices).to_have_count(0)


def test_a_link_opens_nothing_by_being_looked_at_and_is_good_once(here: Site, visitor: Visitor) -> None:
    link = invited(here)
    scanner = visitor(here.url)
    scanner.goto(link)
    expect(scanner.get_by_test_id("start-chat")).to_be_visible()
    customer = visitor(here.url)
    customer.goto(link)
    customer.get_by_test_id("start-chat").click()
    expect(customer.get_by_test_id("connection-status")).to_be_visible()
    scanner.get_by_test_id("start-chat").click()
    expect(scanner.get_by_test_id("error-message")).to_contain_text("used, or it has expired")
    stranger = visitor(here.url)
    stranger.goto("/chat/support")
    expect(stranger.get_by_test_id("error-message")).to_contain_text("not signed in")


def test_a_message_whose_answer_was_lost_is_sent_once_by_trying_again(chat: Page) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    chat.route("**/conversations", lose, times=1)
    say(chat, "Where is my order H-10005?")
    expect(chat.get_by_test_id("error-message")).to_contain_text("not sent")
    chat.get_by_test_id("retry-button").click()
    expect(chat.get_by_test_id("error-message")).to_have_count(0)
    expect(chat.get_by_test_id("agent-message")).to_have_count(1, timeout=PATIENT)
    expect(chat.locator("[data-by=customer]")).to_have_count(1, timeout=PATIENT)
    assert len(chat.request.get("/api/v1/chat/conversations").json()["items"]) == 1


def test_what_was_typed_is_kept_while_the_network_is_away(chat: Page) -> None:
    say(chat, "Where is my order?")
    expect(chat.get_by_test_id("agent-message")).to_have_count(1, timeout=PATIENT)
    chat.route("**/messages", lambda route: route.abort(), times=1)
    say(chat, "It is H-10005")
    expect(chat.get_by_test_id("error-message")).to_contain_text("does not answer")
    chat.get_by_test_id("retry-button").click()
    expect(chat.get_by_test_id("agent-message")).to_have_count(2, timeout=PATIENT)
    expect(chat.locator("[data-by=customer]")).to_have_count(2, timeout=PATIENT)


def test_nothing_serious_hinders_anybody_also_on_a_phone(here: Site, visitor: Visitor, axe: str) -> None:
    page = visitor(here.url)
    page.goto(invited(here, "hindered@example.com"))
    assert hindrances(page, axe) == []
    page.get_by_test_id("start-chat").click()
    say(page, "How long do refunds take?")
    expect(page.get_by_text("From our articles")).to_be_visible(timeout=PATIENT)
    assert hindrances(page, axe) == []
