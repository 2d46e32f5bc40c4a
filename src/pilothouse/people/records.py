"""How a person is written into the database and read from it: sealed, and found by digests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from pilothouse.kit.scope import HOME_TENANT
from pilothouse.kit.sealing import Place, Sealer
from pilothouse.people.addresses import EmailAddress, parsed
from pilothouse.people.schemas import Person, Status
from pilothouse.people.tables import TABLE, PersonRow


class Records:
    """Seals and opens what is personal."""

    def __init__(self, sealer: Sealer) -> None:
        """Use the tenants' keys."""
        self._sealer = sealer

    async def of_address(
        self, tenant_id: str, person_id: UUID, address: EmailAddress | None
    ) -> dict[str, Any]:
        """The columns for an address, or for none."""
        if address is None:
            return {"email": None, "email_index": None, "sign_in_index": None}
        return {
            "email": await self._seal(tenant_id, person_id, "email", address.shown),
            "email_index": await self.email_index(tenant_id, address.key),
            "sign_in_index": await self.sign_in_index(address.key),
        }

    async def of_name(self, tenant_id: str, person_id: UUID, name: str) -> dict[str, Any]:
        """The column for a name."""
        return {"name": await self._seal(tenant_id, person_id, "name", name)}

    async def of_totp(self, tenant_id: str, person_id: UUID, secret: str) -> dict[str, Any]:
        """The column for the secret of an authenticator."""
        return {"totp": await self._seal(tenant_id, person_id, "totp", secret)}

    async def email_index(self, tenant_id: str, key: str) -> bytes:
        """By what an address is found within a tenant."""
        return await self._sealer.index(tenant_id, "people.email", key)

    async def sign_in_index(self, key: str) -> bytes:
        """By what an address is found in all tenants."""
        return await self._sealer.index(HOME_TENANT, "people.sign_in", key)

    async def identity_index(self, tenant_id: str, issuer: str, subject: str) -> bytes:
        """By what the person is found for whom an issuer vouches."""
        return await self._sealer.index(tenant_id, "people.identity", f"{len(issuer)}:{issuer}{subject}")

    async def name(self, row: PersonRow) -> str:
        """What a person is called."""
        return await self._open(row, "name", row.name)

    async def totp(self, row: PersonRow) -> str | None:
        """The secret of a person's authenticator."""
        return None if row.totp is None else await self._open(row, "totp", row.totp)

    async def address(self, row: PersonRow) -> EmailAddress | None:
        """A person's address."""
        return None if row.email is None else parsed(await self._open(row, "email", row.email))

    async def shown(self, row: PersonRow) -> Person:
        """A person as the API shows one."""
        address = await self.address(row)
        return Person(
            id=row.id,
            email=address.shown if address else None,
            name=await self.name(row),
            roles=sorted(row.roles),
            status=status_of(row),
            locale=row.locale,
            second_factor=row.totp_confirmed_at is not None,
            issuer=row.issuer,
            last_signed_in_at=row.last_signed_in_at,
            created_at=row.created_at,
        )

    async def _seal(self, tenant_id: str, person_id: UUID, field: str, value: str) -> bytes:
        return await self._sealer.seal(Place(tenant_id, TABLE, str(person_id), field), value.encode())

    async def _open(self, row: PersonRow, field: str, sealed: bytes) -> str:
        return (await self._sealer.open(Place(row.tenant_id, TABLE, str(row.id), field), sealed)).decode()


def status_of(row: PersonRow) -> Status:
    """Whether a person can sign in."""
    if row.disabled_at is not None:
        return Status.DISABLED
    return Status.INVITED if row.joined_at is None else Status.ACTIVE


def account_of(row: PersonRow, address: EmailAddress | None) -> str:
    """Under what the failures of a person are counted."""
    return address.key if address else f"person:{row.id}"
