"""The policies that hold for each tenant as one process knows them: parsed once, kept while they are used.

A change is heard of by notification and holds everywhere within a second: see `kit.knowing`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from pilothouse.kit.clock import elapsed
from pilothouse.kit.knowing import MOST, Known
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.policies.actions.bundles import read_content
from pilothouse.policies.actions.circumstances import Circumstances
from pilothouse.policies.actions.engine import ActionEngine
from pilothouse.policies.actions.shipped import Shipped
from pilothouse.policies.versions.repository import PolicyRepository, Standing

PRINCIPAL = "policies"


def version_name(number: int) -> str:
    """What names a tenant's version in decisions."""
    return f"tenant:{number}"


@dataclass(frozen=True)
class Hot:
    """What holds for a tenant: its engine, its shadow's, and what is around its actions."""

    standing: Standing
    engine: ActionEngine
    shadow: ActionEngine | None
    around: Circumstances


class LivePolicies:
    """Knows the policies of all tenants. Use it within one event loop."""

    def __init__(
        self,
        database: Database,
        shipped: Shipped,
        *,
        environment: str = "production",
        now: Callable[[], float] = elapsed,
        most: int = MOST,
    ) -> None:
        """`now` counts seconds; nothing is looked up before a tenant is asked about."""
        self._database = database
        self._shipped = shipped
        self._environment = environment
        self.known = Known(self._look, now, most=most)

    async def of(self, tenant_id: str) -> Hot:
        """What holds for a tenant; raises what the database raises where it has to be asked."""
        return await self.known.of(tenant_id)

    def changed(self, tenant_id: str | None) -> None:
        """Hear that a tenant's policies were changed; None: that some changes may have been missed."""
        self.known.changed(tenant_id)

    async def _look(self, tenant_id: str, before: Hot | None) -> Hot:
        async with self._database.session(Scope(tenant_id, PRINCIPAL)) as session:
            policies = PolicyRepository(session, Scope(tenant_id, PRINCIPAL))
            standing = await policies.standing()
            engine, shadow = await self._engines(policies, standing, before)
        return Hot(standing, engine, shadow, Circumstances.of(self._environment, standing.attributes))

    async def _engines(
        self, policies: PolicyRepository, standing: Standing, before: Hot | None
    ) -> tuple[ActionEngine, ActionEngine | None]:
        """The engines that were there where nothing has changed, else those of the versions that hold now."""
        if before is not None and before.standing.revision == standing.revision:
            return before.engine, before.shadow
        engine = await self._engine(policies, standing.active)
        shadow = None if standing.shadow is None else await self._engine(policies, standing.shadow)
        return engine, shadow

    async def _engine(self, policies: PolicyRepository, number: int | None) -> ActionEngine:
        if number is None:
            return self._shipped.engine()
        row = await policies.get(number)
        if row is None:  # the states name what is there: versions are never removed alone
            raise LookupError(f"Version {number} of the policies is gone.")
        rules = read_content(row.content).rules()
        return await asyncio.to_thread(self._shipped.engine, rules, version_name(number))
