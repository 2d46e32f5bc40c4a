"""Policies: drafted in the editor, tested, tried on the past, activated, rolled back, explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from console.test_audit import DAMAGED, FOUND_OUT
from support.site import Site

Visitor = Callable[..., Page]

BROKEN = """@id("no-lookups")
permit (principal, action, resource)
when { context.workflow == };
"""
RULE = f"""@id("no-lookups")
@reason("Nobody looks customers up by e-mail.")
forbid (principal, action == Action::"{FOUND_OUT}", resource);
"""
TESTS = f"""tests:
  - name: nobody is looked up
    action:
      tool: {FOUND_OUT}
      arguments: {{email: a@example.com}}
      facts: {{session: {{confirmed: true, misses: 0, email_suffices: true}}}}
    expect: {{verdict: deny, policies: [no-lookups]}}
"""
UNFIT = """@id("first")
permit (principal, action, resource);

@id("second")
forbid (principal, action == Action::"refund_order", resource)
when { context.facts.nowhere == 1 };
"""


@pytest.fixture(scope="module")
def acted(here: Site) -> str:
    """A run of the support desk that has found out who the customer is."""
    return str(here.run("support", DAMAGED, until=("waiting",))["id"])


@pytest.fixture
def restored(here: Site) -> Iterator[None]:
    """Whatever a test has activated, none of it is active for the others."""
    yield
    while here.get("/api/v1/policies/state")["active"] is not None:
        here.post("/api/v1/policies/rollback", {})


def drafted(here: Site, **files: str) -> int:
    """The number of a new version of these files."""
    named = {f"{name}.cedar": text for name, text in files.items()}
    return int(here.post("/api/v1/policies", {"files": named})["number"])


def write(page: Page, file: str, text: str) -> None:
    """Replace what stands in the editor, by pasting."""
    page.get_by_label(f"Text of {file}", exact=True).click()
    page.keyboard.press("Control+a")
    paste = """(place, text) => {
      const data = new DataTransfer();
      data.setData("text/plain", text);
      const said = { clipboardData: data, bubbles: true, cancelable: true };
      place.dispatchEvent(new ClipboardEvent("paste", said));
    }"""
    page.get_by_label(f"Text of {file}", exact=True).evaluate(paste, text)


def saved(page: Page, note: str) -> str:
    """Save what is in the editor; the address of the version."""
    page.get_by_role("button", name="Save as new draft").click()
    page.get_by_role("dialog").get_by_label("Why").fill(note)
    page.get_by_role("dialog").get_by_role("button", name="Save as new draft").click()
    page.wait_for_url(re.compile(r"/policies/\d+"))
    return page.url.partition("?")[0]


@pytest.mark.usefixtures("restored")
def test_a_policy_is_drafted_tested_simulated_activated_and_rolled_back(
    here: Site, admin: Page, acted: str
) -> None:
    admin.goto("/console/policies")
    admin.get_by_role("link", name="New draft").first.click()
    write(admin, "limits.cedar", BROKEN)
    problem = admin.get_by_test_id("policy-problem")
    expect(problem).to_have_text("limits.cedar, line 3: unexpected }")
    expect(admin.locator(".cm-lint-marker-error")).to_have_count(1)
    write(admin, "limits.cedar", RULE)
    expect(problem).to_have_count(0)
    admin.get_by_role("button", name="Add a file").click()
    admin.get_by_role("dialog").get_by_label("Name").fill("limits.tests.yaml")
    admin.get_by_role("dialog").get_by_role("button", name="Add a file").click()
    write(admin, "limits.tests.yaml", TESTS)
    address = saved(admin, "No lookups by e-mail")
    expect(admin.get_by_test_id("policy-problems")).to_have_text("Nothing is wrong with it. ")

    admin.get_by_role("tab", name="Tests", exact=True).click()
    expect(admin.get_by_test_id("tests-summary")).to_have_text("1 of 1 passed")
    expect(admin.get_by_test_id("policy-test")).to_contain_text("nobody is looked up")

    admin.get_by_role("tab", name="Simulation").click()
    admin.get_by_role("button", name="Simulate").click()
    differing = admin.get_by_test_id("difference").filter(has=admin.locator(f"a[href$='{acted}']"))
    expect(differing).to_contain_text(FOUND_OUT)
    expect(differing.locator("[data-verdict=allow]")).to_have_count(1)
    expect(differing.locator("[data-verdict=deny]")).to_have_count(1)
    expect(differing).to_contain_text("Nobody looks customers up by e-mail.")

    admin.get_by_role("button", name="Activate").click()
    dialog = admin.get_by_role("dialog")
    expect(dialog.get_by_test_id("what-differs")).to_contain_text("policy no-lookups: added")
    expect(dialog.get_by_role("button", name="Activate")).to_be_disabled()
    dialog.get_by_label("I have seen what differs.").check()
    dialog.get_by_role("button", name="Activate").click()
    expect(admin.get_by_test_id("version-state")).to_have_text("Active")
    number = int(address.rpartition("/")[2])
    assert here.get("/api/v1/policies/state")["active"] == number

    admin.get_by_role("link", name="All versions").click()
    expect(admin.get_by_test_id("policy-state")).to_contain_text(f"Active Version {number}")
    admin.get_by_role("button", name="Roll back").click()
    expect(admin.get_by_test_id("rollback-to")).to_contain_text("No version of your own is active afterwards")
    admin.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(admin.get_by_test_id("policy-state")).to_contain_text("Active none")
    admin.get_by_role("tab", name="Changes").click()
    expect(admin.get_by_test_id("policy-change").first).to_contain_text("Rolled back")


def test_what_does_not_fit_the_schema_stands_at_its_line_and_is_not_activated(
    here: Site, admin: Page
) -> None:
    number = drafted(here, unfit=UNFIT)
    admin.goto(f"/console/policies/{number}")
    problem = admin.get_by_test_id("policy-problem")
    expect(problem).to_have_text(re.compile(r"unfit\.cedar, line 6: second: .*facts\.nowhere"))
    problem.click()
    expect(admin.locator(".cm-activeLine")).to_contain_text("context.facts.nowhere")
    admin.get_by_role("button", name="Activate").click()
    expect(admin.get_by_role("dialog")).to_contain_text("It is not valid, and cannot be activated.")
    expect(admin.get_by_role("dialog").get_by_role("button", name="Activate")).to_be_disabled()


@pytest.mark.usefixtures("restored")
def test_a_draft_is_compared_with_the_active_version_line_by_line(here: Site, admin: Page) -> None:
    first = drafted(here, rule=RULE)
    here.post(f"/api/v1/policies/{first}/activate", {})
    second = drafted(here, rule=RULE.replace("by e-mail", "at all"))
    admin.goto(f"/console/policies/{second}?tab=diff")
    lines = admin.get_by_test_id("policy-diff")
    expect(lines.locator("tr[data-kind=removed]")).to_contain_text("Nobody looks customers up by e-mail.")
    expect(lines.locator("tr[data-kind=added]")).to_contain_text("Nobody looks customers up at all.")


def test_a_shadow_decides_beside_what_holds_until_it_is_ended(here: Site, admin: Page) -> None:
    number = drafted(here, rule=RULE.replace("by e-mail", "in the shadow"))
    admin.goto(f"/console/policies/{number}")
    admin.get_by_role("button", name="Run as shadow").click()
    admin.get_by_role("dialog").get_by_role("button", name="Run as shadow").click()
    expect(admin.get_by_test_id("version-state")).to_have_text("Shadow")
    run_id = shadowed(here)
    admin.goto(f"/console/policies?tab=decisions&differing=true&run_id={run_id}")
    expect(admin.get_by_test_id("decision")).to_contain_text(f"Version {number} would")
    expect(admin.get_by_test_id("decision").get_by_role("link")).to_have_attribute("href", re.compile(run_id))
    admin.goto(f"/console/policies/{number}")
    admin.get_by_role("button", name="End the shadow").click()
    admin.get_by_role("dialog").get_by_role("button", name="End the shadow").click()
    expect(admin.get_by_test_id("version-state")).to_have_text("Draft")


def shadowed(here: Site) -> str:
    """A run of which the shadow has seen a decision otherwise; the shadow begins within a second."""
    for _ in range(5):
        run: dict[str, Any] = here.run("support", DAMAGED, until=("waiting",))
        if here.get("/api/v1/policies/decisions", run_id=run["id"], differing="true")["items"]:
            return str(run["id"])
    raise AssertionError("the shadow decides nothing")


def test_an_action_is_explained(admin: Page) -> None:
    admin.goto("/console/policies?tab=explain")
    admin.get_by_role("button", name="Fill in an example").click()
    admin.get_by_label("Arguments (JSON)").fill("{")
    admin.get_by_role("button", name="Explain", exact=True).click()
    expect(admin.get_by_text("This is no JSON.")).to_be_visible()
    admin.get_by_role("button", name="Fill in an example").click()
    admin.get_by_role("button", name="Explain", exact=True).click()
    found = admin.get_by_test_id("explanation")
    expect(found).to_contain_text("Needs approval")
    expect(found).to_contain_text("It takes the approval of support_manager.")
    applied = found.get_by_role("region", name="Applied", exact=True).get_by_test_id("explained-policy")
    expect(applied.filter(has_text="refund-above-limit")).to_be_visible()


def test_what_was_typed_outlives_a_reload_and_is_discarded_by_a_button(here: Site, admin: Page) -> None:
    number = drafted(here, kept=RULE.replace("by e-mail", "before the reload"))
    admin.goto(f"/console/policies/{number}")
    write(admin, "kept.cedar", BROKEN)
    expect(admin.get_by_test_id("draft-changed")).to_be_visible()
    admin.reload()
    expect(admin.get_by_test_id("policy-problem")).to_contain_text("line 3")
    admin.get_by_role("button", name="Discard changes").click()
    expect(admin.get_by_test_id("draft-changed")).to_have_count(0)
    expect(admin.get_by_label("Text of kept.cedar")).to_contain_text("before the reload")


def test_a_viewer_reads_policies_and_is_offered_no_change(here: Site, visitor: Visitor) -> None:
    number = drafted(here, seen=RULE.replace("by e-mail", "for a viewer"))
    password = here.person("policy-viewer@example.com", "viewer")
    page = visitor(here.url)
    page.goto("/sign-in?next=%2Fconsole%2Fpolicies")
    page.get_by_label("E-mail").fill("policy-viewer@example.com")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").first.click()
    page.wait_for_url("**/console/policies")
    expect(page.get_by_test_id("policy-version").first).to_be_visible()
    expect(page.get_by_text("New draft")).to_have_count(0)
    expect(page.get_by_role("button", name="Roll back")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    page.goto(f"/console/policies/{number}")
    editor = page.get_by_label("Text of seen.cedar")
    expect(editor).to_contain_text("for a viewer")
    editor.click()
    page.keyboard.type("x")
    expect(editor).to_have_attribute("aria-readonly", "true")
    for button in ("Activate", "Run as shadow", "Save as new draft", "Add a file"):
        expect(page.get_by_role("button", name=button)).to_have_count(0)
