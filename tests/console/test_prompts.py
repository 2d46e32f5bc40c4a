"""Prompts: versions, labels, differences, previews and tests."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.entering import entered
from support.site import Site

Visitor = Callable[..., Page]
FIRST = """---
variables:
  name: string
  tone: {type: enum, values: [calm, warm]}
---
You greet people in a {{ tone }} tone.

<!-- user -->
{{ name }}
"""
TESTS = "tests:\n- name: the tone is said\n  variables: {name: Ann, tone: calm}\n  contains: calm tone\n"


def written(page: Page, text: str) -> None:
    """Put a text into the editor."""
    editor = page.get_by_role("textbox", name="The file: head and body")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_version_is_made_previewed_moved_to_production_and_rolled_back(here: Site, admin: Page) -> None:
    here.post("/api/v1/prompts/greeting~hello/versions", {"text": FIRST, "tests": TESTS})
    admin.goto(f"{here.url}/console/prompts/greeting~hello?tab=new&version=1")
    written(admin, FIRST.replace("{{ name }}", "{{ name | nothing }}"))
    admin.get_by_role("button", name="Make the version").click()
    expect(admin.get_by_test_id("error-message")).to_contain_text("there is no filter")
    expect(admin.locator(".cm-lint-marker-error")).to_be_visible()
    written(admin, FIRST.replace("You greet", "You kindly greet"))
    admin.get_by_role("textbox", name="Why", exact=True).fill("Kinder")
    admin.get_by_role("button", name="Make the version").click()
    expect(admin.get_by_test_id("version-2")).to_contain_text("Kinder")
    _previewed(admin)
    _moved_and_rolled_back(admin)


def _previewed(page: Page) -> None:
    page.get_by_role("button", name="Show version 2").click()
    preview = page.get_by_test_id("preview")
    preview.get_by_role("button", name="Render").click()
    expect(preview.get_by_test_id("error-message")).to_be_visible()
    preview.get_by_role("textbox", name="name").fill("Ann")
    preview.get_by_role("combobox", name="tone").select_option("warm")
    preview.get_by_role("button", name="Render").click()
    expect(preview.get_by_test_id("rendered")).to_contain_text("You kindly greet people in a warm tone.")
    page.get_by_role("button", name="Run the tests").click()
    expect(page.get_by_test_id("prompt-tests").get_by_text("passed")).to_be_visible()


def _moved_and_rolled_back(page: Page) -> None:
    for version in ("1", "2"):
        page.get_by_role("button", name="Move a label").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Label").fill("production")
        dialog.get_by_role("combobox", name="Version").select_option(version)
        dialog.get_by_role("button", name="Move", exact=True).click()
        expect(page.get_by_test_id("label-production")).to_contain_text(f"version {version}")
    page.get_by_test_id("label-production").get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("dialog")).to_contain_text("version 1")
    page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
    expect(page.get_by_test_id("label-production")).to_contain_text("version 1")
    page.get_by_role("tab", name="Moves of labels").click()
    expect(page.get_by_test_id("moves-table").get_by_role("row")).to_have_count(4)
    expect(page.get_by_test_id("moves-table")).to_contain_text("Rolled back")


def test_any_two_versions_are_compared_by_an_address(here: Site, admin: Page) -> None:
    for text in ("You are calm.\n", "You are warm.\n"):
        here.post("/api/v1/prompts/greeting~moods/versions", {"text": f"---\n{{}}\n---\n{text}"})
    admin.goto(f"{here.url}/console/prompts/greeting~moods?tab=diff&before=1&after=2")
    expect(admin.locator("tr[data-kind=removed]")).to_contain_text("You are calm.")
    expect(admin.locator("tr[data-kind=added]")).to_contain_text("You are warm.")
    admin.get_by_role("combobox", name="After").select_option("1")
    expect(admin.get_by_text("The versions do not differ.")).to_be_visible()


def test_a_viewer_reads_prompts_and_sees_no_button_that_changes_them(here: Site, visitor: Visitor) -> None:
    page = entered(here, visitor, "looks-at-prompts@example.com", "viewer")
    page.goto("/console/prompts")
    expect(page.get_by_role("button", name="New prompt")).to_have_count(0)
    page.get_by_role("link", name="support/triage").click()
    expect(page.get_by_test_id("version-file")).to_contain_text("as shipped")
    for name in ("Move", "Roll back", "Remove", "Make the version"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("tab", name="New version")).to_have_count(0)
