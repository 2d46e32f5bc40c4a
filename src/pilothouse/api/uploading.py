"""Files for runs."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Annotated

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.api.parts import Parts, Scoped
from pilothouse.app import data_folder
from pilothouse.kit.clock import SystemClock
from pilothouse.routing import Endpoints
from pilothouse.uploads import endpoints as upload_endpoints
from pilothouse.uploads.repository import UploadRepository
from pilothouse.uploads.room import bounds_of
from pilothouse.uploads.service import Receiving, Uploads


def uploaded_of(parts: Parts) -> Callable[..., Awaitable[Uploads]]:
    """What makes the service of uploads for a request."""
    session_of = parts.session_of
    store, vault = parts.pilothouse.artifacts, parts.pilothouse.vault

    async def uploads(scope: Scoped, session: Annotated[AsyncSession, session_of]) -> Uploads:
        return Uploads(UploadRepository(session, scope), store, vault, scope)

    return uploads


def uploading(parts: Parts) -> Iterator[Endpoints]:
    """Files for runs: taken in without a connection that waits for them, and told about."""
    settings, store, ids = parts.pilothouse.settings, parts.pilothouse.artifacts, parts.pilothouse.engine.ids
    folder, largest, bounds = (
        data_folder(settings) / "incoming",
        settings.upload_max_bytes,
        bounds_of(settings),
    )

    async def receiving(scope: Scoped) -> Receiving:
        return Receiving(
            parts.database,
            store,
            parts.pilothouse.vault,
            ids,
            SystemClock(),
            folder=folder,
            largest=largest,
            scope=scope,
            bounds=bounds,
            guard=parts.pilothouse.engine.guard,
        )

    yield upload_endpoints.receiving(receiving)
    yield upload_endpoints.routes(uploaded_of(parts))
