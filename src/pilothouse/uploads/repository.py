"""Queries on uploads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, text

from pilothouse.kit.repository import Repository, Rows
from pilothouse.runtime.beside import alone
from pilothouse.runtime.ports import Statement
from pilothouse.uploads.schemas import UploadQuery
from pilothouse.uploads.tables import UploadRow

_USED = """
select exists (
  select from upload_uses as used join runs on runs.id = used.run_id
   where used.upload_id = :upload_id and used.tenant_id = :tenant_id
     and runs.status not in ('completed', 'failed', 'cancelled'))
"""
_FORGOTTEN = "delete from upload_uses where upload_id = :upload_id and tenant_id = :tenant_id"
_RELEASED = """
insert into released_contents (tenant_id, sha256, released_at) values (:tenant_id, :sha256, now())
    on conflict (tenant_id, sha256) do update set released_at = excluded.released_at
"""
_OF_RUN = """
select uploads.id, uploads.name, uploads.media_type, uploads.size, uploads.flags,
       coalesce(uploads.content_sha256, uploads.sha256) as sha256
  from uploads join runs on runs.id = :run_id and runs.tenant_id = uploads.tenant_id
 where uploads.id = :upload_id and uploads.tenant_id = :tenant_id
   and (runs.engagement_id is null or runs.engagement_id = uploads.engagement_id)
   for share of uploads
"""
_USES = """
insert into upload_uses (upload_id, run_id, tenant_id) values (:upload_id, :run_id, :tenant_id)
    on conflict do nothing
"""
_TOTAL = "select bytes from upload_totals where tenant_id = :tenant_id for update"
_FIRST = "insert into upload_totals (tenant_id) values (:tenant_id) on conflict do nothing"
_SILENT = """
delete from upload_reservations
 where tenant_id = :tenant_id and seen_at < now() - make_interval(secs => :silence)
"""
_HELD = """
select count(*) filter (where principal = :principal), count(*), coalesce(sum(bytes), 0)::bigint
  from upload_reservations where tenant_id = :tenant_id
"""
_RESERVED = """
insert into upload_reservations (id, tenant_id, principal, bytes)
values (:id, :tenant_id, :principal, :bytes)
"""
_SEEN = "update upload_reservations set seen_at = now() where id = :id and tenant_id = :tenant_id"
_GIVEN_BACK = "delete from upload_reservations where id = :id and tenant_id = :tenant_id"


class UploadRepository(Repository):
    """The uploads of one tenant."""

    async def add(self, row: UploadRow) -> None:
        """Note an upload."""
        self._session.add(row)
        await self._session.flush()

    async def write(self, statements: Sequence[Statement]) -> None:
        """Write what others want written in the same transaction."""
        connection = await self._session.connection()
        for statement in statements:
            written, parameters = alone(statement)
            await connection.exec_driver_sql(written, tuple(parameters))

    async def get(self, upload_id: UUID, *, locked: bool = False) -> UploadRow | None:
        """An upload, or None where there is none or it is another tenant's."""
        statement = select(UploadRow).where(UploadRow.id == upload_id, UploadRow.tenant_id == self._tenant_id)
        if locked:
            statement = statement.with_for_update()
        return (await self._session.scalars(statement)).one_or_none()

    async def page(self, query: UploadQuery) -> Rows[UploadRow]:
        """The wanted uploads, the newest first."""
        statement = select(UploadRow).where(UploadRow.tenant_id == self._tenant_id)
        if query.sha256 is not None:
            sent = func.coalesce(UploadRow.content_sha256, UploadRow.sha256)  # as the index has it
            statement = statement.where(sent == query.sha256)
        return await self._page(statement, UploadRow, query)

    async def is_used(self, upload_id: UUID) -> bool:
        """Whether a run that has not ended has opened an upload."""
        named = {"upload_id": upload_id, "tenant_id": self._tenant_id}
        return bool(await self._session.scalar(text(_USED), named))

    async def remove(self, row: UploadRow) -> None:
        """Forget an upload; its bytes follow after a while, unless something else names them."""
        named = {"upload_id": row.id, "tenant_id": self._tenant_id}
        await self._session.execute(text(_FORGOTTEN), named)
        await self._session.execute(
            delete(UploadRow).where(UploadRow.id == row.id, UploadRow.tenant_id == self._tenant_id)
        )
        await self._session.execute(text(_RELEASED), {"tenant_id": self._tenant_id, "sha256": row.sha256})

    async def open_for(self, run_id: UUID, upload_id: UUID) -> dict[str, object] | None:
        """What a run may know of an upload of its tenant and engagement; from now on the run uses it."""
        named = {"upload_id": upload_id, "run_id": run_id, "tenant_id": self._tenant_id}
        row = (await self._session.execute(text(_OF_RUN), named)).one_or_none()
        if row is None:
            return None
        await self._session.execute(text(_USES), named)
        return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public attribute, in spite of its name


class Held(NamedTuple):
    """The uploads under way: how many are the principal's, how many the tenant's, and their bytes."""

    of_principal: int
    of_tenant: int
    bytes: int


class RoomRepository(Repository):
    """The room that one tenant's uploads take: kept ones, and those under way."""

    async def locked_total(self) -> int:
        """The bytes that are kept. Who asks for room has it counted until the end of the transaction."""
        named = {"tenant_id": self._tenant_id}
        total = await self._session.scalar(text(_TOTAL), named)
        if total is None:
            await self._session.execute(text(_FIRST), named)
            total = await self._session.scalar(text(_TOTAL), named)
        return int(total or 0)

    async def forget_silent(self, silence: float) -> None:
        """Forget reservations of which nothing was heard for so many seconds."""
        await self._session.execute(text(_SILENT), {"tenant_id": self._tenant_id, "silence": silence})

    async def held(self, principal: str) -> Held:
        """What is under way."""
        named = {"tenant_id": self._tenant_id, "principal": principal}
        return Held(*(await self._session.execute(text(_HELD), named)).one())

    async def reserve(self, reservation: UUID, principal: str, size: int) -> None:
        """Note that an upload of at most `size` bytes is under way."""
        named = {"tenant_id": self._tenant_id, "principal": principal, "id": reservation, "bytes": size}
        await self._session.execute(text(_RESERVED), named)

    async def seen(self, reservation: UUID) -> None:
        """Note that it still is."""
        await self._session.execute(text(_SEEN), {"tenant_id": self._tenant_id, "id": reservation})

    async def give_back(self, reservation: UUID) -> bool:
        """Note that it is no more; whether it still counted."""
        named = {"tenant_id": self._tenant_id, "id": reservation}
        done = await self._session.execute(text(_GIVEN_BACK), named)
        return bool(done.rowcount)  # type: ignore[attr-defined]  # of a cursor's result
