"""What health asks of the database."""

from __future__ import annotations

from sqlalchemy import column, exc, select, table
from sqlalchemy.ext.asyncio import AsyncSession

_VERSION = table("alembic_version", column("version_num"))


async def schema_revision(session: AsyncSession) -> str | None:
    """The revision that the database is at; None for an empty one, after which the session is of no use."""
    try:
        found = (await session.scalars(select(_VERSION.c.version_num))).first()
    except exc.ProgrammingError:
        return None
    return None if found is None else str(found)
