"""What people do with a link that they were sent, and how they ask for one: without having signed in."""

from __future__ import annotations

import datetime as dt
from functools import partial

import structlog

from pilothouse.errors import InvalidInput
from pilothouse.kit.scope import Scope
from pilothouse.notifications.service import Outbox
from pilothouse.people.addresses import named, parsed, words_of
from pilothouse.people.errors import LinkInvalid
from pilothouse.people.links import Link, Purpose
from pilothouse.people.parts import Parts
from pilothouse.people.records import account_of
from pilothouse.people.repository import DoorRepository, PersonRepository
from pilothouse.people.schemas import Acceptance, PasswordReset, RecoveryRequest
from pilothouse.people.tables import PersonRow

log = structlog.get_logger(__name__)

TENANTS = 20
"""In which an address is looked for, where none is named."""

MAILS, WITHIN = 3, dt.timedelta(hours=1)
"""Links that one person is sent within a time at the most, whoever asks for them."""


class Redeeming:
    """Looks in all tenants, for the link says in which one its person is."""

    def __init__(self, parts: Parts, outbox: Outbox) -> None:
        """Send by `outbox`, behind the back of who asks."""
        self._parts = parts
        self._outbox = outbox

    async def accept_invitation(self, acceptance: Acceptance) -> None:
        """Join with a password; raises `LinkInvalid`, `PasswordRefused` (the link stays valid)."""
        name = named(acceptance.name) if acceptance.name else None
        await self._redeem(Purpose.INVITATION, acceptance.token, acceptance.password, name)

    async def reset_password(self, reset: PasswordReset) -> None:
        """Set another password; all sessions end. Raises `LinkInvalid` and `PasswordRefused`."""
        await self._redeem(Purpose.RECOVERY, reset.token, reset.password, None)

    async def request_recovery(self, request: RecoveryRequest) -> None:
        """Have a link sent to an address, if a person has it. Nothing tells whether."""
        self._outbox.put(partial(self._recover, request))

    async def _recover(self, request: RecoveryRequest) -> None:
        try:
            key = parsed(request.email).key
        except InvalidInput:
            return
        index, now = await self._parts.records.sign_in_index(key), self._parts.clock.now()
        async with self._parts.database.maintenance() as session:
            found = await DoorRepository(session).people(index, request.tenant_id, most=TENANTS)
            offered = [
                (row, await self._offer(PersonRepository(session, _scope_of(row)), row, status, now))
                for row, status in found
            ]
        for row, link in offered:
            if link is not None:
                address, name = await self._parts.records.address(row), await self._parts.records.name(row)
                await self._parts.send(address, name, link)

    async def _offer(
        self, people: PersonRepository, row: PersonRow, status: str, now: dt.datetime
    ) -> Link | None:
        """A link for a person who may have one."""
        able = row.password is not None or row.issuer is None
        if row.disabled_at is not None or row.joined_at is None or status != "active" or not able:
            return None
        if self._parts.mail is None:
            log.warning("recovery_without_mail", person_id=str(row.id))
            return None
        if not self._parts.origin.is_known:
            log.error("recovery_without_public_url", person_id=str(row.id))
            return None
        await people.get(row.id, locked=True)  # those who ask at the same moment are counted, too
        if await people.links_since(row.id, Purpose.RECOVERY.label, now - WITHIN) >= MAILS:
            log.warning("recovery_asked_too_often", person_id=str(row.id))
            return None
        link = await self._parts.links.new(Purpose.RECOVERY)
        await people.add_link(row.id, link.digest, link.purpose.label, link.expires_at, now)
        log.info("recovery_offered", person_id=str(row.id))
        return link

    async def _redeem(self, purpose: Purpose, token: str, password: str, name: str | None) -> None:
        digest = await self._parts.links.read(token, purpose)
        row = await self._owner(digest, purpose)
        records = self._parts.records
        address = await records.address(row)
        async with self._parts.database.session(_scope_of(row)) as session:
            tenant = await PersonRepository(session, _scope_of(row)).tenant_words()
        own = words_of(name or await records.name(row))
        about = [*(address.words if address else ()), *own, *tenant]
        await self._parts.passwords.check(password, about)
        values = {"password": await self._parts.passwords.hash(password)}
        if name is not None:
            values |= await records.of_name(row.tenant_id, row.id, name)
        now = self._parts.clock.now()
        async with self._parts.database.maintenance() as session:
            people = PersonRepository(session, _scope_of(row))
            link = await DoorRepository(session).link(digest)
            person = await people.get(row.id, locked=True)
            if link is None or person is None or person.disabled_at is not None:
                raise LinkInvalid(hint="Ask for a new one.")
            joined = person.joined_at or now
            await people.change(row.id, joined_at=joined, sessions_valid_from=now, **values)
            await people.remove_links(row.id)
        await self._parts.lockout.forget(account_of(row, address))
        log.info("link_redeemed", person_id=str(row.id), purpose=purpose.label)

    async def _owner(self, digest: bytes, purpose: Purpose) -> PersonRow:
        """Whose link it is; raises `LinkInvalid` where it was used, or the person cannot come."""
        async with self._parts.database.maintenance() as session:
            doors = DoorRepository(session)
            link = await doors.link(digest)
            found = await doors.person(link.person_id) if link is not None else None
        if link is None or found is None or link.purpose != purpose.label:
            raise LinkInvalid(hint="Ask for a new one.")
        row, status = found
        if link.expires_at <= self._parts.clock.now() or row.disabled_at is not None or status != "active":
            raise LinkInvalid(hint="Ask for a new one.")
        return row


def _scope_of(row: PersonRow) -> Scope:
    return Scope(row.tenant_id, f"person:{row.id}")
