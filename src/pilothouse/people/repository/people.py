"""Queries on the people of one tenant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import any_, delete, func, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.repository import Repository, Rows
from pilothouse.people.tables import LinkRow, PersonRow, RecoveryCodeRow, tenants


class PersonRepository(Repository):
    """The people of a tenant."""

    async def page(self, query: PageQuery) -> Rows[PersonRow]:
        """The wanted page of people, the newest first."""
        statement = select(PersonRow).where(PersonRow.tenant_id == self._tenant_id)
        return await self._page(statement, PersonRow, query)

    async def get(self, person_id: UUID, *, locked: bool = False) -> PersonRow | None:
        """A person; `locked` until the transaction ends."""
        statement = select(PersonRow).where(PersonRow.id == person_id, PersonRow.tenant_id == self._tenant_id)
        found = await self._session.scalars(statement.with_for_update() if locked else statement)
        return found.one_or_none()

    async def by_address(self, email_index: bytes) -> PersonRow | None:
        """The person with an address."""
        statement = select(PersonRow).where(
            PersonRow.tenant_id == self._tenant_id, PersonRow.email_index == email_index
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def by_identity(self, identity_index: bytes) -> PersonRow | None:
        """The person for whom an issuer vouches; locked until the transaction ends."""
        statement = select(PersonRow).where(
            PersonRow.tenant_id == self._tenant_id, PersonRow.identity_index == identity_index
        )
        return (await self._session.scalars(statement.with_for_update())).one_or_none()

    async def tenant_words(self) -> list[str]:
        """What the tenant is called: its id and its name, which no password is made of."""
        found = await self._session.scalar(select(tenants.c.name).where(tenants.c.id == self._tenant_id))
        return [self._tenant_id, *([str(found)] if found else [])]

    async def add(self, person_id: UUID, **values: Any) -> bool:
        """Make a person; False where the tenant has one with this address or identity."""
        statement = (
            insert_or_update(PersonRow)
            .values(id=person_id, tenant_id=self._tenant_id, **values)
            .on_conflict_do_nothing()
            .returning(PersonRow.id)
        )
        return (await self._session.scalar(statement)) is not None

    async def change(self, person_id: UUID, **values: Any) -> None:
        """Set columns of a person."""
        await self._session.execute(
            update(PersonRow)
            .where(PersonRow.id == person_id, PersonRow.tenant_id == self._tenant_id)
            .values(**values, changed_at=func.now())
            .execution_options(synchronize_session="fetch")
        )

    async def admins(self) -> set[UUID]:
        """Those who look after the tenant and can sign in; locked: two might take each other away."""
        statement = (
            select(PersonRow.id)
            .where(
                PersonRow.tenant_id == self._tenant_id,
                literal("admin") == any_(PersonRow.roles),
                PersonRow.disabled_at.is_(None),
                PersonRow.joined_at.is_not(None),
            )
            .order_by(PersonRow.id)
            .with_for_update()
        )
        return set(await self._session.scalars(statement))

    async def first_admin(self) -> PersonRow | None:
        """Of those, the one who has been there longest."""
        found = await self.admins()
        return await self.get(min(found)) if found else None

    async def add_link(
        self, person_id: UUID, digest: bytes, purpose: str, expires_at: dt.datetime, now: dt.datetime
    ) -> None:
        """Keep the digest of a link."""
        values = {"digest": digest, "person_id": person_id, "purpose": purpose, "expires_at": expires_at}
        await self._session.execute(
            insert(LinkRow).values(tenant_id=self._tenant_id, created_at=now, **values)
        )

    async def remove_links(self, person_id: UUID) -> None:
        """None of a person's links is valid any more."""
        await self._session.execute(
            delete(LinkRow).where(LinkRow.tenant_id == self._tenant_id, LinkRow.person_id == person_id)
        )

    async def links_since(self, person_id: UUID, purpose: str, moment: dt.datetime) -> int:
        """How many of a person's links that have not been used were made since."""
        statement = select(func.count()).where(
            LinkRow.tenant_id == self._tenant_id,
            LinkRow.person_id == person_id,
            LinkRow.purpose == purpose,
            LinkRow.created_at > moment,
        )
        return int(await self._session.scalar(statement) or 0)

    async def put_codes(self, person_id: UUID, digests: Iterable[bytes]) -> None:
        """Replace a person's recovery codes."""
        owner = {"tenant_id": self._tenant_id, "person_id": person_id}
        await self._session.execute(delete(RecoveryCodeRow).filter_by(**owner))
        if rows := [{**owner, "digest": digest} for digest in digests]:
            await self._session.execute(insert(RecoveryCodeRow), rows)

    async def use_code(self, person_id: UUID, digest: bytes) -> bool:
        """Use up a recovery code; False where there is none like it."""
        owner = {"tenant_id": self._tenant_id, "person_id": person_id}
        statement = delete(RecoveryCodeRow).filter_by(**owner, digest=digest)
        return await self._session.scalar(statement.returning(RecoveryCodeRow.person_id)) is not None

    async def use_step(self, person_id: UUID, step: int) -> bool:
        """Note which of the authenticator's codes was used; False for one not later than the last."""
        used = PersonRow.totp_step
        statement = (
            update(PersonRow)
            .where(PersonRow.id == person_id, PersonRow.tenant_id == self._tenant_id)
            .where(used.is_(None) | (used < step))
            .values(totp_step=step)
            .returning(PersonRow.id)
            .execution_options(synchronize_session=False)
        )
        return await self._session.scalar(statement) is not None
