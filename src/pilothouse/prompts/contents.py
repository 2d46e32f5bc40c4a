"""The texts of prompts as they are stored: sealed, as their examples may be what customers wrote."""

from __future__ import annotations

import hashlib
from uuid import UUID

from pilothouse.kit.canonical import from_json, to_json
from pilothouse.kit.sealing import Place, Sealer
from pilothouse.prompts.files import Source, read
from pilothouse.prompts.schemas import PromptVersion
from pilothouse.prompts.tables import SEALED, VersionRow


def source_digest(source: Source) -> str:
    """The SHA-256, in hexadecimal, of a text with its tests."""
    return hashlib.sha256(_written(source)).hexdigest()


async def sealed(sealer: Sealer, tenant_id: str, row: UUID, source: Source) -> bytes:
    """What is stored of a text in the row with this id. Raises `Erased`."""
    return await sealer.seal(_place(tenant_id, row), _written(source))


async def opened(sealer: Sealer, row: VersionRow) -> Source:
    """The text of a version. Raises `Unreadable`, and `Erased` where the tenant's keys were destroyed."""
    found = from_json(await sealer.open(_place(row.tenant_id, row.id), row.content))
    return Source(found["text"], found["tests"])


async def version_of(sealer: Sealer, row: VersionRow) -> PromptVersion:
    """The version that a row holds. Raises as `opened`."""
    return read(row.name, await opened(sealer, row), row.number)


def _written(source: Source) -> bytes:
    return to_json({"text": source.text, "tests": source.tests})


def _place(tenant_id: str, row: UUID) -> Place:
    return Place(tenant_id, SEALED.table, str(row), SEALED.column)
