"""The prompts of all tenants as one process knows them: what is chosen of each, and for whom.

Labels are read as a whole for a tenant and kept while they are used; versions never change and are kept once
they were read. A change is heard of by notification and holds everywhere within a second: see `kit.knowing`.
While the database is away, what was read last goes on to hold.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Self

import structlog

from pilothouse.errors import PilothouseError, Unavailable
from pilothouse.kit.clock import elapsed
from pilothouse.kit.knowing import MOST, Known
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.prompts import contents
from pilothouse.prompts.errors import PromptMissing, meant
from pilothouse.prompts.rendering import render
from pilothouse.prompts.repository import PromptRepository
from pilothouse.prompts.schemas import (
    FILE,
    PRODUCTION,
    Assigner,
    Chosen,
    PromptVersion,
    Rendered,
    Subjects,
)
from pilothouse.prompts.shipped import ShippedPrompts
from pilothouse.prompts.variables import Kind, Variable
from pilothouse.runtime.listener import PROMPTS, Listener

__all__ = ["Kind", "PromptMissing", "Prompts", "Rendered", "Variable", "render"]

log = structlog.get_logger(__name__)

MOST_VERSIONS = 1_024
"""Versions that are kept in memory, of all tenants together."""
DIGEST = 64
"""Hexadecimal digits of a digest, by which a version can be named in place of its number."""

PRINCIPAL = "prompts"


Pointers = Mapping[tuple[str, str], str]
"""Where the labels of a tenant point, by prompt and label."""


class Prompts:
    """Chooses versions of prompts. Use it within one event loop.

    `assigner` assigns those who take part in an experiment; without one the label `production` counts.
    """

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        shipped: ShippedPrompts | None = None,
        *,
        assigner: Assigner | None = None,
        now: Callable[[], float] = elapsed,
        most: int = MOST,
    ) -> None:
        """Read through `database` and open with `sealer`; `now` counts seconds. Nothing is read yet."""
        self.assigner = assigner
        self.shipped = shipped or ShippedPrompts()
        self._database = database
        self._sealer = sealer
        self.known = Known(self._look, now, most=most)
        self._versions: OrderedDict[tuple[str, str, str], PromptVersion] = OrderedDict()

    def following(self, listener: Listener) -> Self:
        """Hear of every change."""
        listener.on(PROMPTS, self.changed)
        return self

    async def chosen(self, tenant_id: str, name: str, subjects: Subjects) -> Chosen:
        """The version that these subjects get: that of their experiment's arm, else the one in production.

        An experiment that cannot be asked, or whose version is gone, is passed over.

        Raises `PromptMissing`, and what the database raises where nothing was ever read.
        """
        if self.assigner is not None:
            try:
                assigned = await self.assigner.assign(tenant_id, name, subjects)
                if assigned is not None:
                    version = await self.version(tenant_id, name, assigned.version or PRODUCTION)
                    experiment, arm, _, model = assigned
                    return Chosen(version=version, experiment=experiment, arm=arm, model=model)
            except PilothouseError as error:
                log.warning("experiment_passed_over", prompt=name, tenant_id=tenant_id, reason=str(error))
        return Chosen(version=await self.version(tenant_id, name))

    async def version(self, tenant_id: str, name: str, ref: str = PRODUCTION) -> PromptVersion:
        """The version that a number, a digest, a label or `file` names. Raises as `chosen`."""
        pointer = ref
        if not ref.isdecimal() and ref != FILE and len(ref) != DIGEST:
            labels = await self._pointers(tenant_id)
            pointer = labels.get((name, ref)) or (FILE if ref == PRODUCTION else "")
        shipped = (await self._shipped()).get(name)
        if shipped is not None and pointer in {FILE, shipped.digest}:
            return shipped
        if pointer in {"", FILE}:
            raise _missing(name, ref, list(self.shipped.versions))
        return await self._kept(tenant_id, name, pointer)

    def changed(self, tenant_id: str | None) -> None:
        """Hear that labels of a tenant were moved; None: that some moves may have been missed."""
        self.known.changed(tenant_id)

    async def _shipped(self) -> Mapping[str, PromptVersion]:
        if "versions" not in self.shipped.__dict__:
            await asyncio.to_thread(lambda: self.shipped.versions)
        return self.shipped.versions

    async def _pointers(self, tenant_id: str) -> Pointers:
        try:
            return await self.known.of(tenant_id)
        except Unavailable as error:
            found = self.known.last(tenant_id)
            if found is None:
                raise
            log.warning("prompts_as_last_read", tenant_id=tenant_id, reason=str(error))
            return found

    async def _look(self, tenant_id: str, _before: Pointers | None) -> Pointers:
        scope = Scope(tenant_id, PRINCIPAL)
        async with self._database.session(scope) as session:
            return await PromptRepository(session, scope).pointers()

    async def _kept(self, tenant_id: str, name: str, pointer: str) -> PromptVersion:
        """A version of the tenant's, by number or digest: read once."""
        key = (tenant_id, name, pointer)
        found = self._versions.get(key)
        if found is None:
            scope = Scope(tenant_id, PRINCIPAL)
            async with self._database.session(scope) as session:
                rows = PromptRepository(session, scope)
                of_digest = len(pointer) == DIGEST
                row = await (rows.by_digest(name, pointer) if of_digest else rows.get(name, int(pointer)))
            if row is None:
                raise _missing(name, pointer, list(self.shipped.versions))
            found = await contents.version_of(self._sealer, row)
            self._versions[key] = found
            while len(self._versions) > MOST_VERSIONS:
                self._versions.popitem(last=False)
        self._versions.move_to_end(key)
        return found


def _missing(name: str, ref: str, shipped: list[str]) -> PromptMissing:
    if ref == PRODUCTION:
        hint = (
            f"{meant(name, shipped)} `pilothouse prompts label {name} production VERSION` says which is used."
        )
        return PromptMissing(f"No version of the prompt {name} is in production.", hint=hint)
    hint = f"`pilothouse prompts versions {name}` shows what there is."
    return PromptMissing(f"The prompt {name} has no version {ref[:80]}.", hint=hint)
