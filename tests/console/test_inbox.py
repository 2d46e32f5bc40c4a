"""The inbox: a refund that a second person approves in their own browser, edits, answers, and who may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from support.accessible import hindrances
from support.entering import signed_in
from support.opening import PHONE
from support.site import Site
from support.visiting import asked, refund_asked, send

Visitor = Callable[..., Page]
PEOPLE = {
    "desk": ("operator", "approver:customer", "approver:support_manager"),
    "manager": ("approver:support_manager", "approver:privacy"),
    "finance": ("approver:finance",),
    "support": ("approver:support",),
    "looker": ("viewer",),
}
KNIVES = """
@id("knives-take-finance")
@reason("A refund of a knife takes finance, too.")
@approval("finance")
forbid (principal, action == Action::"refund_order", resource)
when { context.arguments.order_id == "H-10025" };
"""


@pytest.fixture(scope="module")
def people(here: Site) -> None:
    for name, roles in PEOPLE.items():
        here.person(f"{name}@inbox.example.com", *roles)


@pytest.fixture
def enter(here: Site, visitor: Visitor, people: None) -> Callable[..., Page]:
    """Opens a window for one of the people: `enter("manager", "/console/inbox")`."""

    def window(name: str, to: str = "/console/inbox", **options: object) -> Page:
        page = visitor(here.url, **options)
        signed_in(page, f"{name}@inbox.example.com", at=to)
        return page

    return window


Enter = Callable[..., Page]


@pytest.fixture
def knives_take_two(here: Site) -> Iterator[None]:
    """A policy of the tenant by which one order's refund takes a second role; gone afterwards."""
    made = here.post("/api/v1/policies", {"files": {"knives.cedar": KNIVES}})
    here.post(f"/api/v1/policies/{made['number']}/activate", {})
    yield
    here.post("/api/v1/policies/rollback", {})


def test_a_second_person_approves_by_the_keyboard_what_the_first_asked_for(here: Site, enter: Enter) -> None:
    desk = enter("desk")
    run_id, question = refund_asked(here, desk, "H-10033", "elif.yilmaz@example.com")
    desk.goto(f"/console/inbox/{question['id']}")
    expect(desk.get_by_text("You asked for this run, and who asks does not approve.")).to_be_visible()
    expect(desk.get_by_test_id("refuse")).to_be_visible()
    expect(desk.get_by_test_id("approve")).to_have_count(0)
    digest = question["action"]["digest"]
    status, said = send(desk, f"/api/v1/questions/{question['id']}/approve", {"digest": digest})
    assert (status, said["code"]) == (403, "forbidden")

    manager = enter("manager", "/console/inbox?view=roles")
    expect(manager.get_by_test_id("inbox-item").first).to_contain_text("refund_order · €96.50")
    manager.keyboard.press("j")
    manager.keyboard.press("Enter")
    expect(manager).to_have_url(f"{here.url}/console/inbox/{question['id']}?view=roles")
    expect(manager.get_by_test_id("cost")).to_have_text("€96.50")
    expect(manager.get_by_test_id("arguments")).to_contain_text('"order_id": "H-10033"')
    expect(manager.get_by_test_id("countdown")).to_contain_text("Expires in 2 d 23 h")
    expect(manager.get_by_test_id("policy")).to_have_text("refund-on-untrusted-word")
    expect(manager.get_by_text("rests on data from outside")).to_be_visible()
    manager.keyboard.press("a")
    expect(manager.get_by_test_id("approve")).to_be_focused()
    manager.keyboard.press("Enter")
    expect(manager.get_by_test_id("closing")).to_contain_text("Approved by person:")

    told = asked(here, run_id, "customer")
    assert told["prompt"].startswith("Done: the refund for order H-10033 is granted. 96.50 EUR is back")
    expect(desk.get_by_test_id("question-status")).to_have_text("Answered")


