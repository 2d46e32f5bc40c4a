"""People who sign in to the console in a window of their own."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from support.site import PASSWORD, Site


def as_admin(here: Site, visitor: Callable[..., Page], **options: object) -> Page:
    """A window in which the admin has signed in, at the start of the console."""
    page = visitor(here.url, storage_state={"cookies": here.cookies(), "origins": []}, **options)
    page.goto("/console/")
    return page


def entered(here: Site, visitor: Callable[..., Page], email: str, *roles: str) -> Page:
    """A window in which somebody new, who has these roles, has signed in by password."""
    here.person(email, *roles)
    page = visitor(here.url)
    signed_in(page, email)
    return page


def signed_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Sign in by password, and wait until the console is there."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/console/**")
