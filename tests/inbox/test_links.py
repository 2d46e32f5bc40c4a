"""Links that decide one action: they act once, never on GET, and with the rights of their addressee."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from pilothouse.kit.clock import SystemClock
from pilothouse.runtime.governing import Requirement
from support.reached import Link, Shop

FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
NOBODY = {"authorization": ""}


async def opened(shop: Shop, link: Link) -> httpx.Response:
    """The page, as whoever has the link opens it: without any credential."""
    return await bare(shop).get("/decide", params={"token": link.token})


def bare(shop: Shop) -> httpx.AsyncClient:
    """A client without a credential."""
    transport = httpx.ASGITransport(shop.serving.api, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=30)


async def sent_off(shop: Shop, page: httpx.Response, **said: str) -> httpx.Response:
    """The form of a page, sent off."""
    form = dict(FIELD.findall(page.text)) | {"verdict": "approve", "reason": "Fine."} | said
    return await bare(shop).post("/decide", data=form)


async def call_back(shop: Shop, link: Link, **said: str) -> httpx.Response:
    """What an outside system answers with."""
    body = {"token": link.token, "digest": link.digest, "verdict": "approve"} | said
    return await bare(shop).post("/api/v1/links/decide", json=body)


async def test_a_page_shows_the_action_and_decides_when_it_is_sent_off_only(shop: Shop) -> None:
    link = await shop.link("approver:finance")
    for _ in range(3):  # as a scanner of mail does
        page = await opened(shop, link)
    assert page.status_code == 200
    assert link.digest in page.text
    assert "script" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert (page.headers["cache-control"], page.headers["referrer-policy"]) == ("no-store", "same-origin")
    assert await shop.status(link.question["id"]) == "open"
    done = await sent_off(shop, page)
    assert (done.status_code, "was approved" in done.text) == (200, True)
    shown = (await shop.client.get(f"/api/v1/questions/{link.question['id']}")).json()
    assert (shown["status"], shown["closed_by"], shown["answer"]) == ("answered", link.person, "approve")
    assert (await opened(shop, link)).status_code == 410
    assert (await sent_off(shop, page)).status_code == 410
    assert (await bare(shop).get("/decide/style.css")).headers["content-type"].startswith("text/css")


async def test_an_outside_system_answers_with_the_token_and_the_audit_log_names_the_addressee(
    shop: Shop,
) -> None:
    link = await shop.link("approver:finance")
    wrong = await call_back(shop, link, digest="0" * 64)
    assert (wrong.status_code, await shop.status(link.question["id"])) == (409, "open")
    done = await call_back(shop, link, verdict="refuse", reason="The order was delivered.")
    assert (done.status_code, done.json()["verdict"], done.json()["decided_by"]) == (
        200,
        "refuse",
        link.person,
    )
    again = await call_back(shop, link)
    assert (again.status_code, again.json()["code"]) == (410, "link_over")
    assert "used already" in again.json()["detail"]
    entries = shop.sql("select convert_from(leaf, 'utf8') from audit_inbox where kind = 'approval'")
    entries += shop.sql("select convert_from(leaf, 'utf8') from audit_entries where kind = 'approval'")
    by_link = [leaf for (leaf,) in entries if "decided_by_link" in leaf]
    assert (len(by_link), link.person in by_link[0], link.digest in by_link[0]) == (1, True, True)


async def test_a_hundred_uses_at_once_are_one(shop: Shop) -> None:
    link = await shop.link("approver:finance")
    answers = await asyncio.gather(*(call_back(shop, link) for _ in range(100)))
    assert {answer.status_code for answer in answers} <= {200, 409, 410, 503}  # 503: load is shed
    assert [answer.status_code for answer in answers].count(200) == 1
    while not shop.till.paid:
        await asyncio.sleep(0.01)
    assert len(shop.till.paid) == 1


def _flipped(token: str, at: int) -> str:
    raw = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    raw[at] ^= 1
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def test_a_forged_link_is_unknown_whatever_was_changed(shop: Shop) -> None:
    link = await shop.link("approver:finance")
    changed = [_flipped(link.token, at) for at in (0, 8, 20, 30, 55)]  # the id, the time, the signature
    foreign = base64.urlsafe_b64decode(link.token + "==")[:56] + b"other"
    changed += [base64.urlsafe_b64encode(foreign).decode().rstrip("="), link.token + "A", "x" * 60, ""]
    for token in changed:
        answer = await bare(shop).get("/decide", params={"token": token})
        assert (token, answer.status_code) == (token, 404)
    shop.sql("update action_links set addressee = 'person:' || gen_random_uuid()")
    assert (await opened(shop, link)).status_code == 404
    assert (await call_back(shop, link)).json()["code"] == "link_unknown"


@pytest.mark.parametrize("column", ["digest", "role", "expires_at"])
async def test_a_link_is_bound_to_what_it_was_made_for(shop: Shop, column: str) -> None:
    link = await shop.link("approver:finance")
    value = {"digest": "repeat('0', 64)", "role": "'legal'", "expires_at": "expires_at + interval '1 day'"}
    shop.sql(f"update action_links set {column} = {value[column]}")  # noqa: S608 - constants
    assert (await opened(shop, link)).status_code == 404


async def test_a_link_is_over_once_its_time_is(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    link = await shop.link("approver:finance")
    (ends,) = shop.sql("select expires_at from action_links")[0]
    page = await opened(shop, link)
    clock = shop.serving.reach.links._clock
    assert isinstance(clock, SystemClock)
    monkeypatch.setattr(clock, "now", lambda: ends, raising=False)
    assert (await opened(shop, link)).status_code == 410
    assert (await sent_off(shop, page)).status_code == 410
    assert await shop.status(link.question["id"]) == "open"


async def test_a_link_is_over_once_the_action_is_decided_withdrawn_or_another_one(shop: Shop) -> None:
    link = await shop.link("approver:finance")
    page = await opened(shop, link)
    path = f"/api/v1/questions/{link.question['id']}"
    arguments = {"order": "A1", "cents": 400}
    edited = await shop.client.post(f"{path}/edit", json={"digest": link.digest, "arguments": arguments})
    assert edited.status_code == 200
    refused = await opened(shop, link)
    assert (refused.status_code, "decided already" in refused.text) == (410, True)
    assert (await sent_off(shop, page)).status_code == 410
    other = await shop.link("approver:finance", name="grace")
    await shop.client.post(f"/api/v1/runs/{other.question['run_id']}/cancel")
    withdrawn = await opened(shop, other)
    assert (withdrawn.status_code, "not asked about any more" in withdrawn.text) == (410, True)


async def test_a_link_has_the_rights_that_its_addressee_has_when_it_is_used(shop: Shop) -> None:
    link = await shop.link("approver:finance")
    page = await opened(shop, link)
    path = f"/api/v1/users/{link.person.removeprefix('person:')}"
    await shop.client.put(f"{path}/roles", json={"roles": ["approver:legal"]})
    for answer in (await opened(shop, link), await sent_off(shop, page), await call_back(shop, link)):
        assert answer.status_code == 403
    await shop.client.put(f"{path}/roles", json={"roles": ["approver:finance"]})
    assert (await opened(shop, link)).status_code == 200
    await shop.client.post(f"{path}/disable")
    for answer in (await opened(shop, link), await sent_off(shop, page), await call_back(shop, link)):
        assert answer.status_code == 403
    assert (await shop.status(link.question["id"]), shop.till.paid) == ("open", [])


async def test_who_asked_does_not_approve_by_a_link_either(shop: Shop) -> None:
    shop.policy.requirements = (Requirement(role="finance", not_requester=True),)
    link = await shop.link("approver:finance")
    shop.sql("update runs set principal = %s where id = %s", link.person, link.question["run_id"])
    answer = await call_back(shop, link)
    assert (answer.status_code, "asked for this action" in answer.json()["detail"]) == (403, True)
    assert (await call_back(shop, link, verdict="refuse")).status_code == 200  # it was not used up


async def test_a_form_that_no_page_has_shown_decides_nothing(shop: Shop) -> None:
    link = await shop.link("approver:finance")
    page = await opened(shop, link)
    seen = dict(FIELD.findall(page.text))["seen"]
    forged = [
        {"seen": ""},
        {"seen": seen[:-1]},
        {"seen": f"1{seen}"},
        {"verdict": "maybe"},
        {"digest": "short"},
    ]
    for said in forged:
        assert (await sent_off(shop, page, **said)).status_code in {400, 410}
    assert await shop.status(link.question["id"]) == "open"


async def test_nobody_gets_a_link_who_may_not_decide(shop: Shop) -> None:
    person = await shop.person("approver:legal")
    await shop.target(addressee=person, links=True)
    await shop.refund()
    await shop.tend()
    assert (len(shop.receiver.requests), shop.sql("select count(*) from action_links")) == (1, [(0,)])


async def test_links_are_made_and_taken_only_where_they_are_allowed(
    open_shop: Callable[..., Awaitable[Any]],
) -> None:
    shop = await open_shop(approval_links=False)
    person = await shop.person("approver:finance")
    body = {"name": "x", "channel": "webhook", "url": shop.receiver.url, "addressee": person, "links": True}
    refused = await shop.client.post("/api/v1/notifications/targets", json=body)
    assert (refused.status_code, "PILOTHOUSE_APPROVAL_LINKS" in refused.json()["detail"]) == (409, True)
    assert (await bare(shop).get("/decide", params={"token": "x" * 80})).status_code == 404
