"""The rules of feedback: one of each principal on each thing, the later in place of the earlier."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

import orjson
import structlog

from pilothouse.errors import NotFound
from pilothouse.feedback.repository import FeedbackRepository
from pilothouse.feedback.schemas import (
    Feedback,
    FeedbackQuery,
    NewFeedback,
    Origin,
    VersionsFeedback,
    VersionsQuery,
)
from pilothouse.feedback.tables import FeedbackRow, place_of
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.pagination import Page
from pilothouse.kit.scope import Scope
from pilothouse.kit.sealing import Erased, Sealer
from pilothouse.runtime.guarding import Guard, Inlet, Passage, Passed

__all__ = ["FeedbackBook", "FeedbackParts", "OriginOf"]

log = structlog.get_logger(__name__)

OriginOf = Callable[[str, UUID, str], Awaitable[Origin | None]]
"""What has produced a step of a run (the run as a whole where the step is empty), by tenant, run and step."""


@dataclass(frozen=True)
class FeedbackParts:
    """What the rules of feedback work with in a process.

    Comments pass the `guard` as answers do, which masks secrets without a way back, and are sealed. What has
    produced a step is told by `origin_of`, where somebody knows.
    """

    guard: Guard
    sealer: Sealer
    clock: Clock
    ids: Ids
    origin_of: OriginOf | None = None


class FeedbackBook:
    """The feedback of a tenant. What was said before about the same thing is not kept."""

    def __init__(self, repository: FeedbackRepository, scope: Scope, parts: FeedbackParts) -> None:
        """Read and write through `repository` on behalf of `scope`."""
        self._repository = repository
        self._scope = scope
        self._parts = parts

    async def give(self, wanted: NewFeedback) -> Feedback:
        """Rate something, and say something of it.

        Raises `NotFound` where there is no such run, step or experiment, and `Blocked` for a comment that the
        guards do not let pass.
        """
        origin = await self._origin(wanted)
        epoch = await self._epoch(origin)
        now, principal = self._parts.clock.now(), self._scope.principal
        row = await self._repository.given(wanted, principal)
        if row is None:
            row = FeedbackRow(
                id=self._parts.ids.new(),
                run_id=wanted.run_id,
                step=wanted.step,
                message=wanted.message,
                principal=principal,
                made_at=now,
            )
        passed = await self._passed(row.id, wanted.comment)
        row.rating, row.changed_at = wanted.rating, now
        row.prompt, row.version, row.experiment_id, row.arm = origin
        row.epoch = epoch
        row.comment = None
        if passed is not None:
            row.comment = await self._parts.sealer.seal(place_of(self._scope.tenant_id, row.id), passed.data)
        await self._repository.save(row, () if passed is None else passed.told)
        log.info("feedback_given", feedback=str(row.id), rating=row.rating, by=principal)
        return await self._shown(row)

    async def page(self, query: FeedbackQuery) -> Page[Feedback]:
        """The wanted feedback, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[await self._shown(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def versions(self, query: VersionsQuery) -> VersionsFeedback:
        """How each version of prompts was rated."""
        return VersionsFeedback(items=await self._repository.versions(query.prompt))

    async def _origin(self, wanted: NewFeedback) -> Origin:
        """What has produced what is rated: as it is known, else as it is said. Raises `NotFound`."""
        said = Origin(wanted.prompt, wanted.version, wanted.experiment_id, wanted.arm)
        if wanted.run_id is None:
            return said
        known = await self._repository.known(wanted.run_id, wanted.step)
        if not known.run:
            raise NotFound(f"There is no run {wanted.run_id}.", hint="`pilothouse runs` lists them.")
        if not known.step:
            raise NotFound(
                f"The run {wanted.run_id} has no step {wanted.step[:80]!r}.",
                hint="`pilothouse show` lists its steps.",
            )
        if self._parts.origin_of is None:
            return said
        return await self._parts.origin_of(self._scope.tenant_id, wanted.run_id, wanted.step) or said

    async def _epoch(self, origin: Origin) -> int | None:
        """The epoch of the experiment in which a rating counts. Raises `NotFound`."""
        if origin.experiment_id is None or origin.arm is None:
            return None
        epoch = await self._repository.epoch(origin.experiment_id, origin.arm)
        if epoch is None:
            raise NotFound(
                f"There is no experiment {origin.experiment_id} with an arm {origin.arm}.",
                hint="`pilothouse experiments list` shows what there is.",
            )
        return epoch

    async def _passed(self, feedback_id: UUID, comment: str | None) -> Passed | None:
        """A comment as it may be kept; None where nothing is said. Raises `Blocked`."""
        if not comment:
            return None
        tenant_id, by, now = self._scope.tenant_id, self._scope.principal, self._parts.clock.now()
        passage = Passage(Inlet.ANSWER, tenant_id, feedback_id, now, by=by, of_run=False)
        return await self._parts.guard.check(passage, orjson.dumps(comment))

    async def _shown(self, row: FeedbackRow) -> Feedback:
        comment: str | None = None
        if row.comment is not None:
            try:
                opened = await self._parts.sealer.open(place_of(row.tenant_id, row.id), row.comment)
                comment = orjson.loads(opened)
            except Erased:
                comment = None  # its key was destroyed, and that is what was wanted
        return Feedback(
            id=row.id,
            run_id=row.run_id,
            step=row.step,
            message=row.message,
            principal=row.principal,
            rating=row.rating,
            comment=comment,
            prompt=row.prompt,
            version=row.version,
            experiment_id=row.experiment_id,
            arm=row.arm,
            made_at=row.made_at,
            changed_at=row.changed_at,
        )
