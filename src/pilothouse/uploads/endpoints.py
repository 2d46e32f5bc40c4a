"""Uploads over HTTP."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from pilothouse.kit.pagination import Page
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.uploads.names import attachment
from pilothouse.uploads.receiving import FIELD, FORM, Form, is_form, media_type
from pilothouse.uploads.schemas import Upload, UploadQuery
from pilothouse.uploads.service import Receiving, Uploads

SANDBOX = "sandbox; default-src 'none'; frame-ancestors 'none'"
"""A content security policy under which a content runs no script, loads nothing and has no origin."""

BINARY = {"type": "string", "format": "binary"}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {"schema": {"type": "object", "required": [FIELD], "properties": {FIELD: BINARY}}},
            "application/octet-stream": {"schema": BINARY},
        },
    }
}
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"*/*": {"schema": BINARY}}},
    304: {"description": "The content that the client has is the right one."},
    **documented(400, 404),
}
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


def receiving(provide: Callable[..., Awaitable[Receiving]]) -> Endpoints:
    """The endpoint that takes files in; `provide` makes the service for a request."""
    router = Endpoints(prefix="/uploads", tags=["uploads"])

    @router.post("", status_code=201, openapi_extra=BODY, responses=documented(400, 409, 413, 415, 429, 503))
    async def create_upload(
        uploads: Annotated[Receiving, Depends(provide)],
        request: Request,
        response: Response,
        name: Annotated[
            str, Query(max_length=1_000, description="The file's name, where it is no form.")
        ] = "",
    ) -> Upload:
        """Upload a file: as the field `file` of a form, or as the body itself, of any media type.

        It is looked at before it is kept: a content of another type than was said, and archives that would
        harm whoever unpacks them, are refused.
        """
        content_type = request.headers.get("content-type", "")
        length = request.headers.get("content-length", "")
        announced = int(length) if length.isascii() and length.isdecimal() and len(length) < 19 else None
        if is_form(request.headers):
            form = Form(content_type)
            pieces = form.file(request.stream())
            upload = await uploads.receive(pieces, lambda: (name or form.name, form.declared), announced)
        else:
            said = (name, media_type(content_type))
            upload = await uploads.receive(request.stream(), lambda: said, announced)
        response.headers["location"] = f"{request.url.path}/{upload.id}"
        return upload

    return router


def routes(provide: Callable[..., Awaitable[Uploads]]) -> Endpoints:
    """The endpoints that describe and delete uploads; `provide` makes the service for a request."""
    router = Endpoints(prefix="/uploads", tags=["uploads"])

    @router.get("", responses=documented(400))
    async def list_uploads(
        uploads: Annotated[Uploads, Depends(provide)], query: Annotated[UploadQuery, Query()]
    ) -> Page[Upload]:
        """List uploads, the newest first."""
        return await uploads.page(query)

    @router.get("/{upload_id}", responses=documented(400, 404))
    async def show_upload(uploads: Annotated[Uploads, Depends(provide)], upload_id: UUID) -> Upload:
        """Show an upload without its bytes."""
        return await uploads.show(upload_id)

    @router.delete("/{upload_id}", status_code=204, responses=documented(400, 404, 409))
    async def delete_upload(uploads: Annotated[Uploads, Depends(provide)], upload_id: UUID) -> None:
        """Delete an upload. While a run that has not ended uses it, that is a conflict."""
        await uploads.remove(upload_id)

    return router


def content(provide: Callable[..., Awaitable[Uploads]]) -> Endpoints:
    """The endpoint of an upload's bytes; `provide` makes the service for a request."""
    router = Endpoints(prefix="/uploads", tags=["uploads"])

    @router.get("/{upload_id}/content", response_class=Response, responses=CONTENT)
    async def read_upload(
        uploads: Annotated[Uploads, Depends(provide)], upload_id: UUID, request: Request
    ) -> Response:
        """Read an upload's bytes. A browser saves them, and never shows them."""
        upload = await uploads.show(upload_id)
        headers = {
            "content-type": upload.media_type
            if _TYPE.fullmatch(upload.media_type)
            else "application/octet-stream",
            "content-disposition": attachment(upload.name),
            "content-security-policy": SANDBOX,
            "x-content-type-options": "nosniff",
            "etag": f'"{upload.sha256}"',
            "cache-control": "private, no-cache",
        }
        known = {
            item.strip().removeprefix("W/") for item in request.headers.get("if-none-match", "").split(",")
        }
        if headers["etag"] in known:
            return Response(status_code=304, headers=headers)
        pieces = await uploads.content(upload)
        return StreamingResponse(pieces, headers=headers | {"content-length": str(upload.size)})

    return router
