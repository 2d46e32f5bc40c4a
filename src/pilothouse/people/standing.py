"""What a person may do at this moment, found by id: for sessions, tokens, and links that stand for people."""

from __future__ import annotations

from uuid import UUID

from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.people.records import Records
from pilothouse.people.repository import DoorRepository
from pilothouse.people.schemas import Standing
from pilothouse.people.tables import PersonRow

ACTIVE = "active"


class Standings:
    """Looks in all tenants: who asks knows the person, and there is no scope yet."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        """Look in `database`; nothing is remembered."""
        self._database = database
        self._records = Records(sealer)

    async def of(self, person_id: UUID) -> Standing | None:
        """The standing of a person; None where there is no such (any more)."""
        async with self._database.maintenance() as session:
            found = await DoorRepository(session).person(person_id)
        return await self.told(*found) if found else None

    async def told(self, row: PersonRow, status: str) -> Standing:
        """The standing of a person whose tenant is in a `status`."""
        active = may_come(row, status)
        return Standing(
            person_id=row.id,
            tenant_id=row.tenant_id,
            roles=frozenset(row.roles),
            name=await self._records.name(row) if active else "",
            active=active,
            sessions_valid_from=row.sessions_valid_from,
            locale=row.locale,
            local=row.password is not None,
            second_factor=row.totp_confirmed_at is not None,
        )


def may_come(row: PersonRow, status: str) -> bool:
    """Whether a person has joined and is not disabled, in a tenant that is worked in."""
    return row.disabled_at is None and row.joined_at is not None and status == ACTIVE
