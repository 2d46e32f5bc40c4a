"""What the database remembers of secrets: each version that was there, since when, and a mark to know it by.

A mark is an HMAC that the secret itself keys, so that a machine notices that it has another secret than the
rest. Only keys are marked: of a password, which somebody may have chosen, a mark would let others guess.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.errors import Category, PilothouseError, Severity
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.kit.secret import Secret
from pilothouse.kit.session import Database
from pilothouse.secrets.catalogue import Form, kind_of
from pilothouse.secrets.repository import Marked, MarkRepository, keys_by_pepper

_PURPOSE = b"pilothouse secret mark\0"


class SecretMismatch(PilothouseError):
    """This machine has another secret than the rest of the installation."""

    code = "secret_mismatch"
    category = Category.USER
    severity = Severity.CRITICAL


class DatabaseLedger:
    """Remembers in the database; its connection is closed after each use, which are few."""

    def __init__(self, connections: Callable[[], Database], clock: Clock) -> None:
        """Each use makes its own `connections`, of which it takes one."""
        self._connections = connections
        self._clock = clock
        self._audit = AuditLog(clock, Ids())
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[AsyncSession]:
        """A session of its own, one at a time."""
        async with self._lock:
            database = self._connections()
            try:
                async with database.maintenance() as session:
                    yield session
            finally:
                await database.close()

    async def note(self, secrets: Sequence[Secret]) -> None:
        """Remember these versions; raises `SecretMismatch`."""
        if not secrets:
            return
        name = secrets[0].name
        async with self._opened() as session:
            marks = MarkRepository(session)
            before = {item.version for item in await marks.of(name)}
            # The oldest first: a version is only ever added after those before it were noted.
            for secret in reversed(secrets):
                await marks.add(name, secret.version, _mark(secret), self._clock.now())
                if secret.version not in before:
                    await self._record(session, name, "noted", version=secret.version)
            known = {item.version: item.mark for item in await marks.of(name)}
        for secret in secrets:
            if known.get(secret.version) != _mark(secret):
                raise SecretMismatch(
                    f"The secret {name}, version {secret.version}, is another one here than in the rest of "
                    "this installation.",
                    hint="Give all machines the same (docs/guides/secrets.md); where the other one is lost, "
                    f"`pilothouse secrets forget {name}`.",
                )

    async def _record(self, session: AsyncSession, name: str, did: str, *, version: str | None) -> None:
        await self._audit.did(session, local_scope(), Kind.SECRET, f"secret/{name}", did, version=version)

    async def knows(self, name: str) -> bool:
        """Whether any version is remembered."""
        return bool(await self.marked(name))

    async def marked(self, name: str) -> Sequence[Marked]:
        """What is remembered of a secret, the newest first."""
        async with self._opened() as session:
            return await MarkRepository(session).of(name)

    async def peppered(self) -> dict[str, int]:
        """How many API keys are verified with each version of the pepper."""
        async with self._opened() as session:
            return await keys_by_pepper(session, self._clock.now())

    async def forget(self, name: str, version: str | None = None) -> int:
        """Remember a secret, or one version of it, no longer; returns how many versions that were."""
        async with self._opened() as session:
            await self._record(session, name, "forgotten", version=version)
            return await MarkRepository(session).remove(name, version)


def _mark(secret: Secret) -> bytes:
    if kind_of(secret.name).form is Form.TEXT:
        return b""
    said = _PURPOSE + f"{secret.name}\0{secret.version}".encode()
    return hmac.new(secret.reveal(), said, hashlib.sha256).digest()
