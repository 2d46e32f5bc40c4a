"""Who stands before the door: finds a person by password or by identity, before there is any scope.

Whether an address is known cannot be told from the answer, nor from the time it takes: the same statements
are executed and one password is hashed in every case.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from uuid import UUID

import structlog

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.errors import InvalidInput
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import HOME_TENANT, Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database, Overloaded
from pilothouse.people import second_factor
from pilothouse.people.addresses import EmailAddress, named, parsed
from pilothouse.people.errors import IdentityConflict, SignInFailed, TotpRequired
from pilothouse.people.lockout import Attempt, Lockout
from pilothouse.people.passwords import Passwords
from pilothouse.people.records import Records
from pilothouse.people.repository import DoorRepository, PersonRepository
from pilothouse.people.roles import allow_more, checked_roles
from pilothouse.people.schemas import LONGEST_ADDRESS, Standing
from pilothouse.people.standing import ACTIVE, Standings, may_come
from pilothouse.people.tables import PersonRow

log = structlog.get_logger(__name__)

FIRST_ADDRESS, FIRST_NAME = "admin@localhost", "Admin"
"""Of the admin who is made where there is nobody."""

_TENANT = re.compile(r"[a-z][a-z0-9-]{0,62}")


class SignIn:
    """Finds out who comes, in all tenants. What it returns is a standing; a session is another's matter."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        passwords: Passwords,
        lockout: Lockout,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Look in `database`; nothing is cached here."""
        self._database = database
        self._records = Records(sealer)
        self._standings = Standings(database, sealer)
        self._passwords = passwords
        self._lockout = lockout
        self._clock = clock
        self._ids = ids
        self._audit = AuditLog(clock, ids)

    async def check_password(
        self, email: str, password: str, totp: str | None, tenant_id: str | None, address: str
    ) -> Standing:
        """The standing of whoever has this password, and the authenticator's or a recovery code in `totp`.

        Without `tenant_id` an address signs in where it is known in one tenant only. `address` is the
        client's. Raises `SignInFailed` for whatever is wrong, `TotpRequired` where only the code is
        missing, `LockedOut` after too many failures, `Overloaded`.
        """
        key = _key_of(email)
        attempt = await self._lockout.begin(key, address)
        found = await self._found(key, tenant_id)
        row, status = found[0] if len(found) == 1 else (None, ACTIVE)
        try:
            right = await self._passwords.verify(row.password if row else None, password)
        except Overloaded:
            await self._lockout.take_back(attempt)
            raise
        if row is None or not right or not may_come(row, status) or row.password is None:
            log.info("sign_in_failed", person_id=str(row.id) if row else None)
            raise SignInFailed
        if row.totp_confirmed_at is not None and not totp:
            await self._lockout.take_back(attempt)
            raise TotpRequired(hint="Send the six digits of the authenticator, or a recovery code, as totp.")
        return await self._let_in(row, password, totp or "", attempt)

    async def standing(self, person_id: UUID) -> Standing | None:
        """What a person may do at this moment; None where there is no such person (any more)."""
        return await self._standings.of(person_id)

    async def from_identity(
        self,
        tenant_id: str,
        issuer: str,
        subject: str,
        email: str | None,
        name: str | None,
        roles: Iterable[str],
        *,
        verified: bool = False,
    ) -> Standing:
        """The standing of the person for whom an issuer vouches, who is made at the first time.

        `roles` replace what the person had. An `email` that the issuer has `verified` accepts an invitation
        to that address; one that belongs to somebody who came another way raises `IdentityConflict`.
        Raises `SignInFailed` for a person who is disabled, and a tenant that is not active.
        """
        wanted = checked_roles(roles)
        address = _address_or_none(email)
        async with self._database.maintenance() as session:
            people = PersonRepository(session, Scope(tenant_id, "identity"))
            index = await self._records.identity_index(tenant_id, issuer, subject)
            row = await people.by_identity(index)
            if row is None:
                row = await self._joined(people, tenant_id, address, verified=verified)
            if row is None:
                row = await self._made(people, tenant_id, address, _name_or_none(name), index)
            found = await DoorRepository(session).person(row.id)
            if found is None or found[0].disabled_at is not None or found[1] != ACTIVE:
                log.info("sign_in_failed", person_id=str(row.id))
                raise SignInFailed
            if "admin" in row.roles and "admin" not in wanted and await people.admins() == {row.id}:
                log.warning("last_admin_lost_by_group", tenant_id=tenant_id, person_id=str(row.id))
            now = self._clock.now()
            values: dict[str, object] = {
                "roles": wanted,
                "joined_at": row.joined_at or now,
                "last_signed_in_at": now,
            }
            if allow_more(wanted, than=row.roles):  # with more rights comes another session
                values["sessions_valid_from"] = now
            if said := _name_or_none(name):
                values |= await self._records.of_name(tenant_id, row.id, said)
            await people.change(row.id, **values, issuer=issuer, identity_index=index)
            await self._audit.did(session, _acting(row), Kind.SIGN_IN, "identity", "signed_in")
            changed = await DoorRepository(session).person(row.id)
        if changed is None:
            raise SignInFailed
        log.info("signed_in", person_id=str(row.id), by="identity")
        return await self._standings.told(*changed)

    async def first_admin(self) -> Standing:
        """The home tenant's admin who has been there longest; made where there is none.

        Raises `SignInFailed` where the one that was made once is no admin any more.
        """
        address = parsed(FIRST_ADDRESS)
        async with self._database.maintenance() as session:
            people = PersonRepository(session, Scope(HOME_TENANT, "local"))
            row = await people.first_admin()
            if row is None:
                now, person_id = self._clock.now(), self._ids.new()
                values = await self._records.of_address(HOME_TENANT, person_id, address)
                values |= await self._records.of_name(HOME_TENANT, person_id, FIRST_NAME)
                moments = {"created_at": now, "changed_at": now, "joined_at": now, "sessions_valid_from": now}
                made = await people.add(person_id, roles=["admin"], **values, **moments)
                row = await people.first_admin()
                if made:
                    log.info("first_admin_made", person_id=str(person_id))
        if row is None:
            raise SignInFailed(
                "There is no admin who could sign in.",
                hint="`pilothouse people roles` and `enable` make one.",
            )
        found = await self.standing(row.id)
        if found is None:
            raise SignInFailed
        return found

    async def _found(self, key: str, tenant_id: str | None) -> Sequence[tuple[PersonRow, str]]:
        index = await self._records.sign_in_index(key)
        wanted = tenant_id if tenant_id is None or _TENANT.fullmatch(tenant_id) else "-"  # no tenant's id
        async with self._database.maintenance() as session:
            return await DoorRepository(session).people(index, wanted)

    async def _let_in(self, row: PersonRow, password: str, code: str, attempt: Attempt) -> Standing:
        """What a right password opens, unless the code is wrong or the person has changed meanwhile."""
        anew = None
        if row.password is not None and self._passwords.outdated(row.password):
            anew = await self._passwords.hash(password)
        now = self._clock.now()
        async with self._database.maintenance() as session:
            doors, people = (
                DoorRepository(session),
                PersonRepository(session, Scope(row.tenant_id, "sign-in")),
            )
            await people.get(row.id, locked=True)
            found = await doors.person(row.id)
            if found is None or found[0].password != row.password or not may_come(*found):
                raise SignInFailed
            person = found[0]
            secret = await self._records.totp(person) if person.totp_confirmed_at is not None else None
            right = secret is None or await second_factor.is_right(people, row.id, secret, code, now)
            did = "signed_in" if right else "second_factor_refused"
            await self._audit.did(session, _acting(row), Kind.SIGN_IN, "password", did)
            if right:
                await people.change(row.id, last_signed_in_at=now, password=anew or person.password)
        if not right:
            log.info("sign_in_failed", person_id=str(row.id), factor="second")
            raise SignInFailed
        await self._lockout.succeeded(attempt)
        log.info("signed_in", person_id=str(row.id), by="password")
        return await self._standings.told(*found)

    async def _joined(
        self, people: PersonRepository, tenant_id: str, address: EmailAddress | None, *, verified: bool
    ) -> PersonRow | None:
        """The person who was invited to the address and now comes by an identity."""
        if address is None:
            return None
        row = await people.by_address(await self._records.email_index(tenant_id, address.key))
        if row is None:
            return None
        if not verified or row.joined_at is not None or row.identity_index is not None:
            raise IdentityConflict(
                hint="Sign in as before; an admin disables that account, or changes how you sign in."
            )
        await people.remove_links(row.id)
        return row

    async def _made(
        self,
        people: PersonRepository,
        tenant_id: str,
        address: EmailAddress | None,
        name: str | None,
        index: bytes,
    ) -> PersonRow:
        now, person_id = self._clock.now(), self._ids.new()
        values = await self._records.of_address(tenant_id, person_id, address)
        fallback = address.shown.partition("@")[0] if address else "Somebody"
        values |= await self._records.of_name(tenant_id, person_id, name or fallback)
        moments = {"created_at": now, "changed_at": now, "sessions_valid_from": now}
        await people.add(person_id, roles=[], identity_index=index, **values, **moments)
        row = await people.by_identity(index)  # made here, or by another process a moment ago
        if row is None:
            raise IdentityConflict(hint="Try again.")
        return row


def _acting(row: PersonRow) -> Scope:
    return Scope(row.tenant_id, f"person:{row.id}")


def _key_of(email: str) -> str:
    """Under what an address is known; what is none is known nowhere, and takes as long."""
    try:
        return parsed(email).key
    except InvalidInput:
        text = unicodedata.normalize("NFKC", email[:LONGEST_ADDRESS]).casefold()
        return "?" + text.encode("ascii", "backslashreplace").decode()


def _address_or_none(email: str | None) -> EmailAddress | None:
    try:
        return parsed(email) if email else None
    except InvalidInput:
        return None


def _name_or_none(name: str | None) -> str | None:
    try:
        return named(name) if name else None
    except InvalidInput:
        return None
