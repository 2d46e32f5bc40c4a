"""What workers see to about messages: notices are made and spread to targets, and deliveries are worked off.

A delivery is claimed for a minute; a worker that is killed between sending and noting so leaves it to be sent
again, with the same id. Nothing here stands in the way of an append: what happened is committed long before.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

import structlog
from pydantic import JsonValue

from pilothouse.errors import DatabaseUnavailable, PilothouseError
from pilothouse.inbox.schemas import Glance, Linked, Question
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.origin import Origin
from pilothouse.kit.sealing import Place, Sealer
from pilothouse.kit.session import Database, Overloaded
from pilothouse.notifications import wording
from pilothouse.notifications.channels import Channels
from pilothouse.notifications.errors import NotTaken
from pilothouse.notifications.repository import Due, Notice, OutboxRepository
from pilothouse.notifications.schemas import LINKED, Channel, Event
from pilothouse.notifications.tables import ADDRESS, PREVIOUS, SIGNING, TARGETS
from pilothouse.notifications.wording import Told

log = structlog.get_logger(__name__)

EVERY = dt.timedelta(seconds=1)
LEASE = dt.timedelta(minutes=1)
"""For how long a delivery is a worker's: longer than any channel takes."""
DELAYS = (5, 30, 120, 600, 1_800, 7_200, 21_600, 43_200)
"""Seconds to the next attempt after each one that failed; after the last one it is given up, a day later."""
PATIENCE = 86_400.0
"""Seconds that a receiver may ask to be left alone."""
SPREAD, AT_ONCE, EACH = 50, 16, 4
"""Notices spread at once, deliveries sent at once, and those of one target among them."""
BEFORE = dt.timedelta(hours=1)
"""How long before its end a question is told of again; the last quarter of its time where that is shorter."""
ASKING = frozenset({"question", "expiring"})
"""Kinds of notices that are about a question."""
KILLS_OF = dt.timedelta(days=1)
KEPT = dt.timedelta(days=30)
"""How long it is known what became of a message."""

GlanceAt = Callable[[str, UUID], Awaitable[Glance | None]]
"""An open question of a tenant as somebody without any rights sees it."""
MakeLink = Callable[[UUID, str, Question, str], Awaitable[Linked | None]]
"""The link of an id by which a person decides, or None where there is to be none."""
HideIn = Callable[[str], Awaitable[Callable[[JsonValue], JsonValue]]]
"""What hides personal data in data of a tenant."""


class Sources(NamedTuple):
    """Where what is told comes from."""

    glance: GlanceAt
    link: MakeLink
    hide: HideIn
    origin: Origin


