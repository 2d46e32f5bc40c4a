"""What people see and change of themselves: never their roles."""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from pilothouse.errors import Conflict, NotFound
from pilothouse.kit.scope import Scope
from pilothouse.people import second_factor
from pilothouse.people.addresses import named, words_of
from pilothouse.people.errors import PasswordWrong
from pilothouse.people.parts import Parts
from pilothouse.people.records import account_of
from pilothouse.people.repository import PersonRepository
from pilothouse.people.schemas import (
    CodeGiven,
    Confirmation,
    Enrolment,
    Me,
    PasswordChange,
    Person,
    RecoveryCodes,
    Removal,
    SelfEdit,
)
from pilothouse.people.tables import PersonRow

log = structlog.get_logger(__name__)

Allowed = Callable[[Scope], Collection[str]]


class Myself:
    """The person of the scope. Only `show` has an answer for a key and for whoever works on this machine."""

    def __init__(self, parts: Parts, scope: Scope, allowed: Allowed) -> None:
        """`allowed` says which permissions a scope has."""
        self._parts = parts
        self._scope = scope
        self._allowed = allowed

    async def show(self) -> Me:
        """Who asks, and what that one may do."""
        person = None
        if self._scope.person_id is not None:
            person = await self._parts.records.shown(await self._row())
        return Me(
            principal=self._scope.principal,
            tenant_id=self._scope.tenant_id,
            roles=sorted(self._scope.roles),
            permissions=sorted(self._allowed(self._scope)),
            engagement_id=self._scope.engagement_id,
            person=person,
        )

    async def edit(self, edit: SelfEdit) -> Person:
        """Change name or locale; raises `InvalidInput`, and `NotFound` for who is no person."""
        row = await self._row()
        values: dict[str, object] = {}
        if edit.name is not None:
            values |= await self._parts.records.of_name(row.tenant_id, row.id, named(edit.name))
        if edit.locale is not None:
            values["locale"] = edit.locale
        if values:
            await self._change(row, **values)
        return await self._parts.records.shown(await self._row())

    async def change_password(self, change: PasswordChange) -> None:
        """Set another password. All sessions end, this one, too: sign in anew.

        Raises `PasswordWrong`, `LockedOut` and `PasswordRefused`; `Conflict` where an issuer vouches for one.
        """
        row = await self._row()
        if row.issuer is not None:
            raise Conflict("You sign in by an identity provider.", hint="Change the password there.")
        await self._confirmed(row, change.current)
        address = await self._parts.records.address(row)
        async with self._parts.database.session(self._scope) as session:
            tenant = await PersonRepository(session, self._scope).tenant_words()
        name = words_of(await self._parts.records.name(row))
        about = [*(address.words if address else ()), *name, *tenant]
        await self._parts.passwords.check(change.new, about)
        hashed, now = await self._parts.passwords.hash(change.new), self._parts.clock.now()
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            await self._unchanged(people, row)
            await people.change(row.id, password=hashed, sessions_valid_from=now)
            await people.remove_links(row.id)
        log.info("password_changed", person_id=str(row.id))

    async def enrol(self, confirmation: Confirmation) -> Enrolment:
        """Begin with an authenticator; it is asked for once `confirm` has seen a code of it.

        Raises `PasswordWrong`, `LockedOut`, and `Conflict` where there is one already.
        """
        row = await self._row()
        await self._confirmed(row, confirmation.password)
        secret = second_factor.new_secret()
        values = await self._parts.records.of_totp(row.tenant_id, row.id, secret)
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            if (await self._unchanged(people, row)).totp_confirmed_at is not None:
                raise Conflict("There is an authenticator already.", hint="Remove that one first.")
            await people.change(row.id, **values, totp_step=None)
        address = await self._parts.records.address(row)
        return Enrolment(
            secret=secret, uri=second_factor.uri_of(secret, address.shown if address else str(row.id))
        )

    async def confirm(self, given: CodeGiven) -> RecoveryCodes:
        """The authenticator shows the right code: from now on it is asked for.

        Raises `PasswordWrong` for a wrong code, `LockedOut`, and `Conflict` where nothing is to be confirmed.
        """
        row = await self._row()
        secret = await self._parts.records.totp(row)
        if secret is None or row.totp_confirmed_at is not None:
            raise Conflict("There is no authenticator to confirm.", hint="Enrol one first.")
        codes = second_factor.new_codes()
        await self._with_code(row, secret, given.code, codes, recovery=False)
        log.info("second_factor_added", person_id=str(row.id))
        return RecoveryCodes(codes=codes)

    async def remove(self, removal: Removal) -> None:
        """The authenticator is not asked for any more.

        Raises `PasswordWrong`, also for a wrong code, `LockedOut`, and `Conflict` where there is none.
        """
        row = await self._row()
        secret = await self._parts.records.totp(row)
        if secret is None or row.totp_confirmed_at is None:
            raise Conflict("There is no authenticator.")
        await self._confirmed(row, removal.password)
        await self._with_code(row, secret, removal.code, None, recovery=True)
        log.info("second_factor_removed", person_id=str(row.id))

    async def _with_code(
        self, row: PersonRow, secret: str, code: str, codes: list[str] | None, *, recovery: bool
    ) -> None:
        """Confirm the authenticator with new recovery `codes`, or remove it (None), if `code` is right."""
        address, now = await self._parts.records.address(row), self._parts.clock.now()
        attempt = await self._parts.lockout.begin(account_of(row, address))
        async with self._parts.database.session(self._scope) as session:
            people = PersonRepository(session, self._scope)
            await self._unchanged(people, row)
            right = await second_factor.is_right(people, row.id, secret, code, now, recovery=recovery)
            if right:
                values = {"totp_confirmed_at": now} if codes else {"totp": None, "totp_confirmed_at": None}
                await people.change(row.id, **values)
                digests = [second_factor.digest_of(row.id, item) for item in codes or ()]
                await people.put_codes(row.id, digests)
        if not right:
            raise PasswordWrong("The code is not right.", hint="Send the one that is shown now.")
        await self._parts.lockout.succeeded(attempt)

    async def _confirmed(self, row: PersonRow, password: str | None) -> None:
        """Whoever has a password says it: a session that was left open is not enough."""
        if row.password is None:
            return
        attempt = await self._parts.lockout.begin(account_of(row, await self._parts.records.address(row)))
        if not await self._parts.passwords.verify(row.password, password or ""):
            raise PasswordWrong
        await self._parts.lockout.succeeded(attempt)

    async def _row(self) -> PersonRow:
        if self._scope.person_id is None:
            raise NotFound("You are no person here.", hint="Sign in as one.")
        async with self._parts.database.session(self._scope) as session:
            row = await PersonRepository(session, self._scope).get(self._scope.person_id)
        if row is None:
            raise NotFound("You are no person of this tenant any more.")
        return row

    async def _unchanged(self, people: PersonRepository, row: PersonRow) -> PersonRow:
        """The person, locked, unless password or authenticator have become others meanwhile."""
        found = await people.get(row.id, locked=True)
        if found is None or (found.password, found.totp) != (row.password, row.totp):
            raise Conflict("Something else has changed this meanwhile.", hint="Look again.")
        return found

    async def _change(self, row: PersonRow, **values: object) -> None:
        async with self._parts.database.session(self._scope) as session:
            await PersonRepository(session, self._scope).change(row.id, **values)
