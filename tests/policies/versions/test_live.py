"""What holds for a tenant is kept while it is used, and a change holds everywhere within a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text

from pilothouse.kit.knowing import BELIEVED
from pilothouse.kit.session import Database
from pilothouse.policies.versions.live import LivePolicies
from pilothouse.runtime.governing import Verdict
from pilothouse.runtime.listener import POLICIES, Listener
from support.governed import known, refund

PERMIT = '@id("permit") permit (principal, action, resource);'
FORBID = '@id("never") forbid (principal, action, resource);'
Activated = Callable[..., Awaitable[int]]


class Hand:
    """A clock that moves by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def verdict(live: LivePolicies, tenant_id: str = "default") -> Verdict:
    hot = await live.of(tenant_id)
    return hot.engine.decide(refund(tenant_id=tenant_id), hot.around).verdict


@pytest.fixture
async def listener(conninfo: str) -> AsyncIterator[Listener]:
    made = Listener(conninfo)
    await made.start()
    yield made
    await made.stop()


async def test_a_change_is_heard_of_by_notification(
    database: Database, listener: Listener, activated: Activated
) -> None:
    live = LivePolicies(database, known(), now=lambda: 0.0)  # never old: only what is heard matters
    listener.on(POLICIES, live.changed)
    await activated(PERMIT)
    assert await verdict(live) is Verdict.ALLOW
    await activated(FORBID)
    async with asyncio.timeout(1):
        while await verdict(live) is Verdict.ALLOW:
            await asyncio.sleep(0.005)


async def test_a_change_whose_notification_was_lost_holds_once_what_is_known_is_old(
    database: Database, activated: Activated
) -> None:
    clock = Hand()
    live = LivePolicies(database, known(), now=clock)
    await activated(PERMIT)
    assert await verdict(live) is Verdict.ALLOW
    await activated(FORBID)
    assert await verdict(live) is Verdict.ALLOW
    clock.seconds += BELIEVED
    assert BELIEVED < 1
    assert await verdict(live) is Verdict.DENY


async def test_nothing_is_parsed_again_that_has_not_changed(database: Database, activated: Activated) -> None:
    clock = Hand()
    live = LivePolicies(database, known(), now=clock)
    await activated(PERMIT)
    first = await live.of("default")
    assert await live.of("default") is first
    clock.seconds += BELIEVED
    second = await live.of("default")
    assert (second is first, second.engine is first.engine) == (False, True)
    live.changed(None)
    assert (await live.of("default")).engine is first.engine


async def test_the_attributes_of_a_tenant_are_facts_of_its_actions(database: Database) -> None:
    async with database.maintenance() as session:
        change = """update tenants set attributes = '{"time_zone": "Asia/Tokyo", "seats": 3}'"""
        await session.execute(text(change))
    around = (await LivePolicies(database, known(), environment="staging").of("default")).around
    assert around.attributes == ("seats=3", "time_zone=Asia/Tokyo")
    assert (around.time_zone, around.environment) == ("Asia/Tokyo", "staging")


async def test_tenants_have_their_own_and_the_least_used_are_let_go(
    database: Database, activated: Activated
) -> None:
    await activated(FORBID)
    live = LivePolicies(database, known(), most=1)
    assert await verdict(live) is Verdict.DENY
    assert await verdict(live, "nobody") is Verdict.ALLOW
    assert live.known.tenants == ("nobody",)


async def test_many_ask_at_once_and_the_database_is_asked_once(
    database: Database, activated: Activated
) -> None:
    await activated(PERMIT)
    live = LivePolicies(database, known())
    found = await asyncio.gather(*(live.of("default") for _ in range(50)))
    assert all(one is found[0] for one in found)


async def test_a_look_from_before_a_change_is_not_believed_after_it(
    database: Database, activated: Activated
) -> None:
    await activated(PERMIT)
    clock = Hand()
    live = LivePolicies(database, known(), now=clock)
    slow = asyncio.create_task(live.of("default"))
    await asyncio.sleep(0)
    live.changed("default")
    clock.seconds += 0.1
    newer = await live.of("default")
    await slow
    assert await live.of("default") is newer


async def test_a_version_that_is_gone_decides_nothing(database: Database, activated: Activated) -> None:
    await activated(PERMIT)
    async with database.maintenance() as session:
        await session.execute(text("delete from policy_versions"))
    with pytest.raises(LookupError, match="Version 1"):
        await LivePolicies(database, known()).of("default")


@pytest.mark.timed
async def test_a_change_holds_in_another_process_within_a_second(
    database: Database, listener: Listener, activated: Activated
) -> None:
    live = LivePolicies(database, known())
    listener.on(POLICIES, live.changed)
    await activated(PERMIT)
    assert await verdict(live) is Verdict.ALLOW
    await activated(FORBID)
    began = time.monotonic()
    while await verdict(live) is Verdict.ALLOW:
        await asyncio.sleep(0.001)
    assert time.monotonic() - began < 1
