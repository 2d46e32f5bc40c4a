"""People as their admins see them: invited, disabled, reset, and given roles."""

from __future__ import annotations

from uuid import UUID

import structlog
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.errors import Conflict, NotFound
from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.scope import Scope
from pilothouse.people.addresses import EmailAddress, named, parsed
from pilothouse.people.errors import LastAdmin, PersonExists
from pilothouse.people.links import Link, Purpose
from pilothouse.people.parts import Parts
from pilothouse.people.records import account_of, status_of
from pilothouse.people.repository import PersonRepository
from pilothouse.people.roles import ADMIN, allow_more, checked_roles, insist
from pilothouse.people.schemas import Invite, Linked, Person, Reset, RolesEdit, Status
from pilothouse.people.tables import PersonRow

log = structlog.get_logger(__name__)


class People:
    """The people of the scope's tenant. What concerns a person takes all roles that this person has."""

    def __init__(self, parts: Parts, scope: Scope) -> None:
        """Act on behalf of `scope`; each method is a transaction of its own."""
        self._parts = parts
        self._scope = scope

    async def _record(self, session: AsyncSession, person_id: UUID, did: str, **details: JsonValue) -> None:
        audit = AuditLog(self._parts.clock, self._parts.ids)
        await audit.did(session, self._scope, Kind.PERSON, f"person/{person_id}", did, **details)

    async def page(self, query: PageQuery) -> Page[Person]:
        """People, the newest first."""
        async with self._parts.database.session(self._scope) as session:
            rows = await PersonRepository(session, self._scope).page(query)
            items = [await self._parts.records.shown(row) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def show(self, person_id: UUID) -> Person:
        """A person; raises `NotFound`."""
        async with self._parts.database.session(self._scope) as session:
            row = await self._get(PersonRepository(session, self._scope), person_id)
            return await self._parts.records.shown(row)

    async def invite(self, invite: Invite) -> Linked:
        """Make a person who joins by a link, which is sent, or returned where no mail is set up.

        Raises `PersonExists`, `RoleNotYours`, `InvalidInput`, `AddressUnknown` where a link cannot say where
        to go, and `MailUnavailable`, but the person is there.
        """
        self._parts.origin.url()
        address, roles = parsed(invite.email), checked_roles(invite.roles)
        name = named(invite.name) if invite.name else address.shown.partition("@")[0]
        insist(self._scope, roles)
        person_id, now = self._parts.ids.new(), self._parts.clock.now()
        link = await self._parts.links.new(Purpose.INVITATION)
        records, tenant_id = self._parts.records, self._scope.tenant_id
        values = await records.of_address(tenant_id, person_id, address)
        values |= await records.of_name(tenant_id, person_id, name)
        moments = {"created_at": now, "changed_at": now, "sessions_valid_from": now}
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            if not await people.add(person_id, roles=roles, locale=invite.locale, **values, **moments):
                raise PersonExists(
                    hint="`pilothouse people list` shows who is there; `reset` sends another link."
                )
            await people.add_link(person_id, link.digest, link.purpose.label, link.expires_at, now)
            await self._record(session, person_id, "invited", roles=[*roles])
            person = await records.shown(await self._get(people, person_id))
        log.info("person_invited", person_id=str(person_id), roles=roles)
        return await self._sent(person, address, link)

    async def reset(self, person_id: UUID, reset: Reset) -> Linked:
        """End a person's sessions and password, and make a link with which to choose another one.

        Whoever was invited and has not come yet gets another invitation. Raises `NotFound`, `RoleNotYours`,
        `Conflict` for one who is disabled, or for whom an issuer vouches, and `AddressUnknown`.
        """
        link = None
        self._parts.origin.url()
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            row = await self._managed(people, person_id)
            status = status_of(row)
            if status is Status.DISABLED:
                raise Conflict("This person is disabled.", hint="Enable the person first.")
            if row.issuer is not None:
                raise Conflict(
                    "This person signs in by an identity provider.", hint="Reset the password there."
                )
            purpose = Purpose.INVITATION if status is Status.INVITED else Purpose.RECOVERY
            link, now = await self._parts.links.new(purpose), self._parts.clock.now()
            values = {"totp": None, "totp_confirmed_at": None} if reset.second_factor else {}
            await people.change(person_id, password=None, sessions_valid_from=now, **values)
            if reset.second_factor:
                await people.put_codes(person_id, ())
            await people.remove_links(person_id)
            await people.add_link(person_id, link.digest, purpose.label, link.expires_at, now)
            await self._record(session, person_id, "reset", second_factor=reset.second_factor)
            address = await self._parts.records.address(row)
            person = await self._parts.records.shown(await self._get(people, person_id))
        await self._parts.lockout.forget(account_of(row, address))
        log.info("person_reset", person_id=str(person_id), second_factor=reset.second_factor)
        return await self._sent(person, address, link)

    async def disable(self, person_id: UUID) -> Person:
        """A person cannot sign in any more, and all sessions end. Doing so again changes nothing.

        Raises `NotFound`, `RoleNotYours` and `LastAdmin`.
        """
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            row = await self._managed(people, person_id)
            if row.disabled_at is None:
                await self._keep_an_admin(people, row)
                now = self._parts.clock.now()
                await people.change(person_id, disabled_at=now, sessions_valid_from=now)
                await people.remove_links(person_id)
                await self._record(session, person_id, "disabled")
                log.info("person_disabled", person_id=str(person_id))
            return await self._parts.records.shown(await self._get(people, person_id))

    async def enable(self, person_id: UUID) -> Person:
        """A person who was disabled may sign in again. Raises `NotFound` and `RoleNotYours`."""
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            row = await self._managed(people, person_id)
            if row.disabled_at is not None:
                await people.change(person_id, disabled_at=None)
                await self._record(session, person_id, "enabled")
                log.info("person_enabled", person_id=str(person_id))
            return await self._parts.records.shown(await self._get(people, person_id))

    async def set_roles(self, person_id: UUID, edit: RolesEdit) -> Person:
        """Replace a person's roles; who gets another one signs in anew. Raises as `disable` does."""
        roles = checked_roles(edit.roles)
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            row = await self._managed(people, person_id)
            insist(self._scope, roles)
            if ADMIN not in roles:
                await self._keep_an_admin(people, row)
            more = allow_more(roles, than=row.roles)
            values = {"sessions_valid_from": self._parts.clock.now()} if more else {}
            await people.change(person_id, roles=roles, **values)
            await self._record(session, person_id, "given_roles", roles=[*roles])
            log.info("person_given_roles", person_id=str(person_id), roles=roles)
            return await self._parts.records.shown(await self._get(people, person_id))

    async def _managed(self, people: PersonRepository, person_id: UUID) -> PersonRow:
        """A person whom the scope may look after, locked.

        Admins are locked first, and in one order: two of them could take each other's roles away otherwise.
        """
        await people.admins()
        row = await people.get(person_id, locked=True)
        if row is None:
            raise _unknown(person_id)
        insist(self._scope, row.roles)
        return row

    async def _keep_an_admin(self, people: PersonRepository, row: PersonRow) -> None:
        if await people.admins() == {row.id}:
            raise LastAdmin(hint="Make somebody else an admin first.")

    async def _get(self, people: PersonRepository, person_id: UUID) -> PersonRow:
        row = await people.get(person_id)
        if row is None:
            raise _unknown(person_id)
        return row

    async def _sent(self, person: Person, address: EmailAddress | None, link: Link) -> Linked:
        sent = await self._parts.send(address, person.name, link)
        url = None if sent else link.url(self._parts.origin.url())
        return Linked(person=person, sent=sent, link=url, expires_at=link.expires_at)


def _unknown(person_id: UUID) -> NotFound:
    return NotFound(f"There is no person {person_id}.", hint="`pilothouse people list` shows who is there.")
