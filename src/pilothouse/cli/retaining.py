"""What `pilothouse retention` works on: the rules of this machine's database, or those of a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from pilothouse.cli.opening import Here, Options, on_this_machine, remote
from pilothouse.cli.remote import RemoteClient
from pilothouse.kit.clock import SystemClock
from pilothouse.retention.schemas import Estimate, Estimates, Rule, RuleEdit, Rules

if TYPE_CHECKING:
    from pilothouse.retention.service import Retention

LOOK_EVERY = 0.5
PATIENCE = 90.0
"""Seconds between two looks at what a server's workers have removed, and without any news."""


class Retaining(Protocol):
    """What the commands ask for, whether it is this machine's or a server's."""

    async def rules(self) -> Sequence[Rule]:
        """All rules."""
        ...

    async def put(self, workflow: str, edit: RuleEdit) -> Rule:
        """Make or change a rule."""
        ...

    async def remove(self, workflow: str) -> None:
        """Remove a rule."""
        ...

    async def estimates(self) -> Sequence[Estimate]:
        """What applying the rules now would remove."""
        ...

    def apply(self) -> AsyncIterator[int]:
        """Apply the rules now; how many runs were removed since the last time."""
        ...


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[Retaining]:
    """The rules on the server named by `--server`, or in this machine's own database."""
    if options.server is not None:
        async with remote(options, options.server) as client:
            yield _Remote(client)
        return
    async with on_this_machine(options) as here:
        yield _Local(here)


class _Local:
    """On this machine's database, or the configured one."""

    def __init__(self, here: Here) -> None:
        self._here = here
        self._scope = here.scope
        self._clock = SystemClock()

    @asynccontextmanager
    async def _service(self) -> AsyncIterator[Retention]:
        from pilothouse.retention.repository import RuleRepository
        from pilothouse.retention.service import Retention

        async with self._here.database.session(self._scope) as session:
            yield Retention(RuleRepository(session, self._scope), self._scope, self._clock)

    async def rules(self) -> Sequence[Rule]:
        async with self._service() as retention:
            return list((await retention.rules()).items)

    async def put(self, workflow: str, edit: RuleEdit) -> Rule:
        async with self._service() as retention:
            return await retention.put(workflow, edit)

    async def remove(self, workflow: str) -> None:
        async with self._service() as retention:
            await retention.remove(workflow)

    async def estimates(self) -> Sequence[Estimate]:
        async with self._service() as retention:
            return list((await retention.estimates()).items)

    async def apply(self) -> AsyncIterator[int]:
        from pilothouse.retention.removing import Remover

        async with self._service() as retention:
            await retention.begin()
        remover = Remover(self._here.database, self._here.parts.direct, self._here.parts.artifacts)
        async for removed in remover.everything(self._clock.now(), self._scope.tenant_id):
            yield removed.runs


class _Remote:
    """On a server, over its API."""

    def __init__(self, client: RemoteClient) -> None:
        self._client = client

    async def rules(self) -> Sequence[Rule]:
        return (await self._client.told(Rules, "GET", "/retention")).items

    async def put(self, workflow: str, edit: RuleEdit) -> Rule:
        body = edit.model_dump(mode="json")
        return Rule.model_validate(
            await self._client.ask("PUT", f"/retention/{_quoted(workflow)}", json=body)
        )

    async def remove(self, workflow: str) -> None:
        await self._client.ask("DELETE", f"/retention/{_quoted(workflow)}")

    async def estimates(self) -> Sequence[Estimate]:
        return (await self._client.told(Estimates, "GET", "/retention/estimate")).items

    async def apply(self) -> AsyncIterator[int]:
        rules = (await self._client.told(Rules, "POST", "/retention/apply")).items
        began = min((rule.next_at for rule in rules), default=None)
        removed, unchanged = sum(rule.runs for rule in rules), 0
        while began is not None and unchanged * LOOK_EVERY < PATIENCE:
            await asyncio.sleep(LOOK_EVERY)
            rules = list(await self.rules())
            now = sum(rule.runs for rule in rules)
            unchanged = unchanged + 1 if now == removed else 0
            yield now - removed
            removed = now
            if all(rule.last_at is not None and rule.last_at >= began for rule in rules):
                return


def _quoted(workflow: str) -> str:
    return quote(workflow, safe="*")
