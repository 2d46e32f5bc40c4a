"""The rules of artifacts: what a run has made can be listed, and its bytes read whole or in part."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

from pilothouse.artifacts import repository
from pilothouse.artifacts.repository import ArtifactRepository
from pilothouse.artifacts.schemas import Artifact, ArtifactQuery
from pilothouse.artifacts.tables import ArtifactRow
from pilothouse.errors import NotFound, PilothouseError
from pilothouse.kit.pagination import Page
from pilothouse.kit.reading import Read
from pilothouse.kit.scope import Scope
from pilothouse.kit.verified import verified
from pilothouse.runtime import sealed_contents
from pilothouse.runtime.payloads import Payloads
from pilothouse.runtime.ports import ArtifactStore
from pilothouse.runtime.sealed_contents import Stored


class ArtifactDamaged(PilothouseError):
    """The stored bytes of an artifact are not those that were saved."""

    code = "artifact_damaged"


class Artifacts:
    """The artifacts that a scope may see."""

    def __init__(
        self, repository: ArtifactRepository, store: ArtifactStore, payloads: Payloads, scope: Scope
    ) -> None:
        """Read rows through `repository` and bytes from `store`; `payloads` open those that are sealed."""
        self._repository = repository
        self._store = store
        self._payloads = payloads
        self._scope = scope

    async def page(self, query: ArtifactQuery) -> Page[Artifact]:
        """The wanted artifacts, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[_shown(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, artifact_id: UUID) -> Artifact:
        """An artifact without its bytes. Raises `NotFound`."""
        return _shown(await self._row(artifact_id))

    async def _row(self, artifact_id: UUID) -> ArtifactRow:
        row = await self._repository.get(artifact_id)
        if row is None:
            raise NotFound(f"There is no artifact {artifact_id}.")
        return row

    async def content(self, artifact: Artifact, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces; the first is read before this returns.

        Raises `NotFound` where they are gone and `PayloadErased` where the key that they are sealed with is
        destroyed. Where all are read their digest is checked before the last piece is given, and
        `ArtifactDamaged` is raised where it is another.
        """
        row = await self._row(artifact.id)
        stored = Stored(row.sha256, artifact.sha256, row.content_key)
        place = sealed_contents.place_of(self._scope.tenant_id, artifact.id)
        content = await sealed_contents.read(
            self._store, self._payloads.sealing, place, stored, artifact.size
        )
        pieces = content.part(start, end)
        if (start, end) == (0, artifact.size):
            pieces = verified(pieces, artifact.sha256, _damage(artifact))
        first = await anext(pieces, b"")

        async def following() -> AsyncIterator[bytes]:
            yield first
            async for piece in pieces:
                yield piece

        return following()


def of_run(scope: Scope, run_id: UUID) -> Read[list[Artifact]]:
    """The artifacts of a run, in the order in which they were saved; also those that a fork shares."""
    return repository.of_run(scope, run_id, _shown)


def _shown(row: ArtifactRow) -> Artifact:
    shown = Artifact.model_validate(row)
    return shown.model_copy(update={"sha256": row.content_sha256}) if row.content_sha256 else shown


def _damage(artifact: Artifact) -> ArtifactDamaged:
    return ArtifactDamaged(
        f"The stored bytes of artifact {artifact.id} ({artifact.name}) are not those that were saved.",
        hint="Restore them from a backup, or retry the run.",
    )
