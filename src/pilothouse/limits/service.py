"""The rules of limits: they hold from the next claim on, and nothing that executes is stopped for them."""

from __future__ import annotations

import structlog

from pilothouse.errors import NotFound
from pilothouse.limits.repository import LimitRepository
from pilothouse.limits.schemas import Limit, LimitKey, Limits, LimitScope
from pilothouse.limits.tables import LimitRow

log = structlog.get_logger(__name__)


class LimitBook:
    """The limits of an installation."""

    def __init__(self, repository: LimitRepository) -> None:
        """Read and write through `repository`."""
        self._repository = repository

    async def all(self) -> Limits:
        """Every limit, the widest first."""
        return Limits(items=[_shown(row) for row in await self._repository.all()])

    async def put(self, limit: Limit) -> Limit:
        """Make a limit, or change the one that is there; both take effect with the next claim."""
        await self._repository.put(
            *_key(limit), concurrency=limit.concurrency, rate=limit.rate, per_seconds=limit.per_seconds
        )
        log.info("limit_set", **limit.model_dump(mode="json"))
        return limit

    async def remove(self, key: LimitKey) -> Limit:
        """Remove a limit; returns what it was. Raises `NotFound` where there is none."""
        row = await self._repository.remove(*_key(key))
        if row is None:
            whose = f"tenant {key.tenant}" if key.tenant else key.scope.value.replace("_", " ")
            raise NotFound(
                f"There is no limit for {whose}, workflow {key.workflow}.",
                hint="`pilothouse limits list` shows what there is.",
            )
        log.info("limit_removed", **key.model_dump(mode="json", include={"scope", "tenant", "workflow"}))
        return _shown(row)


def _key(limit: LimitKey) -> tuple[str, str, str]:
    return limit.scope.value, limit.tenant or "", limit.workflow


def _shown(row: LimitRow) -> Limit:
    return Limit(
        scope=LimitScope(row.scope),
        tenant=row.tenant_id or None,
        workflow=row.workflow,
        concurrency=row.concurrency,
        rate=row.rate,
        per_seconds=row.per_seconds,
    )
