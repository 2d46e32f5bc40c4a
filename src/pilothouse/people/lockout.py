"""Makes guessing slow: after a few failures each further one costs a wait that doubles, up to an hour.

Failures are counted in the database, for each account, known or not, and for each network address, so that
all processes share them. Both are stored as keyed digests.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import structlog

from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import HOME_TENANT
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.people.errors import LockedOut
from pilothouse.people.repository import Attempts, DoorRepository

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Attempt:
    """An attempt under way, which counts as a failure until something else is said of it."""

    account: bytes
    address: bytes | None


class Lockout:
    """Counts failed attempts. An address is bound less tightly: many people may share one."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        clock: Clock,
        *,
        account_failures: int = 5,
        address_failures: int = 20,
    ) -> None:
        """Lock after so many failures of an account or an address."""
        self._database = database
        self._sealer = sealer
        self._clock = clock
        self._of_account = Attempts(account_failures)
        self._of_address = Attempts(address_failures)

    async def begin(self, account: str, address: str | None = None) -> Attempt:
        """An attempt for an account (the key of its address); raises `LockedOut`, and counts none then."""
        attempt = Attempt(
            await self._digest("account", account),
            await self._digest("address", _network(address)) if address else None,
        )
        now = self._clock.now()
        bounds = {attempt.account: self._of_account}
        if attempt.address is not None:
            bounds[attempt.address] = self._of_address
        async with self._database.maintenance() as session:
            doors = DoorRepository(session)
            await doors.tidy(now - self._of_account.remembered)
            for digest in sorted(bounds):
                until = await doors.attempt(digest, bounds[digest], now)
                if until is not None:
                    log.warning("sign_in_locked", of="account" if digest == attempt.account else "address")
                    raise LockedOut((until - now).total_seconds())
        return attempt

    async def take_back(self, attempt: Attempt) -> None:
        """The attempt was no failure, and no success either."""
        async with self._database.maintenance() as session:
            await self._took_back(DoorRepository(session), attempt)

    async def succeeded(self, attempt: Attempt) -> None:
        """The account's failures are forgotten, not those of the address: others were tried from it."""
        async with self._database.maintenance() as session:
            doors = DoorRepository(session)
            await doors.forget(attempt.account)
            if attempt.address is not None:
                await doors.take_back(attempt.address)

    async def forget(self, account: str) -> None:
        """The account's failures are forgotten, for its person came another way."""
        digest = await self._digest("account", account)
        async with self._database.maintenance() as session:
            await DoorRepository(session).forget(digest)

    async def _took_back(self, doors: DoorRepository, attempt: Attempt) -> None:
        for digest in sorted(filter(None, (attempt.account, attempt.address))):
            await doors.take_back(digest)

    async def _digest(self, of: str, value: str) -> bytes:
        return await self._sealer.index(HOME_TENANT, "people.lockout", f"{of}:{value}")


def _network(address: str) -> str:
    """What counts as one address: of IPv6 a whole /64, which is what a single customer is given."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:100]
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