def test_an_action_is_decided_within_its_run(here: Site, enter: Enter) -> None:
    desk, manager = enter("desk"), enter("manager")
    run_id, question = refund_asked(here, desk, "H-10047", "nora.holm@example.com")
    for page in (desk, manager):
        page.goto(f"/console/runs/{run_id}")
        shown = page.get_by_role("region", name="Approval by approver:support_manager")
        expect(shown.get_by_test_id("arguments")).to_contain_text("H-10047")
    expect(desk.get_by_text("You asked for this run, and who asks does not approve.")).to_be_visible()
    expect(manager.get_by_test_id("approve")).to_be_visible()
    manager.get_by_role("button", name="Edit arguments").click()
    expect(manager.get_by_label("New arguments (JSON)")).to_be_visible()
    manager.get_by_test_id("refuse").click()
    expect(manager.get_by_text("Say why you refuse")).to_be_visible()
    manager.keyboard.type("The photograph shows another bag.")
    manager.get_by_test_id("refuse").click()
    for page in (manager, desk):
        expect(page.get_by_test_id("approval")).to_have_count(0)
    assert here.get(f"/api/v1/questions/{question['id']}")["answer"] == "refuse"


def test_edited_arguments_are_a_new_action_that_others_see_changed_and_may_refuse(
    here: Site, enter: Enter, knives_take_two: None
) -> None:
    desk, manager, finance = enter("desk"), enter("manager"), enter("finance")
    run_id, question = refund_asked(here, desk, "H-10025", "mirjam.baum@example.com")
    manager.goto(f"/console/inbox/{question['id']}")
    manager.get_by_role("button", name="Edit arguments").click()
    field = manager.get_by_label("New arguments (JSON)")
    written = field.input_value()
    field.fill("{")
    expect(manager.get_by_text("This is no JSON")).to_be_visible()
    expect(manager.get_by_test_id("send-edit")).to_be_disabled()
    field.fill(written.replace("79.50", "60.00"))
    manager.get_by_test_id("send-edit").click()
    expect(manager.get_by_test_id("closing")).to_contain_text("Approved with other arguments by person:")

    changed = asked(here, run_id, "finance")
    finance.goto("/console/inbox")
    finance.get_by_role("link", name="refund_order").click()
    expect(finance).to_have_url(f"{here.url}/console/inbox/{changed['id']}")
    lines = finance.get_by_role("region", name="Differences, line by line")
    expect(lines.locator("tr[data-kind=removed]")).to_contain_text("79.50")
    expect(lines.locator("tr[data-kind=added]")).to_contain_text("60.00")
    finance.get_by_test_id("refuse").click()
    expect(finance.get_by_text("Say why you refuse")).to_be_visible()
    finance.keyboard.type("The knife is too dear.")
    finance.get_by_test_id("refuse").click()
    expect(finance.get_by_test_id("closing")).to_contain_text("Refused by person:")
    journal = here.get(f"/api/v1/runs/{run_id}/journal", limit=500)["items"]
    assert not [one for one in journal if one["kind"] == "dispatch" and "refund" in one["key"]]


def test_what_was_decided_meanwhile_is_refused_by_the_server_and_shown_anew(here: Site, enter: Enter) -> None:
    desk, manager = enter("desk"), enter("manager")
    _, question = refund_asked(here, desk, "H-10047", "nora.holm@example.com")
    manager.route("**/api/v1/events**", lambda route: route.abort())  # nothing tells it that it is stale
    manager.goto(f"/console/inbox/{question['id']}")
    expect(manager.get_by_test_id("approve")).to_be_visible()
    refusal = {"digest": question["action"]["digest"], "reason": "no"}
    here.post(f"/api/v1/questions/{question['id']}/refuse", refusal)
    manager.get_by_test_id("approve").click()
    expect(manager.get_by_test_id("changed")).to_contain_text("nothing was decided by you")
    expect(manager.get_by_test_id("closing")).to_contain_text("Refused by local")


