"""The vault: seals values for their place with the key of their tenant, and looks after those keys.

A sealed value is a format byte, the version of the key (four bytes, big-endian), and what `kit.cipher` made.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import structlog

from pilothouse.kit import cipher
from pilothouse.kit.clock import elapsed
from pilothouse.kit.sealing import Place, SealedColumn, Unreadable
from pilothouse.kit.session import Database
from pilothouse.vault.keyring import INDEX, Keyring, erased, turn_over
from pilothouse.vault.masters import Master, Wrapped
from pilothouse.vault.repository import KeyRepository
from pilothouse.vault.schemas import KeyState, PartProgress, Rewrapped, TenantVault

if TYPE_CHECKING:
    from pilothouse.vault.tables import VaultKeyRow

log = structlog.get_logger(__name__)

__all__ = ["SealedColumn", "Vault", "version_of"]

FORMAT = 1
HEADER = 5
"""Bytes before what the cipher made: the format, and the version of the key."""
OVERHEAD = HEADER + cipher.OVERHEAD
"""Bytes by which a sealed value is longer."""

LARGE = 1 << 20
"""Bytes from which on sealing is done in a thread: about a millisecond's work."""
_REWRAPPED_AT_ONCE = 20


def version_of(sealed: bytes) -> int:
    """The version of the key that has sealed a value; raises `Unreadable` where it is no sealed value."""
    if len(sealed) < OVERHEAD or sealed[0] != FORMAT:
        raise Unreadable("What stands where a sealed value belongs is none.")
    return int.from_bytes(sealed[1:HEADER], "big")


