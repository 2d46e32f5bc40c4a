"""Targets over HTTP: what is stored sealed, what is shown, rotation, tests, and what is refused."""

from __future__ import annotations

from typing import Any

import orjson

from notifications.test_delivering import is_signed
from support.reached import Shop

TARGETS = "/api/v1/notifications/targets"


async def test_an_address_is_kept_sealed_and_shown_without_its_secrets(shop: Shop) -> None:
    made = await shop.target(url=f"{shop.receiver.url}/secret-path?key=secret-word")
    shown = await shop.client.get(TARGETS)
    assert "secret" not in shown.text.replace("secret_rotated", "")
    assert made["target"]["shown"] == f"{shop.receiver.url}/…"
    rows = shop.sql("select address_secret, signing_secret, shown from notification_targets")
    assert all(b"secret-" not in bytes(cell) for cell in rows[0][:2])
    assert made["secret"].removeprefix("whsec_").encode() not in bytes(rows[0][1])
    (leaf,) = shop.sql("select string_agg(convert_from(leaf, 'utf8'), '') from audit_inbox")[0]
    assert ("notification_target/" in leaf, "secret-" in leaf) == (True, False)


async def test_a_test_goes_out_at_once_and_tells_what_became_of_it(shop: Shop) -> None:
    path = f"{TARGETS}/{(await shop.target())['target']['id']}/test"
    assert (await shop.client.post(path)).json()["status"] == "sent"
    shop.receiver.answers = [503]
    failed = (await shop.client.post(path)).json()
    assert (failed["status"], failed["answered"]) == ("dead", 503)
    assert [came["event"] for came in await shop.deliveries()] == ["test", "test"]
    assert orjson.loads(shop.receiver.requests[0].body)["type"] == "test"


async def test_a_rotated_secret_signs_beside_the_one_before_until_the_overlap_is_over(
    shop: Shop,
) -> None:
    made = await shop.target()
    path = f"{TARGETS}/{made['target']['id']}"
    rotated = (await shop.client.post(f"{path}/rotate", json={"overlap": 3_600})).json()
    await shop.refund(1)
    await shop.tend()
    (came,) = shop.receiver.requests
    assert (is_signed(came, made["secret"]), is_signed(came, rotated["secret"])) == (True, True)
    shop.sql("update notification_targets set previous_until = now()")
    await shop.refund(2)
    await shop.tend()
    came = shop.receiver.requests[-1]
    assert (is_signed(came, made["secret"]), is_signed(came, rotated["secret"])) == (False, True)
    at_once = (await shop.client.post(f"{path}/rotate", json={"overlap": 0})).json()
    assert (at_once["target"]["previous_until"], at_once["secret"] != rotated["secret"]) == (None, True)


NONE: list[dict[str, Any]] = [
    {"url": "ftp://example.com/in"},
    {"url": "http://user:word@127.0.0.1/in"},
    {"url": "http://10.1.2.3/in"},
    {"url": "http://169.254.169.254/latest/meta-data"},
    {"url": "http://[::1]:80/in"},
    {"url": "http://93.184.215.14/in"},  # on the internet, and not by https
    {"url": "https://no-such-host.invalid/in"},
    {"links": True},
    {"addressee": "person:00000000-0000-7000-8000-000000000001"},
    {"addressee": "key:00000000-0000-7000-8000-000000000001"},
    {"events": ["everything"]},
    {"roles": ["approver:finance"]},
]


async def test_what_is_no_target_is_refused(shop: Shop) -> None:
    body = {"name": "x", "channel": "webhook", "url": f"{shop.receiver.url}/in"}
    for said in NONE:
        refused = await shop.client.post(TARGETS, json=body | said)
        assert (said, refused.status_code) == (said, 400)
    assert shop.sql("select count(*) from notification_targets") == [(0,)]


async def test_a_name_is_taken_once_and_a_target_is_removed_with_its_deliveries(shop: Shop) -> None:
    made = await shop.target()
    body = {"name": "hook", "channel": "webhook", "url": shop.receiver.url}
    assert (await shop.client.post(TARGETS, json=body)).status_code == 409
    await shop.refund()
    await shop.tend()
    path = f"{TARGETS}/{made['target']['id']}"
    assert (await shop.client.delete(path)).status_code == 204
    assert (await shop.client.delete(path)).status_code == 404
    assert (await shop.client.get(path)).status_code == 404
    assert (await shop.client.post(f"{path}/test")).status_code == 404
    assert await shop.deliveries() == []


async def test_operators_read_what_became_of_messages_and_set_no_targets(shop: Shop) -> None:
    made = (await shop.client.post("/api/v1/keys", json={"name": "a", "roles": ["operator"]})).json()
    headers = {"authorization": f"Bearer {made['secret']}"}
    assert (await shop.client.get("/api/v1/notifications/deliveries", headers=headers)).status_code == 200
    assert (await shop.client.get(TARGETS, headers=headers)).status_code == 403
    viewer = (await shop.client.post("/api/v1/keys", json={"name": "b", "roles": ["viewer"]})).json()
    headers = {"authorization": f"Bearer {viewer['secret']}"}
    assert (await shop.client.get("/api/v1/notifications/deliveries", headers=headers)).status_code == 403
