"""Finds out whose key somebody comes with, and which keys have grown old."""

from __future__ import annotations

import datetime as dt
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from pilothouse.errors import Unauthenticated
from pilothouse.keys.repository import Found, KeyLookup
from pilothouse.keys.schemas import ROTATE_AFTER
from pilothouse.keys.tables import KeyRow
from pilothouse.keys.texts import PREFIX, KeyText, parse
from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import Scope
from pilothouse.kit.secret import Secret, SecretSource
from pilothouse.kit.session import Database

log = structlog.get_logger(__name__)

NOTED_EVERY = dt.timedelta(minutes=1)
"""The time between two notes that a key was used."""
MOST_RATES = 10_000
"""Keys whose rates are remembered; of others the setting holds until they come again."""

_NOTHING = (bytes(32), "")
"""What is compared where there is nothing to compare, so that this takes as long."""

_HINT = "Send one that `pilothouse keys list` shows as active."


@dataclass(frozen=True)
class AgedKey:
    """A valid key whose secret should be rotated."""

    id: UUID
    tenant_id: str
    name: str
    rotated_at: dt.datetime


class KeyVerifier:
    """Knows the keys of all tenants. Use it within one event loop.

    It asks the database each time, so that a revoked key is refused at once; who calls it may believe the
    answer for 0.9 s, and no longer.
    """

    def __init__(self, database: Database, secrets: SecretSource, environment: str, clock: Clock) -> None:
        """Verify keys for `environment` with the versions of the pepper that are in use."""
        self._database = database
        self._secrets = secrets
        self._environment = environment
        self._clock = clock
        self._rates: OrderedDict[str, int | None] = OrderedDict()

    async def verify(self, text: str) -> Scope | None:
        """The scope of whoever has the key `text`; None where that is no key at all.

        Raises `Unauthenticated` for a key that is not, or no longer, valid.
        """
        if not text.startswith(PREFIX):
            return None
        said = parse(text)
        if said is None:
            raise Unauthenticated("The API key has not the form of one.", hint=_HINT)
        if said.environment != self._environment:
            raise Unauthenticated(
                f"The API key is for {said.environment}, and this is {self._environment}.", hint=_HINT
            )
        peppers = await self._secrets.versions("pepper")
        async with self._database.maintenance() as session:
            keys = KeyLookup(session)
            key = self._insist(said, await keys.find(said.id), peppers)
            await self._note(keys, key, said, peppers[0])
            scope = _scope(key)
            self._rates[scope.principal] = key.rate
            self._rates.move_to_end(scope.principal)
        while len(self._rates) > MOST_RATES:
            self._rates.popitem(last=False)
        return scope

    def rate_of(self, scope: Scope) -> int | None:
        """The requests a minute that the key of a verified scope may make; None: what is set for all."""
        return self._rates.get(scope.principal)

    def _insist(self, said: KeyText, found: Found | None, peppers: Sequence[Secret]) -> KeyRow:
        """The key, if it is valid; the same is computed for a key that does not exist."""
        now, known = self._clock.now(), {pepper.version: pepper for pepper in peppers}
        key = None if found is None else found.key
        current, previous = _NOTHING, _NOTHING
        if key is not None:
            current = (key.mac, key.pepper)
            if key.previous_until is not None and now < key.previous_until:
                previous = (key.previous_mac or b"", key.previous_pepper or "")
        matching = [said.matches(known.get(name, peppers[0]), mac) for mac, name in (current, previous)]
        if found is None or key is None or not any(matching):
            if key is not None and key.pepper not in known:
                log.error("key_pepper_missing", key=str(said.id), pepper=key.pepper)
            raise _refused(said, "unknown", "The API key is not valid.")
        if key.revoked_at is not None:
            raise _refused(said, "revoked", "The API key was revoked.")
        if key.expires_at is not None and key.expires_at <= now:
            raise _refused(said, "expired", "The API key has expired.")
        if not found.served:
            raise _refused(said, "suspended", "The tenant of the API key is not served.")
        return key

    async def _note(self, keys: KeyLookup, key: KeyRow, said: KeyText, newest: Secret) -> None:
        """Note the use, once a minute; then what is kept of the secret is made with the newest pepper."""
        now, last = self._clock.now(), key.last_used_at
        if last is not None and now - last < NOTED_EVERY:
            return
        hashed: dict[str, Any] = {}
        overlapping = key.previous_until is not None and now < key.previous_until
        if key.pepper != newest.version and not overlapping:
            hashed = {"mac": said.mac(newest), "pepper": newest.version}
        await keys.used(key.id, now, **hashed)
        if now - key.rotated_at >= ROTATE_AFTER and (last is None or last.date() != now.date()):
            log.warning("key_old", key=str(key.id), name=key.name, days=(now - key.rotated_at).days)


async def aged_keys(database: Database, clock: Clock) -> list[AgedKey]:
    """The valid keys of all tenants whose secrets are 90 days old or older, the oldest first."""
    now = clock.now()
    async with database.maintenance() as session:
        rows = await KeyLookup(session).older(now - ROTATE_AFTER, now)
    return [AgedKey(row.id, row.tenant_id, row.name, row.rotated_at) for row in rows]


def _scope(key: KeyRow) -> Scope:
    return Scope(
        tenant_id=key.tenant_id,
        principal=f"key:{key.id}",
        roles=frozenset(key.roles),
        engagement_id=key.engagement_id,
        permissions=None if key.permissions is None else frozenset(key.permissions),
        models=None if key.models is None else frozenset(key.models),
    )


def _refused(said: KeyText, reason: str, message: str) -> Unauthenticated:
    log.info("key_refused", key=str(said.id), reason=reason)
    return Unauthenticated(message, hint=_HINT)
