"""From what happened to what a receiver has: once, signed, without personal data, again after failures."""

from __future__ import annotations

import asyncio
import base64
import hmac
from typing import Any

import orjson
import pytest

from pilothouse.experiments.tending import ExperimentChore
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.session import Database
from pilothouse.notifications.delivering import DELAYS
from pilothouse.telemetry import logs
from support.reached import ADDRESS, Shop
from support.receiver import Request, receiving


def body_of(request: Request) -> dict[str, Any]:
    return dict(orjson.loads(request.body))


def is_signed(request: Request, secret: str) -> bool:
    """What a receiver does, as the guide shows it."""
    signed = (
        f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    )
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    return any(hmac.compare_digest(expected, one) for one in request.headers["webhook-signature"].split())


async def test_an_approval_reaches_a_webhook_once_and_signed(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug", "json")  # into what is captured here
    made = await shop.target()
    question = await shop.refund()
    await shop.tend()
    await shop.tend()
    (came,) = shop.receiver.requests
    said = body_of(came)
    assert (said["type"], said["data"]["action"]["tool"]) == ("approval.opened", "pay")
    assert said["data"]["action"]["digest"] == question["action"]["digest"]
    assert said["data"]["action"]["arguments"] == {"order": "A1", "cents": 500}
    assert is_signed(came, made["secret"])
    assert not is_signed(came, "whsec_" + base64.b64encode(b"x" * 32).decode())
    (delivery,) = await shop.deliveries()
    assert (delivery["status"], delivery["attempts"], delivery["answered"]) == ("sent", 1, 204)
    assert came.headers["webhook-id"] == f"msg_{delivery['id'].replace('-', '')}"
    logged = capsys.readouterr().err
    with capsys.disabled():
        logs.configure("debug", "readable")  # not any more: the server goes on until its fixture ends
    assert ("message_sent" in logged, "failed" in logged, made["secret"] in logged) == (True, False, False)


async def test_nothing_is_noted_where_nobody_is_to_be_told(shop: Shop) -> None:
    await shop.refund()
    await shop.target()
    await shop.tend()
    assert (shop.sql("select count(*) from notices"), shop.receiver.requests) == ([(0,)], [])


async def test_only_wanted_events_and_roles_are_told(shop: Shop) -> None:
    await shop.target(name="legal", roles=["legal"])
    await shop.target(name="budgets", events=["budget.alert"])
    await shop.target(name="finance", roles=["finance"], events=["approval.opened"])
    await shop.refund()
    await shop.tend()
    assert len(shop.receiver.requests) == 1


async def test_no_personal_data_leaves(shop: Shop) -> None:
    await shop.target()
    await shop.asked("asking", f"Does {ADDRESS} get it?")
    await shop.asked("asking-in-private", "Does Ada Lovelace, born 10 December 1815, get it?")
    await shop.tend()
    told = b"".join(came.body for came in shop.receiver.requests)
    assert (len(shop.receiver.requests), ADDRESS.encode() in told, b"Lovelace" in told) == (2, False, False)
    assert b"<EMAIL:" in told
    assert sorted(body_of(came)["data"]["sealed"] for came in shop.receiver.requests) == [False, True]


async def test_a_failed_delivery_comes_again_with_the_same_id_and_is_given_up_in_the_end(shop: Shop) -> None:
    await shop.target()
    await shop.refund()
    shop.receiver.answers = [500] * 20
    later = 0.0
    for delay in (0, *DELAYS):
        later += delay * 1.3
        await shop.tend(later)
    await shop.tend(later + 200_000)
    (delivery,) = await shop.deliveries()
    assert (delivery["status"], delivery["answered"], delivery["attempts"]) == ("dead", 500, len(DELAYS) + 1)
    assert "answers 500" in delivery["reason"]
    assert len({came.headers["webhook-id"] for came in shop.receiver.requests}) == 1
    assert len(shop.receiver.requests) == len(DELAYS) + 1


async def test_a_receiver_is_left_alone_for_as_long_as_it_asks(shop: Shop) -> None:
    await shop.target()
    await shop.refund()
    shop.receiver.answers, shop.receiver.headers = [429], {"retry-after": "3000"}
    await shop.tend()
    await shop.tend(2_900)
    assert len(shop.receiver.requests) == 1
    await shop.tend(3_100)
    assert [came["status"] for came in await shop.deliveries()] == ["sent"]


async def test_a_receiver_that_is_gone_is_told_nothing_more(shop: Shop) -> None:
    made = await shop.target()
    await shop.refund(1)
    await shop.refund(2)
    shop.receiver.answers = [410, 410]
    await shop.tend()
    await shop.refund(3)
    await shop.tend()
    assert len(shop.receiver.requests) <= 2
    path = f"/api/v1/notifications/targets/{made['target']['id']}"
    shown = (await shop.client.get(path)).json()
    assert (shown["disabled_at"] is not None, "410" in shown["disabled_because"]) == (True, True)
    assert {came["status"] for came in await shop.deliveries()} == {"dead"}
    assert (await shop.client.post(f"{path}/enable")).json()["disabled_at"] is None
    await shop.refund(4)
    await shop.tend()
    assert [came["status"] for came in await shop.deliveries(status="sent")] == ["sent"]


async def test_a_redirect_is_not_followed(shop: Shop) -> None:
    async with receiving() as inner:
        await shop.target()
        await shop.refund()
        shop.receiver.answers, shop.receiver.headers = [307], {"location": inner.url}
        await shop.tend()
    (delivery,) = await shop.deliveries()
    assert (inner.requests, delivery["status"], delivery["answered"]) == ([], "pending", 307)
    assert "redirect" in delivery["reason"]


async def test_a_receiver_that_is_away_stops_nobody_else(shop: Shop) -> None:
    async with receiving() as other:
        away = await shop.target(name="away", url=f"{other.url}/in")
    await shop.target(name="there")
    await shop.refund()
    await shop.tend()
    assert len(shop.receiver.requests) == 1
    (delivery,) = await shop.deliveries(target_id=away["target"]["id"])
    assert (delivery["status"], "does not answer" in delivery["reason"]) == ("pending", True)


async def test_a_slow_receiver_holds_neither_the_chore_nor_other_targets(shop: Shop) -> None:
    async with receiving() as slow:
        slow.hold = asyncio.Event()
        await shop.target(name="slow", url=slow.url)
        await shop.target(name="there")
        await shop.refund()
        await shop.chore.tend(SystemClock().now())  # returns while the slow one is being asked
        await shop.receiver.came.wait()
        await slow.came.wait()
        slow.hold.set()
        await shop.chore.settled()
    assert {came["status"] for came in await shop.deliveries()} == {"sent"}


async def test_a_worker_that_dies_between_sending_and_noting_sends_it_again_with_the_same_id(
    shop: Shop,
) -> None:
    await shop.target()
    await shop.refund()
    shop.receiver.hold = asyncio.Event()
    await shop.chore.tend(SystemClock().now())
    await shop.receiver.came.wait()
    await shop.chore.close()  # the receiver has it, and nobody has noted so
    shop.receiver.hold.set()
    shop.receiver.hold = None
    await shop.tend(30)
    assert len(shop.receiver.requests) == 1  # it is that worker's for a minute
    await shop.tend(61)
    first, second = shop.receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert [came["status"] for came in await shop.deliveries()] == ["sent"]


async def test_what_was_decided_meanwhile_is_not_told(shop: Shop) -> None:
    await shop.target()
    question = await shop.refund()
    shop.receiver.answers = [500]
    await shop.tend()
    done = await shop.client.post(
        f"/api/v1/questions/{question['id']}/approve", json={"digest": question["action"]["digest"]}
    )
    assert done.status_code == 200
    await shop.tend(10)
    (delivery,) = await shop.deliveries()
    assert (delivery["status"], len(shop.receiver.requests)) == ("moot", 1)


async def test_a_question_is_told_again_once_before_it_expires(shop: Shop) -> None:
    await shop.target(events=["question.expiring"])
    await shop.asked("asking", "Which team?")
    await shop.tend()
    assert shop.receiver.requests == []
    for later in (200, 210):
        await shop.tend(later)
    assert [body_of(came)["type"] for came in shop.receiver.requests] == ["question.expiring"]


async def test_kills_and_alerts_of_budgets_are_told_once(shop: Shop) -> None:
    await shop.target()
    await shop.client.post(
        "/api/v1/switches/kill", json={"kind": "tool", "name": "pay", "why": f"{ADDRESS} was paid twice"}
    )
    budget = {"name": "refunds", "scope": "tenant", "unit": "actions", "period": "day", "hard": "10"}
    made = (await shop.client.post("/api/v1/budgets", json=budget)).json()
    shop.sql(
        "insert into budget_alerts (budget_id, period, tenant_id, level, spent, at_most)"
        " values (%s, '2030-01-31', 'default', 80, 8, 10)",
        made["id"],
    )
    for later in (0, 5):
        await shop.tend(later)
    told = {body_of(came)["type"]: body_of(came)["data"] for came in shop.receiver.requests}
    assert sorted(told) == ["budget.alert", "switch.killed"]
    assert len(shop.receiver.requests) == 2
    assert told["budget.alert"]["title"] == "Budget refunds: 80 % used"
    assert (told["switch.killed"]["title"], ADDRESS in str(told)) == ("Killed: tool pay", False)


async def test_an_arm_that_a_guard_has_stopped_is_told(shop: Shop, conninfo: str) -> None:
    await shop.target()
    arms = [{"name": "control"}, {"name": "candidate", "version": "4", "weight": "50"}]
    guards = [{"metric": "errors", "bound": 5}]
    wanted = {"name": "triage-4", "about": "support/triage", "arms": arms, "guards": guards}
    made = (await shop.client.post("/api/v1/experiments", json=wanted)).json()
    await shop.client.post(f"/api/v1/experiments/{made['id']}/start")
    shop.sql(
        "insert into experiment_hours values (%s, 'candidate', 2, now(), 'default', 50, 0, 50, 0, 0, 0, 0, 0,"
        " 0, 0, '{}')",
        made["id"],
    )
    database = Database(conninfo, connections=1)
    await ExperimentChore(database, SystemClock(), Ids()).tend(SystemClock().now())
    await database.close()
    await shop.tend()
    (came,) = shop.receiver.requests
    told = body_of(came)
    assert told["type"] == "experiment.arm_stopped"
    assert told["data"]["title"] == "Experiment triage-4: arm candidate was stopped"
    assert "errors is 100 after 50 calls" in told["data"]["why"]


async def test_two_workers_send_each_message_once(shop: Shop) -> None:
    await shop.target()
    for cents in range(1, 7):
        await shop.refund(cents)
    now = SystemClock().now()
    await asyncio.gather(*(shop.chore.tend(now) for _ in range(4)))
    await shop.chore.settled()
    await shop.tend()
    assert len({came.headers["webhook-id"] for came in shop.receiver.requests}) == 6
    assert len(shop.receiver.requests) == 6
