"""People who sign in to the console in a window of their own."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from support.site import PASSWORD, Site

_MOVE = "to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }"


def as_admin(here: Site, visitor: Callable[..., Page], at: str = "/console/", **options: object) -> Page:
    """A window in which the admin has signed in, at the start of the console or where it is wanted."""
    page = visitor(here.url, storage_state={"cookies": here.cookies(), "origins": []}, **options)
    page.goto(at)
    return page


def entered(here: Site, visitor: Callable[..., Page], email: str, *roles: str, at: str = "") -> Page:
    """A window in which somebody new, who has these roles, has signed in by password."""
    here.person(email, *roles)
    page = visitor(here.url)
    signed_in(page, email, at=at)
    return page


def signed_in(page: Page, email: str, password: str = PASSWORD, at: str = "") -> None:
    """Sign in by password, wait until the console is there, and go to one of its screens."""
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/console/**")
    if at:
        page.goto(at)


def move(page: Page, to: str) -> None:
    """Go to another address of the console as its links do: without loading the frame again."""
    page.evaluate(
        "to => { history.pushState(null, '', to); dispatchEvent(new PopStateEvent('popstate')); }", to
    )
