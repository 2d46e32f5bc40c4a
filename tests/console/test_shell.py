"""The frame around every screen, from signing in on."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.site import Site

Visitor = Callable[..., Page]


def test_a_link_leads_in_and_screens_are_reached_by_navigation_and_palette(
    here: Site, visitor: Visitor
) -> None:
    admin = visitor(here.url)
    admin.goto(here.link())
    admin.get_by_role("button", name="Sign in").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("Start")
    admin.get_by_role("navigation").get_by_text("Runs").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("Runs")
    assert admin.url == f"{here.url}/console/runs"
    admin.keyboard.press("Control+k")
    admin.get_by_placeholder("Go to a screen").fill("start")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("heading", level=1)).to_have_text("Start")


def test_whoever_is_not_signed_in_is_led_to_signing_in_and_back(here: Site, visitor: Visitor) -> None:
    page = visitor(here.url)
    page.goto("/console/runs")
    page.wait_for_url("**/sign-in?next=**")
    expect(page.get_by_label("Password")).to_be_visible()
    assert page.url.endswith("next=%2Fconsole%2Fruns")
