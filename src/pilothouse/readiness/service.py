"""The rules of attestations: who states what a program cannot see, with which evidence, and until when."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import structlog

from pilothouse.errors import Forbidden, InvalidInput, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import HOME_TENANT, Scope
from pilothouse.readiness.errors import AlreadyWithdrawn
from pilothouse.readiness.repository import AttestationRepository
from pilothouse.readiness.schemas import MOST_DAYS, Attestation, AttestationEdit, Attestations, Topic

log = structlog.get_logger(__name__)


class Attesting:
    """The attestations of an installation; they are the home tenant's."""

    def __init__(self, repository: AttestationRepository, scope: Scope, clock: Clock, ids: Ids) -> None:
        """Read and write through `repository`. Raises `Forbidden` for whoever is of another tenant."""
        if scope.tenant_id != HOME_TENANT:
            raise Forbidden("Attestations are the installation's, and you are of another tenant.")
        self._repository = repository
        self._scope = scope
        self._clock = clock
        self._ids = ids

    async def all(self) -> Attestations:
        """Those that hold, those that have expired and those that were withdrawn, the newest first."""
        return Attestations(items=[Attestation.model_validate(row) for row in await self._repository.all()])

    async def state(self, edit: AttestationEdit) -> Attestation:
        """Record a statement, which replaces former ones of its topic; they are kept.

        Raises `InvalidInput` where it would not hold at all, or for more than three years.
        """
        now = self._clock.now()
        expires_at = edit.expires_at or now + dt.timedelta(days=edit.days or 0)
        if not now < expires_at <= now + dt.timedelta(days=MOST_DAYS):
            raise InvalidInput(
                f"An attestation expires after now, and within {MOST_DAYS:,} days.",
                hint="Look at the evidence again at least that often.",
            )
        row = await self._repository.add(self._ids.new(), edit, now, expires_at, self._scope)
        log.info("attested", topic=edit.topic.value, id=str(row.id))
        return Attestation.model_validate(row)

    async def withdraw(self, id_: UUID) -> Attestation:
        """Say that a statement does not hold any more. Raises `NotFound`, `AlreadyWithdrawn`."""
        row = await self._repository.one(id_)
        if row is None:
            raise NotFound(f"There is no attestation {id_}.")
        if row.withdrawn_at is not None:
            raise AlreadyWithdrawn(
                f"The attestation {id_} was withdrawn at {row.withdrawn_at:%Y-%m-%d %H:%M}."
            )
        row.withdrawn_at, row.withdrawn_by = self._clock.now(), self._scope.principal
        log.info("attestation_withdrawn", topic=row.topic, id=str(id_))
        return Attestation.model_validate(row)

    async def current(self) -> dict[Topic, Attestation]:
        """Of each topic the newest statement that was not withdrawn, expired or not."""
        found: dict[Topic, Attestation] = {}
        for item in (await self.all()).items:
            if item.withdrawn_at is None:
                found.setdefault(item.topic, item)
        return found