class DeliveryChore:
    """Any number of workers may tend it: each delivery is one worker's at a time."""

    name = "notifications"

    def __init__(
        self, database: Database, sealer: Sealer, channels: Channels, sources: Sources, clock: Clock, ids: Ids
    ) -> None:
        """Work through `database`, with the rights to all tenants."""
        self._database = database
        self._sealer = sealer
        self._channels = channels
        self._sources = sources
        self._clock = clock
        self._ids = ids
        self._under_way: set[asyncio.Task[None]] = set()
        self._forgotten_at: dt.datetime | None = None

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Do what is due; sending goes on behind."""
        async with self._database.maintenance() as session:
            await OutboxRepository(session).collect(now, before=BEFORE, since=now - KILLS_OF, most=SPREAD)
        await self.spread(now)
        for due in await self._claimed(now):
            task = asyncio.create_task(self._seen_to(due))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        if self._forgotten_at is None or now - self._forgotten_at >= dt.timedelta(days=1):
            async with self._database.maintenance() as session:
                await OutboxRepository(session).forget(now - KEPT)
            self._forgotten_at = now
        return now + EVERY

    async def spread(self, now: dt.datetime) -> None:
        """Make the deliveries of new notices. Other workers may do so as well: none is made twice."""
        async with self._database.maintenance() as session:
            notices = await OutboxRepository(session).unspread(SPREAD)
        for notice in notices:
            try:
                seen = await self._seen(notice)
            except (DatabaseUnavailable, Overloaded):
                raise
            except PilothouseError as error:
                log.warning("notice_not_told", notice=notice.id, code=error.code, reason=error.message)
                seen = None
            async with self._database.maintenance() as session:
                outbox = OutboxRepository(session)
                if seen is not None or notice.kind not in ASKING:
                    await self._spread(outbox, notice, seen, now)
                await outbox.spreading_done(notice, now)

    async def settled(self) -> None:
        """Wait until what is being sent is over."""
        if self._under_way:
            await asyncio.wait(set(self._under_way))

    async def close(self) -> None:
        """Stop; what was being sent is sent again by whoever works then."""
        for task in set(self._under_way):
            task.cancel()
        await self.settled()

    async def _seen(self, notice: Notice) -> Glance | None:
        """The question that a notice is about, if that is open; None for what is no question."""
        if notice.kind not in ASKING:
            return None
        return await self._sources.glance(notice.tenant_id, notice.subject_id)

    async def _spread(
        self, outbox: OutboxRepository, notice: Notice, seen: Glance | None, now: dt.datetime
    ) -> None:
        event = wording.event_of(notice.kind, seen)
        role = None if seen is None else seen.question.role
        targets = await outbox.targets(notice, event, role, asks=seen is not None)
        await outbox.spread(notice, event, [(self._ids.new(), target) for target in targets], now)

    async def _claimed(self, now: dt.datetime) -> list[Due]:
        room = AT_ONCE - len(self._under_way)
        if room <= 0:
            return []
        async with self._database.maintenance() as session:
            return await OutboxRepository(session).claim(now, now + LEASE, most=room, each=EACH)

    async def _seen_to(self, due: Due) -> None:
        try:
            await self._attempt(due)
        except PilothouseError as error:
            log.warning("delivery_not_noted", delivery=str(due.id), code=error.code, reason=error.message)
        except Exception as error:
            log.exception("delivery_failed", delivery=str(due.id), kind=type(error).__name__)

    async def _attempt(self, due: Due) -> None:
        """Send one message, and note what became of it."""
        try:
            told = await self._told(due)
            answered = None if told is None else await self._sent(due, told)
        except (DatabaseUnavailable, Overloaded):
            raise  # it is somebody's again in a minute
        except PilothouseError as error:
            await self._failed(due, error if isinstance(error, NotTaken) else NotTaken(error.message))
            return
        async with self._database.maintenance() as session:
            status = "moot" if told is None else "sent"
            reason = "There is nothing to tell any more." if told is None else ""
            outbox = OutboxRepository(session)
            await outbox.end(due, status, self._clock.now(), answered=answered, reason=reason)
        log.info("message_sent" if told else "message_moot", delivery=str(due.id), about=due.event)

    async def _told(self, due: Due) -> Told | None:
        """What is told; None where that is over."""
        async with self._database.maintenance() as session:
            notice = await OutboxRepository(session).notice(due.notice_id)
        if notice is None:
            return None
        if notice.kind == "budget":
            return wording.of_alert(notice.at, notice.facts)
        if notice.kind == "experiment":
            return wording.of_arm(notice.at, notice.facts)
        if notice.kind == "kill":
            hide = await self._sources.hide(notice.tenant_id)
            return wording.of_kill(notice.at, notice.facts | {"why": hide(str(notice.facts["why"]))})
        seen = await self._seen(notice)
        if seen is None:
            return None
        link = None
        if due.links and due.addressee is not None and due.event in LINKED:
            link = await self._sources.link(due.id, due.tenant_id, seen.question, due.addressee)
        url = self._sources.origin.url() if self._sources.origin.is_known else None
        return wording.of_question(Event(due.event), notice.at, seen, url, link)

    async def _sent(self, due: Due, told: Told) -> int | None:
        url = await self._opened(due, ADDRESS, due.address)
        known = [] if due.signing is None else [await self._opened(due, SIGNING, due.signing)]
        overlaps = due.previous_until is not None and due.previous_until > self._clock.now()
        if due.previous is not None and overlaps:
            known.append(await self._opened(due, PREVIOUS, due.previous))
        return await self._channels.deliver(due.target_id, Channel(due.channel), url, known, due.id, told)

    async def _opened(self, due: Due, column: str, sealed: bytes) -> str:
        place = Place(due.tenant_id, TARGETS, str(due.target_id), column)
        return (await self._sealer.open(place, sealed)).decode()

    async def _failed(self, due: Due, error: NotTaken) -> None:
        now, last = self._clock.now(), due.attempts > len(DELAYS)
        async with self._database.maintenance() as session:
            outbox = OutboxRepository(session)
            if error.gone:
                await outbox.disable(due.target_id, error.message, now)
            elif error.final or last:
                await outbox.end(due, "dead", now, answered=error.answered, reason=error.message)
            else:
                wait = waits(due, error.again_after)
                await outbox.again(due, now + wait, answered=error.answered, reason=error.message)
        given_up = error.final or last
        log.warning(
            "message_given_up" if given_up else "message_not_taken",
            delivery=str(due.id),
            target_id=str(due.target_id),
            attempts=due.attempts,
            answered=error.answered,
            reason=error.message,
        )


def waits(due: Due, asked: float | None = None) -> dt.timedelta:
    """How long until the next attempt: growing, a fifth longer at most so that not all come at once.

    It is as long as the receiver has `asked` for, up to a day, where that is longer.
    """
    usual = DELAYS[min(due.attempts, len(DELAYS)) - 1] * (1 + due.id.int % 1_000 / 5_000)
    return dt.timedelta(seconds=max(usual, min(asked or 0.0, PATIENCE)))