def test_a_question_arrives_live_and_is_answered_in_place(here: Site, enter: Enter) -> None:
    support = enter("support", "/console/inbox?view=roles")
    expect(support.get_by_test_id("inbox-live")).to_have_text("Live")
    ticket = {"workflow": "support", "input": {"text": "Is the Bluetooth speaker waterproof?"}}
    run = here.post("/api/v1/runs", ticket)
    support.get_by_test_id("inbox-item").first.click()
    expect(support.get_by_test_id("plain-question")).to_contain_text("Is the Bluetooth speaker waterproof?")
    support.get_by_label("Your answer").fill("It withstands rain, not a bath.")
    support.get_by_test_id("send-answer").click()
    expect(support.get_by_test_id("closing")).to_contain_text("Answered by person:")
    assert "rain, not a bath" in asked(here, run["id"], "customer")["prompt"]
    support.get_by_test_id("view-closed").click()
    expect(support.get_by_test_id("inbox-item").first).to_be_visible()


def test_keys_are_shown_do_nothing_while_typing_and_can_be_turned_off(here: Site, enter: Enter) -> None:
    desk, manager = enter("desk"), enter("manager")
    _, question = refund_asked(here, desk, "H-10021", "clara.moreau@example.com")
    manager.goto(f"/console/inbox/{question['id']}")
    comment = manager.get_by_label("Comment")
    expect(comment).to_be_visible()
    manager.keyboard.press("r")
    expect(comment).to_be_focused()
    manager.keyboard.type("are all jars")
    expect(comment).to_have_value("are all jars")
    comment.blur()
    manager.keyboard.press("?")
    switch = manager.get_by_role("switch", name="Use single keys")
    expect(switch).to_be_checked()
    switch.uncheck()
    expect(switch).not_to_be_checked()
    manager.keyboard.press("Escape")
    expect(switch).to_have_count(0)
    manager.keyboard.press("a")
    expect(manager.get_by_test_id("approve")).not_to_be_focused()


def test_whoever_may_not_decide_sees_why_and_no_button_and_data_of_persons_masked(
    here: Site, enter: Enter
) -> None:
    looker = enter("looker")
    ticket = {"workflow": "support", "input": {"text": "Cancel order H-10005, nadia.haddad@example.com"}}
    run = here.post("/api/v1/runs", ticket)
    question = asked(here, run["id"], "customer")
    looker.goto(f"/console/inbox/{question['id']}")
    expect(looker.get_by_text("Your roles do not allow deciding.")).to_be_visible()
    expect(looker.get_by_test_id("send-answer")).to_have_count(0)
    desk = enter("desk")
    _, refund = refund_asked(here, desk, "H-10051", "clara.moreau@example.com")
    looker.goto(f"/console/inbox/{refund['id']}")
    expect(looker.get_by_test_id("tool")).to_have_text("refund_order")
    for button in ("approve", "refuse", "send-edit"):
        expect(looker.get_by_test_id(button)).to_have_count(0)


def test_nothing_hinders_people_and_a_phone_shows_list_or_detail(here: Site, enter: Enter, axe: str) -> None:
    desk = enter("desk")
    _, question = refund_asked(here, desk, "H-10014", "paolo.ricci@example.com")
    manager = enter("manager", f"/console/inbox/{question['id']}")
    manager.get_by_role("button", name="Edit arguments").click()
    manager.get_by_role("button", name="Delegate", exact=True).click()
    expect(manager.get_by_test_id("send-delegation")).to_be_visible()
    assert hindrances(manager, axe) == []
    manager.set_viewport_size(PHONE)
    expect(manager.get_by_test_id("inbox-item").first).to_be_hidden()
    manager.get_by_role("link", name="Back to the list").click()
    expect(manager.get_by_test_id("inbox-item").first).to_be_visible()
    assert hindrances(manager, axe) == []
