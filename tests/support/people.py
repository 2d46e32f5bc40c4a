"""People over a real database and a real vault; hashing is cheap, and time stands still until it is moved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from argon2 import Parameters, Type

from pilothouse.kit.scope import Scope
from pilothouse.people.administration import People
from pilothouse.people.myself import Myself
from pilothouse.people.opening import Doors
from pilothouse.people.parts import Parts
from pilothouse.people.redeeming import Redeeming
from pilothouse.people.schemas import Acceptance, Invite
from pilothouse.people.signing_in import SignIn
from support.clocks import ManualClock
from support.waiting import rows

CHEAP = Parameters(
    type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=1, memory_cost=64, parallelism=1
)
GOOD = "a quiet harbour at dawn"
OTHER = "seventeen lanterns drifting"
HERE = "192.0.2.7"


@dataclass
class House:
    """One process's people, and what a test needs beside."""

    doors: Doors
    clock: ManualClock
    conninfo: str

    @property
    def parts(self) -> Parts:
        return self.doors.parts

    @property
    def sign_in(self) -> SignIn:
        return self.doors.sign_in

    @property
    def redeeming(self) -> Redeeming:
        return self.doors.redeeming

    def people(self, *roles: str, tenant: str = "default") -> People:
        return People(self.parts, Scope(tenant, "local", frozenset(roles or {"admin"})))

    def myself(self, person_id: UUID, tenant: str = "default") -> Myself:
        return Myself(self.parts, Scope(tenant, f"person:{person_id}"), lambda _: frozenset({"runs:read"}))

    def tenant(self, name: str) -> str:
        rows(self.conninfo, "insert into tenants (id, name) values (%s, 'T')", name)
        return name

    async def joined(
        self, email: str = "ada@example.com", *roles: str, tenant: str = "default", password: str = GOOD
    ) -> UUID:
        """A person who was invited and has come."""
        invited = await self.people(tenant=tenant).invite(Invite(email=email, roles=list(roles)))
        await self.redeeming.accept_invitation(Acceptance(token=token_of(invited.link), password=password))
        return invited.person.id

    async def enter(
        self,
        email: str = "ada@example.com",
        password: str = GOOD,
        totp: str | None = None,
        tenant: str | None = None,
        address: str = HERE,
    ) -> UUID:
        return (await self.sign_in.check_password(email, password, totp, tenant, address)).person_id


def token_of(link: str | None) -> str:
    found = re.fullmatch(r"[a-z]+://[^#]+#([\w-]{98})", link or "")
    assert found, link
    return found[1]
