"""The screen of links for customers: made once, listed with what became of them, revoked."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.accessible import hindrances, settled
from support.entering import entered
from support.site import Site

Visitor = Callable[..., Page]


def made(admin: Page, email: str) -> str:
    """A link for a customer, made on the screen."""
    admin.goto("/console/chats")
    admin.get_by_role("button", name="New link").click()
    dialog = admin.get_by_role("dialog")
    send = dialog.get_by_role("button", name="New link")
    dialog.get_by_role("textbox", name="E-mail address").fill("nobody")
    expect(send).to_be_disabled()
    dialog.get_by_role("textbox", name="E-mail address").fill(email)
    dialog.get_by_role("textbox", name="Name").fill("Nadia")
    expect(dialog.get_by_role("combobox", name="Talks with")).to_have_value("support")
    send.click()
    link = admin.get_by_test_id("secret").inner_text()
    admin.get_by_role("button", name="I have kept it").click()
    expect(admin.get_by_text(link)).to_have_count(0)
    return link


def test_a_link_is_made_used_and_revoked_which_ends_the_chat(
    here: Site, admin: Page, visitor: Visitor
) -> None:
    link = made(admin, "linked@example.com")
    row = admin.get_by_role("row", name=re.compile("linked@example.com"))
    expect(row).to_contain_text("Not used yet")

    customer = visitor(here.url)
    customer.goto(link)
    customer.get_by_test_id("start-chat").click()
    expect(customer.get_by_test_id("chat-input")).to_be_visible()
    admin.reload()
    expect(row).to_contain_text("Used")

    row.get_by_role("button", name="Revoke: linked@example.com").click()
    admin.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    customer.reload()
    expect(customer.get_by_text("You are not signed in to this chat.")).to_be_visible()


def test_who_may_not_make_links_does_not_see_the_screen(here: Site, visitor: Visitor) -> None:
    viewer = entered(here, visitor, "chats-viewer@example.com", "viewer")
    expect(viewer.get_by_role("link", name="Runs")).to_be_visible()
    expect(viewer.get_by_role("link", name="Chat links")).to_have_count(0)
    viewer.goto("/console/chats")
    expect(viewer.get_by_text("It needs the permission chats:manage.")).to_be_visible()


def test_the_screen_of_links_hinders_nobody(here: Site, admin: Page, axe: str) -> None:
    here.post("/api/v1/chats/links", {"workflow": "support", "email": "seen@example.com"})
    admin.goto("/console/chats")
    settled(admin)
    assert hindrances(admin, axe) == []
    admin.get_by_role("button", name="New link").click()
    expect(admin.get_by_role("dialog")).to_be_visible()
    assert hindrances(admin, axe) == []