class Vault:
    """Implements `Sealer`. Use it within one event loop.

    `columns` are those whose values it seals anew once a tenant's key was turned over. What was looked up of
    keys is believed for 0.9 s, so that a destroyed one is out of use within a second.
    """

    def __init__(
        self,
        database: Database,
        master: Master,
        *,
        columns: Sequence[SealedColumn] = (),
        now: Callable[[], float] = elapsed,
    ) -> None:
        """Keep keys in `database`, wrapped by `master`. `now` counts seconds."""
        self.database = database
        self.columns = {column.part: column for column in columns}
        self.keyring = Keyring(database, master, now=now)
        self._master = master

    async def close(self) -> None:
        """Close the connections."""
        await self.database.close()

    async def seal(self, place: Place, value: bytes) -> bytes:
        """The bytes to store at `place`: 45 more than `value` has. Raises `Erased`."""
        version, key = (await self.keyring.of(place.tenant_id)).sealing(place.tenant_id)
        header = _header(version)
        return header + await _worked(cipher.seal, key, _bound(header, place), value)

    async def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed for `place`.

        Raises `Unreadable` where it was not sealed for it, `Erased` where its key was destroyed.
        """
        version = version_of(sealed)
        key = await self._key(place.tenant_id, version)
        try:
            return await _worked(cipher.unseal, key, _bound(sealed[:HEADER], place), sealed[HEADER:])
        except cipher.Tampered:
            raise Unreadable(
                f"A value of {place.table}.{place.field} was changed, or was sealed for another place.",
                hint="Restore the row from a backup.",
            ) from None

    async def index(self, tenant_id: str, purpose: str, value: str) -> bytes:
        """A keyed digest by which an equal `value` is found again without being stored; 32 bytes.

        It stays the same when keys are turned over. Raises `Erased`.
        """
        key = (await self.keyring.of(tenant_id)).keys.get(INDEX)
        if key is None:
            raise erased(tenant_id)
        return hmac.digest(cipher.derived(key, "index", tenant_id, purpose), value.encode(), "sha256")

    async def rotate(self, tenant_id: str) -> int:
        """Make a tenant's next key, which seals from now on; older ones open what they have sealed.

        Returns its version. What older keys have sealed is sealed anew by workers, or by `reencrypt`. Raises
        `Conflict` for a tenant of which nothing was sealed, `Erased`.
        """
        async with self.database.maintenance() as session:
            keys = KeyRepository(session)
            version = await turn_over(self.keyring, keys, tenant_id)
            for part in self.columns:
                await keys.begin(tenant_id, part, version)
        await self.keyring.of(tenant_id, fresh=True)
        log.info("vault_key_rotated", tenant_id=tenant_id, version=version)
        return version

    async def destroy(self, tenant_id: str) -> int:
        """Destroy all keys of a tenant for good: nothing that they have sealed is ever read again.

        Every process stops opening within a second. Returns how many keys were destroyed, 0 where that had
        happened before. The tenant gets no new ones.
        """
        async with self.database.maintenance() as session:
            keys = KeyRepository(session)
            await keys.alone(tenant_id)
            if await keys.of(tenant_id):
                done = await keys.destroy(tenant_id)
            else:
                await keys.entomb(tenant_id, self.keyring.new_id())
                done = 0
        self.keyring.forget(tenant_id)
        log.warning("vault_keys_destroyed", tenant_id=tenant_id, keys=done)
        return done

    async def rewrap(self) -> Rewrapped:
        """Wrap the keys of all tenants with the master key of now, where another one wraps them.

        May be done again, and beside everything else: what is sealed stays as it is. Raises `MasterMissing`
        and `MasterUnavailable`; what was wrapped anew until then stays so.
        """
        current, done = await self._master.current(), 0
        while True:
            async with self.database.maintenance() as session:
                keys = KeyRepository(session)
                rows = await keys.wrapped_otherwise(current, _REWRAPPED_AT_ONCE)
                for row in rows:
                    await self._rewrap(row)
            done += len(rows)
            if not rows:
                break
        async with self.database.maintenance() as session:
            left = {
                name: count for name, count in await KeyRepository(session).wrappings() if name != current
            }
        log.info("vault_keys_rewrapped", keys=done, wrapping=current)
        return Rewrapped(keys=done, left=left)

    async def wrappings(self) -> dict[str, int]:
        """The master keys in use, each with the number of tenants' keys that it wraps."""
        async with self.database.maintenance() as session:
            return dict(await KeyRepository(session).wrappings())

    async def status(self, tenant_id: str | None = None) -> Sequence[TenantVault]:
        """The keys of one tenant or of all that have some, and how far their values are sealed anew."""
        async with self.database.maintenance() as session:
            keys = KeyRepository(session)
            tenants = await keys.tenants() if tenant_id is None else [tenant_id]
            return [await _told(keys, name) for name in tenants]

    async def _key(self, tenant_id: str, version: int) -> bytes:
        ring = await self.keyring.of(tenant_id)
        if version not in ring.keys and ring.active is not None:
            ring = await self.keyring.of(tenant_id, fresh=True)  # another process has just turned it over
        if version in ring.keys:
            key = ring.keys[version]
            if key is None:
                raise erased(tenant_id)
            return key
        if ring.active is None:
            raise erased(tenant_id)
        raise Unreadable(f"A value was sealed with key {version} of tenant {tenant_id}, which never was.")

    async def _rewrap(self, row: VaultKeyRow) -> None:
        if row.wrapped is None:
            return
        wrapped = Wrapped(row.wrapping, row.wrapped)
        key = await self._master.unwrap(wrapped, row.tenant_id, row.version)
        row.wrapping, row.wrapped = await self._master.wrap(key, row.tenant_id, row.version)


def _header(version: int) -> bytes:
    return bytes((FORMAT,)) + version.to_bytes(HEADER - 1, "big")


def _bound(header: bytes, place: Place) -> bytes:
    return cipher.bound(header, place.tenant_id, place.table, place.row, place.field)


async def _worked(
    work: Callable[[bytes, bytes, bytes], bytes], key: bytes, place: bytes, value: bytes
) -> bytes:
    if len(value) < LARGE:
        return work(key, place, value)
    return await asyncio.to_thread(work, key, place, value)


async def _told(keys: KeyRepository, tenant_id: str) -> TenantVault:
    found = tuple(
        KeyState(
            version=row.version,
            status=row.status,
            wrapping=row.wrapping,
            created_at=row.created_at,
            destroyed_at=row.destroyed_at,
        )
        for row in await keys.of(tenant_id)
    )
    progress = tuple(
        PartProgress.model_validate(row, from_attributes=True) for row in await keys.progress(tenant_id)
    )
    return TenantVault(tenant_id=tenant_id, keys=found, progress=progress)
