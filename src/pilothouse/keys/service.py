"""The rules of API keys: who makes them, for what, and for how long."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Conflict, Forbidden, NotFound
from pilothouse.keys.repository import KeyRepository
from pilothouse.keys.schemas import (
    ROTATE_AFTER,
    Key,
    KeyMade,
    KeyQuery,
    KeyState,
    ModelList,
    NewKey,
    Rotation,
)
from pilothouse.keys.tables import KeyRow
from pilothouse.keys.texts import KeyText, new_text
from pilothouse.keys.verifying import AgedKey, KeyVerifier, aged_keys
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import Fault, InvalidFields
from pilothouse.kit.scope import Scope
from pilothouse.kit.secret import SecretSource

__all__ = ["AgedKey", "KeyVerifier", "Keys", "aged_keys"]

log = structlog.get_logger(__name__)

ADMIN = "admin"

Place = Callable[[str | None], Awaitable[UUID | None]]
"""Finds the engagement that was named, or the one that the scope is bound to."""


class BeyondYourself(Forbidden):
    """Nobody gives a key more than they may do themselves."""

    code = "beyond_yourself"


class Keys:
    """The keys of a tenant. A key that is revoked is refused everywhere within a second."""

    def __init__(
        self,
        repository: KeyRepository,
        secrets: SecretSource,
        place: Place,
        scope: Scope,
        *,
        environment: str,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Read and write through `repository`; keys are made for `environment`."""
        self._repository = repository
        self._secrets = secrets
        self._place = place
        self._scope = scope
        self._environment = environment
        self._clock = clock
        self._ids = ids
        self._audit = AuditLog(clock, ids)

    async def page(self, query: KeyQuery) -> Page[Key]:
        """The wanted keys, the newest first, also those that are no longer valid."""
        rows = await self._repository.page(query)
        now = self._clock.now()
        return Page(items=[shown(row, now) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, key_id: UUID) -> Key:
        """A key. Raises `NotFound`."""
        return shown(await self._row(key_id), self._clock.now())

    async def create(self, wanted: NewKey) -> KeyMade:
        """Make a key. Its secret is told here and never again.

        Raises `BeyondYourself` for more than the scope may do itself, and `InvalidFields` for an engagement
        that is none or a time that has passed.
        """
        now = self._clock.now()
        if wanted.expires_at is not None and wanted.expires_at <= now:
            fault = Fault(where="body", name="/expires_at", detail="has passed")
            raise InvalidFields("The key would never be valid.", [fault])
        roles, permissions = sorted(set(wanted.roles)), _sorted(wanted.permissions)
        models = _sorted(wanted.models)
        self._insist(roles, permissions)
        self._insist_on_models(models)
        engagement_id = await self._place(wanted.engagement)
        text = new_text(self._environment, self._ids.new())
        mac, pepper = await self._hashed(text)
        row = KeyRow(
            id=text.id,
            engagement_id=engagement_id,
            name=wanted.name,
            environment=self._environment,
            roles=roles,
            permissions=permissions,
            models=models,
            rate=wanted.rate,
            mac=mac,
            pepper=pepper,
            made_by=self._scope.principal,
            created_at=now,
            rotated_at=now,
            expires_at=wanted.expires_at,
        )
        await self._repository.save(row)
        await self._repository.record(self._audit, self._scope, row, "made")
        log.info("key_made", key=str(row.id), name=row.name, roles=roles, by=self._scope.principal)
        return KeyMade(key=shown(row, now), secret=text.reveal())

    async def rotate(self, key_id: UUID, rotation: Rotation) -> KeyMade:
        """Give a key a new secret; the one before stays valid for the overlap, those before it end now.

        Raises `NotFound`, `Conflict` for a key that is not valid any longer, and `BeyondYourself` for one
        that may do more than the scope.
        """
        row, now = await self._row(key_id, locked=True), self._clock.now()
        state = state_of(row, now)
        if state is not KeyState.ACTIVE:
            raise Conflict(f"The key {row.name} is {state}.", hint="Make another one.")
        self._insist(row.roles, row.permissions)
        self._insist_on_models(row.models)
        text = new_text(self._environment, row.id)
        previous = (row.mac, row.pepper, now + dt.timedelta(seconds=rotation.overlap))
        row.previous_mac, row.previous_pepper, row.previous_until = (
            previous if rotation.overlap else (None, None, None)
        )
        row.mac, row.pepper = await self._hashed(text)
        row.environment, row.rotated_at = self._environment, now
        await self._repository.save(row)
        await self._repository.record(self._audit, self._scope, row, "rotated")
        log.info("key_rotated", key=str(row.id), overlap=rotation.overlap, by=self._scope.principal)
        return KeyMade(key=shown(row, now), secret=text.reveal())

    async def revoke(self, key_id: UUID) -> Key:
        """End a key for good. Again changes nothing. Raises `NotFound`."""
        row, now = await self._row(key_id, locked=True), self._clock.now()
        if row.revoked_at is None:
            row.revoked_at = now
            await self._repository.save(row)
            await self._repository.record(self._audit, self._scope, row, "revoked")
            log.info("key_revoked", key=str(row.id), by=self._scope.principal)
        return shown(row, now)

    async def set_models(self, key_id: UUID, wanted: ModelList) -> Key:
        """Say which models a key may use; holds everywhere within a second.

        Raises `NotFound`, and `BeyondYourself` for models that the scope may not use itself.
        """
        row, models = await self._row(key_id, locked=True), _sorted(wanted.models)
        self._insist_on_models(models)
        row.models = models
        await self._repository.save(row)
        await self._repository.record(self._audit, self._scope, row, "models_set")
        log.info("key_models_set", key=str(row.id), models=models, by=self._scope.principal)
        return shown(row, self._clock.now())

    async def _row(self, key_id: UUID, *, locked: bool = False) -> KeyRow:
        row = await self._repository.get(key_id, locked=locked)
        if row is None:
            raise NotFound(f"There is no key {key_id}.", hint="`pilothouse keys list` shows those there are.")
        return row

    async def _hashed(self, text: KeyText) -> tuple[bytes, str]:
        pepper = (await self._secrets.versions("pepper"))[0]
        return text.mac(pepper), pepper.version

    def _insist(self, roles: list[str], permissions: list[str] | None) -> None:
        """Raise `BeyondYourself` where a key could do what the scope cannot: its holder gets the secret."""
        beyond = set() if ADMIN in self._scope.roles else set(roles) - self._scope.roles
        if beyond:
            raise BeyondYourself(f"You do not have the role {min(beyond)} yourself.", hint="Ask an admin.")
        own = self._scope.permissions
        if own is not None and (permissions is None or set(permissions) - own):
            raise BeyondYourself(
                "You are narrowed to certain permissions, and the key would have others.",
                hint=f"Give it some of {', '.join(sorted(own))}.",
            )

    def _insist_on_models(self, models: list[str] | None) -> None:
        """Raise `BeyondYourself` where a key could use models that the scope may not."""
        own = self._scope.models
        if own is not None and (models is None or set(models) - own):
            raise BeyondYourself(
                "You may use certain models only, and the key could use others.",
                hint=f"Give it some of {', '.join(sorted(own))}.",
            )


def state_of(row: KeyRow, now: dt.datetime) -> KeyState:
    """Whether a key is valid."""
    if row.revoked_at is not None:
        return KeyState.REVOKED
    return KeyState.EXPIRED if row.expires_at is not None and row.expires_at <= now else KeyState.ACTIVE


def shown(row: KeyRow, now: dt.datetime) -> Key:
    """A key as the API shows it."""
    state = state_of(row, now)
    overlapping = row.previous_until is not None and row.previous_until > now
    return Key(
        id=row.id,
        name=row.name,
        environment=row.environment,
        state=state,
        roles=row.roles,
        permissions=row.permissions,
        models=row.models,
        engagement_id=row.engagement_id,
        rate=row.rate,
        made_by=row.made_by,
        created_at=row.created_at,
        rotated_at=row.rotated_at,
        due=state is KeyState.ACTIVE and now - row.rotated_at >= ROTATE_AFTER,
        previous_until=row.previous_until if overlapping else None,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )


def _sorted(permissions: list[str] | None) -> list[str] | None:
    return None if permissions is None else sorted(set(permissions))
