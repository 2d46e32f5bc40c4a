"""Artifacts over HTTP: what they are, and their bytes, whole or in part."""

import base64
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from pilothouse.artifacts.names import SANDBOX, disposition, media_type
from pilothouse.artifacts.ranges import Span, requested
from pilothouse.artifacts.schemas import Artifact, ArtifactQuery
from pilothouse.artifacts.service import Artifacts
from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints

CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}},
    206: {
        "description": "The part that was asked for.",
        "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}},
    },
    304: {"description": "The content that the client has is the right one."},
    **documented(400, 404, 416),
}


class Wanted(BaseModel):
    """Which part of a content is wanted, and under which conditions."""

    range: str | None = Field(default=None, description="One range of bytes, as `bytes=0-99`.")
    if_range: str | None = Field(default=None, description="The ETag for which the range holds.")
    if_none_match: str | None = Field(default=None, description="The ETag that the client has already.")


def routes(provide: Callable[..., Awaitable[Artifacts]]) -> Endpoints:
    """The endpoints that describe artifacts; `provide` makes the service for a request."""
    router = Endpoints(prefix="/artifacts", tags=["artifacts"])

    @router.get("", responses=documented(400))
    async def list_artifacts(
        artifacts: Annotated[Artifacts, Depends(provide)], query: Annotated[ArtifactQuery, Query()]
    ) -> Page[Artifact]:
        """List artifacts, the newest first."""
        return await artifacts.page(query)

    @router.get("/{artifact_id}", responses=documented(400, 404))
    async def show_artifact(artifacts: Annotated[Artifacts, Depends(provide)], artifact_id: UUID) -> Artifact:
        """Show an artifact without its bytes."""
        return await artifacts.show(artifact_id)

    return router


def content(provide: Callable[..., Awaitable[Artifacts]]) -> Endpoints:
    """The endpoint of an artifact's bytes; `provide` makes the service for a request."""
    router = Endpoints(prefix="/artifacts", tags=["artifacts"])

    @router.head("/{artifact_id}/content", response_class=Response, responses=CONTENT)
    @router.get("/{artifact_id}/content", response_class=Response, responses=CONTENT)
    async def read_content(
        artifacts: Annotated[Artifacts, Depends(provide)],
        artifact_id: UUID,
        request: Request,
        wanted: Annotated[Wanted, Header()],
        download: Annotated[bool, Query(description="Have a browser save the content.")] = False,
    ) -> Response:
        """Read an artifact's bytes, whole or one range of them.

        `ETag` and `Repr-Digest` (RFC 9530) tell what the whole content is, also with a part of it.
        """
        artifact = await artifacts.show(artifact_id)
        headers = _headers(artifact, download=download)
        if wanted.if_none_match and _names(wanted.if_none_match, headers["etag"]):
            return Response(status_code=304, headers=headers)
        if request.method == "HEAD":
            return Response(headers=headers | {"content-length": str(artifact.size)})
        whole = wanted.if_range is not None and wanted.if_range.strip() != headers["etag"]
        part = None if whole else requested(wanted.range, artifact.size)
        span = part or Span(0, artifact.size)
        headers["content-length"] = str(span.end - span.start)
        if part:
            headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{artifact.size}"
        pieces = await artifacts.content(artifact, *span)
        return StreamingResponse(pieces, status_code=206 if part else 200, headers=headers)

    return router


def _headers(artifact: Artifact, *, download: bool) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(artifact.sha256)).decode()
    return {
        "content-type": media_type(artifact.media_type),
        "content-disposition": disposition(artifact.name, artifact.media_type, download=download),
        "content-security-policy": SANDBOX,
        "accept-ranges": "bytes",
        "etag": f'"{artifact.sha256}"',
        "repr-digest": f"sha-256=:{digest}:",
        "cache-control": "private, no-cache",
    }


def _names(condition: str, etag: str) -> bool:
    """Whether an `If-None-Match` header names the content (by weak comparison, RFC 9110, 13.1.2)."""
    named = {item.strip().removeprefix("W/") for item in condition.split(",")}
    return condition.strip() == "*" or etag in named
