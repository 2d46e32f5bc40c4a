"""Settings: people, keys, tenants and oneself; and what each role sees of the console."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import httpx
import pyotp
import pytest
from playwright.sync_api import Page, expect

from support.entering import entered, signed_in
from support.roles import ALLOWED, HOME_ALLOWED
from support.site import PASSWORD, Site

Visitor = Callable[..., Page]

SCREENS = {
    "Workers and queue": ("/operations/workers", "installation:read"),
    "Schedules": ("/schedules", "schedules:read"),
    "Health": ("/operations/health", "installation:read"),
    "Breakers": ("/operations/breakers", "installation:read"),
    "Your account": ("/settings/account", "self:use"),
    "People": ("/settings/people", "people:manage"),
    "Roles": ("/settings/roles", "self:use"),
    "Keys": ("/settings/keys", "keys:manage"),
    "Engagements": ("/settings/engagements", "engagements:read"),
    "Notifications": ("/settings/notifications", "notifications:read"),
    "Retention": ("/settings/retention", "retention:read"),
    "Limits": ("/settings/limits", "installation:read"),
    "Tenants": ("/settings/tenants", "tenants:manage"),
    "Attestations": ("/settings/attestations", "installation:read"),
}
"""The screens below Operations and Settings: where each is, and the permission that it needs."""
SEEN_BY = {
    "viewer": {"Schedules", "Your account", "Roles", "Engagements", "Retention"},
    "admin": set(SCREENS),
}


def offered(page: Page) -> set[str]:
    """The names below Operations and Settings in the navigation."""
    expect(page.get_by_role("link", name="Your account")).to_be_visible()
    links = page.get_by_role("region", name=re.compile("^(Operations|Settings)$")).get_by_role("link")
    return set(links.all_inner_texts())


@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_each_role_sees_the_screens_that_its_permissions_allow(
    here: Site, visitor: Visitor, role: str
) -> None:
    page = entered(here, visitor, f"{role.replace(':', '-')}@example.com", role)
    page.goto("/console/settings/roles")
    allowed = set(page.request.get("/api/v1/me").json()["permissions"])
    assert allowed == ALLOWED[role] | HOME_ALLOWED.get(role, set())
    found = offered(page)
    assert found == {name for name, (_, permission) in SCREENS.items() if permission in allowed}
    assert found == SEEN_BY.get(role, found)


def test_the_address_of_a_screen_that_one_may_not_see_says_so(here: Site, visitor: Visitor) -> None:
    page = entered(here, visitor, "curious@example.com", "viewer")
    for name in sorted(set(SCREENS) - SEEN_BY["viewer"]):
        path, permission = SCREENS[name]
        page.goto(f"/console{path}")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_text("You may not see this screen.")).to_be_visible()
        expect(page.get_by_text(f"It needs the permission {permission}.")).to_be_visible()


def test_somebody_is_invited_comes_by_the_link_and_is_seen(here: Site, admin: Page, visitor: Visitor) -> None:
    admin.goto("/console/settings/people")
    admin.get_by_role("button", name="Invite somebody").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("textbox", name="E-mail address").fill("grace@example.com")
    dialog.get_by_role("textbox", name="Name").fill("Grace")
    dialog.get_by_role("button", name="Invite somebody").click()
    link = admin.get_by_test_id("secret").inner_text()
    row = admin.get_by_role("row", name=re.compile("grace@example.com"))
    admin.get_by_role("button", name="I have kept it").click()
    expect(row).to_contain_text("Invited")

    grace = visitor(here.url)
    grace.goto(link)
    grace.get_by_label("Password").fill(PASSWORD)
    grace.get_by_label("Once more").fill(PASSWORD)
    with grace.expect_response("**/api/v1/auth/accept-invitation") as answer:
        grace.get_by_role("button", name="Set password").click()
    assert answer.value.ok
    signed_in(grace, "grace@example.com")
    grace.goto("/console/settings/account")
    expect(grace.get_by_text("grace@example.com")).to_be_visible()

    admin.reload()
    expect(row).to_contain_text("Active")
    expect(row).to_contain_text("viewer")
    row.get_by_role("button", name="Disable: Grace").click()
    admin.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("Disabled")
    grace.goto("/console/settings/account")
    grace.wait_for_url("**/sign-in?next=**")


def test_an_invitation_that_is_refused_says_why_and_keeps_what_was_typed(here: Site, admin: Page) -> None:
    here.person("taken@example.com", "viewer")
    admin.goto("/console/settings/people")
    admin.get_by_role("button", name="Invite somebody").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("textbox", name="E-mail address").fill("taken@example.com")
    dialog.get_by_role("button", name="Invite somebody").click()
    expect(dialog.get_by_test_id("error-message")).to_be_visible()
    expect(dialog.get_by_role("textbox", name="E-mail address")).to_have_value("taken@example.com")


def test_a_key_is_made_used_revoked_and_refused(here: Site, admin: Page) -> None:
    admin.goto("/console/settings/keys")
    admin.get_by_role("button", name="New key").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("importer")
    dialog.get_by_role("button", name="New key").click()
    expect(admin.get_by_text("This is shown once and cannot be shown again.")).to_be_visible()
    secret = admin.get_by_test_id("secret").inner_text()
    admin.keyboard.press("Escape")
    expect(admin.get_by_test_id("secret")).to_be_visible()  # it does not close by accident
    admin.get_by_role("button", name="I have kept it").click()
    expect(admin.get_by_text(secret)).to_have_count(0)

    with httpx.Client(base_url=here.url, headers={"authorization": f"Bearer {secret}"}) as program:
        assert program.get("/api/v1/runs").status_code == 200
        assert program.get("/api/v1/users").status_code == 403
        row = admin.get_by_role("row", name=re.compile("importer"))
        row.get_by_role("button", name="Revoke: importer").click()
        with admin.expect_response("**/revoke"):
            admin.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        expect(row).to_contain_text("Revoked")
        expect(row.get_by_role("button")).to_have_count(0)
        deadline = time.monotonic() + 5  # what was looked up is believed for 0.9 s
        while program.get("/api/v1/runs").status_code != 401:
            assert time.monotonic() < deadline


def test_a_tenant_is_suspended_exported_and_erased_by_typing_its_id(here: Site, admin: Page) -> None:
    admin.goto("/console/settings/tenants")
    admin.get_by_role("button", name="New tenant").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Id").fill("acme")
    dialog.get_by_role("textbox", name="Name").fill("Acme Ltd")
    dialog.get_by_role("button", name="New tenant").click()
    expect(admin.get_by_role("heading", level=1)).to_have_text("Tenant acme")
    expect(admin.get_by_role("button", name="Erase")).to_be_disabled()
    admin.get_by_role("button", name="Suspend").click()
    dialog.get_by_role("button", name="Suspend").click()
    expect(admin.get_by_text("Suspended")).to_be_visible()

    _confirmed(admin, "Export", "acme")
    link = admin.get_by_role("link", name="Download the file")
    expect(link).to_be_visible(timeout=30_000)
    with admin.expect_download() as download:
        link.click()
    assert download.value.path().stat().st_size > 0

    _confirmed(admin, "Erase", "acme")
    expect(admin.get_by_role("cell", name="Erasure")).to_be_visible()
    jobs = "/api/v1/tenants/acme/jobs"
    assert [job["kind"] for job in here.get(jobs)["items"]] == ["erase", "export"]


def _confirmed(page: Page, what: str, word: str) -> None:
    """Press a button, and confirm what it does by typing."""
    page.get_by_role("button", name=what, exact=True).click()
    dialog = page.get_by_role("dialog")
    sure = dialog.get_by_role("button", name=what, exact=True)
    expect(sure).to_be_disabled()
    dialog.get_by_label(f"Type {word} to confirm").fill(f"{word}x")
    expect(sure).to_be_disabled()
    dialog.get_by_label(f"Type {word} to confirm").fill(word)
    sure.click()
    expect(dialog).to_have_count(0)


def test_an_authenticator_is_set_up_and_done_without_again(here: Site, visitor: Visitor) -> None:
    page = entered(here, visitor, "careful@example.com", "viewer")
    page.goto("/console/settings/account")
    page.get_by_role("button", name="Set up an authenticator").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Present password").fill(PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    totp = pyotp.TOTP(page.get_by_test_id("totp-secret").inner_text())
    dialog.get_by_label("Code that it shows").fill(totp.now())
    dialog.get_by_role("button", name="Confirm").click()
    codes = page.get_by_test_id("secret").inner_text().split()
    assert len(codes) == 10
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text("It is asked for when you sign in.")).to_be_visible()
    page.get_by_role("button", name="Do without").click()
    dialog.get_by_label("Present password").fill(PASSWORD)
    dialog.get_by_label("Code that it shows").fill(codes[0])
    dialog.get_by_role("button", name="Do without").click()
    expect(page.get_by_text("It is not asked for.")).to_be_visible()


def test_a_session_elsewhere_is_ended(here: Site, visitor: Visitor) -> None:
    first = entered(here, visitor, "twice@example.com", "viewer")
    second = visitor(here.url)
    signed_in(second, "twice@example.com")
    first.goto("/console/settings/account")
    other = (
        first.get_by_role("row")
        .filter(has=first.get_by_role("button", name=re.compile("^End")))
        .filter(has_not_text="this one")
    )
    other.get_by_role("button").click()
    expect(other).to_have_count(0)
    second.goto("/console/settings/account")
    second.wait_for_url("**/sign-in?next=**")


def test_a_rule_of_retention_is_estimated_before_it_is_applied(here: Site, admin: Page) -> None:
    admin.goto("/console/settings/retention")
    admin.get_by_role("button", name="New rule").click()
    dialog = admin.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Workflow").fill("support")
    dialog.get_by_label("Days after the end").fill("30")
    dialog.get_by_role("button", name="Save").click()
    expect(admin.locator('[data-row="support"]')).to_contain_text("30 days")
    assert here.get("/api/v1/retention")["items"][0]["days"] == 30
    admin.get_by_role("button", name="See and apply now").click()
    expect(dialog.get_by_text("The rules would remove nothing now.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()


def test_the_table_of_roles_is_what_the_policies_say(admin: Page) -> None:
    admin.goto("/console/settings/roles")
    expect(admin.locator("[data-cell]").first).to_be_visible()
    told = admin.locator('[data-allowed="true"]').evaluate_all("all => all.map(one => one.dataset.cell)")
    found: dict[str, set[str]] = {}
    for cell in told:
        permission, _, role = cell.partition(" ")
        found.setdefault(role, set()).add(permission)
    assert found == {
        role: allowed | HOME_ALLOWED.get(role, set())
        for role, allowed in ALLOWED.items()
        if role != "approver:finance"
    }
