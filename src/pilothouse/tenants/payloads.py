"""Reads payloads for an export: decoded, opened where they are sealed, fetched where they are large."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

from pilothouse.kit.sealing import Place
from pilothouse.runtime import sealed_contents, sealing
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Codec, PayloadUnreadable, decode
from pilothouse.runtime.ports import ArtifactStore
from pilothouse.runtime.sealed_contents import Stored
from pilothouse.tenants.repository import File


class EnginePayloads:
    """Implements `exporting.Payloads` with what the engine knows of its own tables."""

    def __init__(self, engine: Engine, store: ArtifactStore) -> None:
        """Large payloads are fetched through `engine`, files from `store`."""
        self._payloads = engine.store.payloads
        self._store = store

    async def content(self, tenant_id: str, file: File) -> AsyncIterator[bytes]:
        """The bytes of a file, in pieces, opened where they are stored sealed.

        Raises `NotFound`, `PayloadErased` and `PayloadUnreadable`.
        """
        if file.key is None or file.id is None:
            return self._store.read(tenant_id, file.sha256)
        stored = Stored(file.sha256, file.own or file.sha256, bytes(file.key))
        place = sealed_contents.place_of(tenant_id, file.id, file.table)
        content = await sealed_contents.read(self._store, self._payloads.sealing, place, stored, file.size)
        return content.part(0, file.size)

    async def read(self, tenant_id: str, table: str, row: Mapping[str, Any]) -> bytes:
        """The payload of a row, which has its `codec` as well. Raises `PayloadUnreadable`."""
        codec, stored = await self._payloads.whole(
            row["codec"], bytes(row["payload"]), _place(tenant_id, table, row)
        )
        if codec == Codec.REFERENCE:
            raise PayloadUnreadable("The content of a large payload is gone.")
        return decode(codec, stored)


def _place(tenant_id: str, table: str, row: Mapping[str, Any]) -> Place:
    """Where a row's payload was sealed for."""
    if table == "journal":
        return Place(tenant_id, "journal", str(row["run_id"]), f"{row['kind']} {row['key']}")
    if table == "questions":
        return sealing.of_question(tenant_id, row["run_id"], row["key"])
    return Place(tenant_id, table, str(row["id"]), "payload")
