"""The rules of artifacts: what a run has made can be listed, and its bytes read whole or in part."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from uuid import UUID

from pilothouse.artifacts.repository import ArtifactRepository
from pilothouse.artifacts.schemas import Artifact, ArtifactQuery
from pilothouse.errors import NotFound, PilothouseError
from pilothouse.kit.pagination import Page
from pilothouse.kit.scope import Scope
from pilothouse.runtime.ports import ArtifactStore


class ArtifactDamaged(PilothouseError):
    """The stored bytes of an artifact are not those that were saved."""

    code = "artifact_damaged"


class Artifacts:
    """The artifacts that a scope may see."""

    def __init__(self, repository: ArtifactRepository, store: ArtifactStore, scope: Scope) -> None:
        """Read rows through `repository` and bytes from `store`."""
        self._repository = repository
        self._store = store
        self._scope = scope

    async def page(self, query: ArtifactQuery) -> Page[Artifact]:
        """The wanted artifacts, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[Artifact.model_validate(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, artifact_id: UUID) -> Artifact:
        """An artifact without its bytes. Raises `NotFound`."""
        row = await self._repository.get(artifact_id)
        if row is None:
            raise NotFound(f"There is no artifact {artifact_id}.")
        return Artifact.model_validate(row)

    async def of_run(self, run_id: UUID, *, forked: bool = True) -> list[Artifact]:
        """The artifacts of a run, in the order in which they were saved; also those that a fork shares."""
        rows = await self._repository.of_run(run_id, forked=forked)
        return [Artifact.model_validate(row) for row in rows]

    async def content(self, artifact: Artifact, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces; the first is read before this returns.

        Raises `NotFound` where they are gone. Where all are read their digest is checked before the last
        piece is given, and `ArtifactDamaged` is raised where it is another.
        """
        pieces = self._store.read(self._scope.tenant_id, artifact.sha256, start, end)
        if (start, end) == (0, artifact.size):
            pieces = _checked(pieces, artifact)
        first = await anext(pieces, b"")

        async def following() -> AsyncIterator[bytes]:
            yield first
            async for piece in pieces:
                yield piece

        return following()


async def _checked(pieces: AsyncIterator[bytes], artifact: Artifact) -> AsyncIterator[bytes]:
    """The same pieces, the last one only if all of them have the artifact's digest."""
    digest, held = hashlib.sha256(), b""
    async for piece in pieces:
        if held:
            yield held
        digest.update(piece)
        held = piece
    if digest.hexdigest() != artifact.sha256:
        raise ArtifactDamaged(
            f"The stored bytes of artifact {artifact.id} ({artifact.name}) are not those that were saved.",
            hint="Restore them from a backup, or retry the run.",
        )
    yield held
