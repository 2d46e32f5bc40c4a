"""The rules of retention: who may keep what for how long, and what that would remove."""

from __future__ import annotations

import structlog

from pilothouse.errors import InvalidInput, NotFound
from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import Scope
from pilothouse.retention.repository import RuleRepository
from pilothouse.retention.schemas import EVERY_WORKFLOW, Estimates, Rule, RuleEdit, Rules

log = structlog.get_logger(__name__)

MAX_NAME = 255


class Retention:
    """The rules that a scope may see and change. Without any, everything is kept for ever."""

    def __init__(self, repository: RuleRepository, scope: Scope, clock: Clock) -> None:
        """Read and write through `repository`."""
        self._repository = repository
        self._scope = scope
        self._clock = clock

    async def rules(self) -> Rules:
        """All rules, by workflow."""
        return Rules(items=[Rule.model_validate(row) for row in await self._repository.all()])

    async def put(self, workflow: str, edit: RuleEdit) -> Rule:
        """Make or change the rule of a workflow (`*`: of those without one). It is applied within a minute.

        Raises `InvalidInput` for what cannot name a workflow.
        """
        if workflow != EVERY_WORKFLOW and not (workflow.isprintable() and 0 < len(workflow) <= MAX_NAME):
            raise InvalidInput(
                f"{workflow[:40]!r} names no workflow.", hint="Use its name, or * for all others."
            )
        now = self._clock.now()
        await self._repository.put(workflow, edit.days, edit.keep, self._scope.principal, now)
        log.info("retention_set", workflow=workflow, days=edit.days, keep=edit.keep.value)
        return next(rule for rule in (await self.rules()).items if rule.workflow == workflow)

    async def remove(self, workflow: str) -> None:
        """Remove a rule: from now on its runs are kept, or fall under the rule for all others."""
        if not await self._repository.remove(workflow):
            raise NotFound(f"There is no retention rule for {workflow[:80]!r}.")
        log.info("retention_unset", workflow=workflow)

    async def estimates(self) -> Estimates:
        """What applying the rules now would remove."""
        return Estimates(items=await self._repository.estimates(self._clock.now()))

    async def begin(self) -> Rules:
        """Have the workers apply every rule now."""
        await self._repository.begin(self._clock.now())
        return await self.rules()
