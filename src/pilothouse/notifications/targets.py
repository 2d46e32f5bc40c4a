"""The rules of targets for those who set them, and of tests that tell at once what became of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

import structlog
from pydantic import JsonValue

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import Fault, InvalidFields
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Place, Sealer
from pilothouse.kit.session import Database
from pilothouse.notifications.channels import Channels, PersonHere
from pilothouse.notifications.errors import NotTaken
from pilothouse.notifications.repository import TargetRepository
from pilothouse.notifications.schemas import (
    Channel,
    Delivery,
    DeliveryQuery,
    DeliveryStatus,
    Event,
    NewTarget,
    SecretRotation,
    Target,
    TargetMade,
    TargetQuery,
)
from pilothouse.notifications.signing import new_secret
from pilothouse.notifications.tables import ADDRESS, PREVIOUS, SIGNING, TARGETS, DeliveryRow, TargetRow
from pilothouse.notifications.wording import of_test

log = structlog.get_logger(__name__)

MOST = 200
"""Targets of one tenant."""


@dataclass(frozen=True)
class TargetParts:
    """What the rules of targets work with. `links` says whether messages may bring links that decide."""

    database: Database
    sealer: Sealer
    channels: Channels
    person_here: PersonHere
    clock: Clock
    ids: Ids
    links: bool


class Targets:
    """The targets of a tenant, and what became of its messages."""

    def __init__(self, parts: TargetParts, scope: Scope) -> None:
        """Work on behalf of `scope`; nothing is held while a target is asked."""
        self._parts = parts
        self._scope = scope
        self._audit = AuditLog(parts.clock, parts.ids)

    async def page(self, query: TargetQuery) -> Page[Target]:
        """The wanted targets, the newest first."""
        async with self._parts.database.session(self._scope) as session:
            rows = await TargetRepository(session, self._scope).page(query)
        return Page(items=[_shown(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, target_id: UUID) -> Target:
        """A target. Raises `NotFound`."""
        return _shown(await self._row(target_id))

    async def add(self, wanted: NewTarget) -> TargetMade:
        """Add a target.

        Raises `InvalidInput` for an address that is none or a person who is not here, `AddressForbidden`, and
        `Conflict` where the tenant has another of that name, has too many, or links are not allowed.
        """
        if wanted.links and not self._parts.links:
            raise Conflict(
                "Links that decide are not allowed in this installation.",
                hint="Whoever operates it allows them with PILOTHOUSE_APPROVAL_LINKS=true.",
            )
        if wanted.addressee is not None:
            await self._assert_here(wanted.addressee)
        try:
            shown = await self._parts.channels.checked(wanted.channel, wanted.url)
        except InvalidInput as error:
            fault = Fault(where="body", name="/url", detail="is no address for this channel")
            raise InvalidFields(error.message, [fault], hint=error.hint) from None
        secret = new_secret() if wanted.channel is Channel.WEBHOOK else None
        now, id_ = self._parts.clock.now(), self._parts.ids.new()
        row = TargetRow(
            id=id_,
            tenant_id=self._scope.tenant_id,
            name=wanted.name,
            channel=wanted.channel.value,
            shown=shown,
            address_secret=await self._sealed(id_, ADDRESS, wanted.url),
            signing_secret=None if secret is None else await self._sealed(id_, SIGNING, secret),
            previous_secret=None,
            previous_until=None,
            events=[event.value for event in wanted.events],
            roles=list(wanted.roles),
            addressee=wanted.addressee,
            links=wanted.links,
            made_by=self._scope.principal,
            created_at=now,
            changed_at=now,
            disabled_at=None,
            disabled_because="",
        )
        async with self._parts.database.session(self._scope) as session:
            targets = TargetRepository(session, self._scope)
            if await targets.count() >= MOST:
                raise Conflict(f"The tenant has {MOST} targets already.", hint="Remove one.")
            await targets.save(row)
            await self._record(targets, row.id, "added", channel=row.channel, links=row.links)
        log.info("target_added", target_id=str(row.id), channel=row.channel, by=self._scope.principal)
        return TargetMade(target=_shown(row), secret=secret)

    async def remove(self, target_id: UUID) -> None:
        """Remove a target with its deliveries. Raises `NotFound`."""
        async with self._parts.database.session(self._scope) as session:
            targets = TargetRepository(session, self._scope)
            if not await targets.remove(target_id):
                _missing(target_id)
            await self._record(targets, target_id, "removed")
        log.info("target_removed", target_id=str(target_id), by=self._scope.principal)

    async def enable(self, target_id: UUID) -> Target:
        """Send to a target again that was disabled because nobody was there. Raises `NotFound`."""
        async with self._parts.database.session(self._scope) as session:
            targets = TargetRepository(session, self._scope)
            row = await targets.get(target_id, locked=True) or _missing(target_id)
            row.disabled_at, row.disabled_because = None, ""
            row.changed_at = self._parts.clock.now()
            await targets.save(row)
            await self._record(targets, row.id, "enabled")
        return _shown(row)

    async def rotate(self, target_id: UUID, rotation: SecretRotation) -> TargetMade:
        """Give a webhook a new secret; for the overlap what is sent is signed with the one before, too.

        Raises `NotFound`, and `Conflict` for what is no webhook.
        """
        secret, now = new_secret(), self._parts.clock.now()
        sealed = await self._sealed(target_id, SIGNING, secret)
        row = await self._row(target_id)
        if row.signing_secret is None:
            raise Conflict(f"The target {row.name} is no webhook: nothing is signed.")
        before = await self._opened(row, SIGNING, row.signing_secret)
        previous = await self._sealed(target_id, PREVIOUS, before) if rotation.overlap else None
        async with self._parts.database.session(self._scope) as session:
            targets = TargetRepository(session, self._scope)
            held = await targets.get(target_id, locked=True) or _missing(target_id)
            if held.signing_secret != row.signing_secret:
                raise Conflict("The secret was rotated at the same moment.", hint="Look again.")
            held.signing_secret, held.previous_secret = sealed, previous
            held.previous_until = now + dt.timedelta(seconds=rotation.overlap) if previous else None
            held.changed_at = now
            await targets.save(held)
            await self._record(targets, target_id, "secret_rotated", overlap=rotation.overlap)
        return TargetMade(target=_shown(held), secret=secret)

    async def test(self, target_id: UUID) -> Delivery:
        """Send a test at once, and tell what became of it. Raises `NotFound`."""
        row = await self._row(target_id)
        now, id_ = self._parts.clock.now(), self._parts.ids.new()
        status, answered, reason = DeliveryStatus.SENT, None, ""
        try:
            url = await self._opened(row, ADDRESS, row.address_secret)
            known = await self._known(row, now)
            answered = await self._parts.channels.send(
                Channel(row.channel), url, known, id_, of_test(now, row.name)
            )
        except NotTaken as error:
            status, answered, reason = DeliveryStatus.DEAD, error.answered, error.message
        delivery = DeliveryRow(
            id=id_,
            tenant_id=self._scope.tenant_id,
            notice_id=None,
            target_id=row.id,
            event=Event.TEST.value,
            status=status.value,
            attempts=1,
            next_at=None,
            created_at=now,
            ended_at=self._parts.clock.now(),
            answered=answered,
            reason=reason,
        )
        async with self._parts.database.session(self._scope) as session:
            targets = TargetRepository(session, self._scope)
            if not await targets.has(row.id):
                _missing(target_id)
            await targets.add_delivery(delivery)
            await self._record(targets, row.id, "tested", status=status.value)
        return _delivered(delivery, row.name)

    async def deliveries(self, query: DeliveryQuery) -> Page[Delivery]:
        """The wanted deliveries, the newest first."""
        async with self._parts.database.session(self._scope) as session:
            targets = TargetRepository(session, self._scope)
            rows = await targets.deliveries(query)
            names = await targets.names({row.target_id for row in rows.items})
        items = [_delivered(row, names[row.target_id]) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def _assert_here(self, addressee: str) -> None:
        if not await self._parts.person_here(self._scope.tenant_id, UUID(addressee.removeprefix("person:"))):
            fault = Fault(where="body", name="/addressee", detail="is nobody here who may come")
            hint = "`pilothouse people list` shows who is."
            raise InvalidFields(f"There is no {addressee} here who may come.", [fault], hint=hint)

    async def _row(self, target_id: UUID) -> TargetRow:
        async with self._parts.database.session(self._scope) as session:
            return await TargetRepository(session, self._scope).get(target_id) or _missing(target_id)

    async def _known(self, row: TargetRow, now: dt.datetime) -> list[str]:
        secrets = [] if row.signing_secret is None else [await self._opened(row, SIGNING, row.signing_secret)]
        if row.previous_secret is not None and row.previous_until is not None and row.previous_until > now:
            secrets.append(await self._opened(row, PREVIOUS, row.previous_secret))
        return secrets

    async def _sealed(self, target_id: UUID, column: str, text: str) -> bytes:
        return await self._parts.sealer.seal(self._place(target_id, column), text.encode())

    async def _opened(self, row: TargetRow, column: str, sealed: bytes) -> str:
        return (await self._parts.sealer.open(self._place(row.id, column), sealed)).decode()

    def _place(self, target_id: UUID, column: str) -> Place:
        return Place(self._scope.tenant_id, TARGETS, str(target_id), column)

    async def _record(
        self, targets: TargetRepository, target_id: UUID, did: str, **details: JsonValue
    ) -> None:
        await targets.record(self._audit, self._scope, f"notification_target/{target_id}", did, **details)


def _missing(target_id: UUID) -> NoReturn:
    raise NotFound(f"There is no target {target_id}.", hint="`pilothouse notify list` shows what there is.")


def _shown(row: TargetRow) -> Target:
    return Target(
        id=row.id,
        name=row.name,
        channel=Channel(row.channel),
        shown=row.shown,
        events=[Event(event) for event in row.events],
        roles=list(row.roles),
        addressee=row.addressee,
        links=row.links,
        made_by=row.made_by,
        created_at=row.created_at,
        previous_until=row.previous_until,
        disabled_at=row.disabled_at,
        disabled_because=row.disabled_because,
    )


def _delivered(row: DeliveryRow, target: str) -> Delivery:
    return Delivery(
        id=row.id,
        target_id=row.target_id,
        target=target,
        event=Event(row.event),
        status=DeliveryStatus(row.status),
        attempts=row.attempts,
        created_at=row.created_at,
        next_at=row.next_at,
        ended_at=row.ended_at,
        answered=row.answered,
        reason=row.reason,
    )
