"""The audit log over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import StreamingResponse

from pilothouse.audit.exporting import Exporting
from pilothouse.audit.keeping import AuditKeeping
from pilothouse.audit.schemas import (
    ConsistencyProof,
    ConsistencyQuery,
    Entry,
    EntryQuery,
    EntrySummary,
    ExportQuery,
    Format,
    Head,
    Hold,
    InclusionProof,
    Keeping,
    KeepingEdit,
    NewHold,
    ProofQuery,
    PublicKey,
)
from pilothouse.audit.service import AuditBook
from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints

MEDIA_TYPES = {Format.JSONL: "application/jsonl", Format.CSV: "text/csv"}


def reading(provide: Callable[..., Awaitable[AuditBook]]) -> Endpoints:
    """The endpoints that read and prove; `provide` makes the service for a request."""
    router = Endpoints(prefix="/audit", tags=["audit"])
    Provided = Annotated[AuditBook, Depends(provide)]  # noqa: N806 - a type

    @router.get("/entries", responses=documented(400))
    async def list_audit_entries(book: Provided, query: Annotated[EntryQuery, Query()]) -> Page[EntrySummary]:
        """List entries of the audit log, the newest first."""
        return await book.page(query)

    @router.get("/entries/{entry_id}", responses=documented(400, 404))
    async def show_audit_entry(book: Provided, entry_id: UUID) -> Entry:
        """Show an entry with the bytes that are hashed."""
        return await book.show(entry_id)

    @router.get("/entries/{entry_id}/proof", responses=documented(400, 404, 409))
    async def prove_audit_entry(
        book: Provided, entry_id: UUID, query: Annotated[ProofQuery, Query()]
    ) -> InclusionProof:
        """Prove that the log has an entry, by hashes up to the root of a signed tree."""
        return await book.proof(entry_id, query.size)

    @router.get("/heads", responses=documented(400))
    async def list_audit_heads(book: Provided, query: Annotated[PageQuery, Query()]) -> Page[Head]:
        """List signed tree heads, the newest first."""
        return await book.heads(query)

    @router.post("/heads", responses=documented(404, 503))
    async def sign_audit_head(book: Provided) -> Head:
        """Give all entries their places now, and return the head that has them."""
        return await book.sign()

    @router.get("/consistency", responses=documented(400))
    async def prove_audit_consistency(
        book: Provided, query: Annotated[ConsistencyQuery, Query()]
    ) -> ConsistencyProof:
        """Prove that a tree goes on from an earlier one: that nothing was altered or removed."""
        return await book.consistency(query.first, query.second)

    @router.get("/key", responses=documented(503))
    async def show_audit_key(book: Provided) -> PublicKey:
        """Show the public key with which heads are signed."""
        return await book.key()

    return router


def keeping(provide: Callable[..., Awaitable[AuditKeeping]]) -> Endpoints:
    """The endpoints about how long entries are kept."""
    router = Endpoints(prefix="/audit", tags=["audit"])
    Provided = Annotated[AuditKeeping, Depends(provide)]  # noqa: N806 - a type

    @router.get("/retention")
    async def show_audit_retention(kept: Provided) -> Keeping:
        """Show how long entries are kept, and the legal holds."""
        return await kept.show()

    @router.put("/retention", responses=documented(400))
    async def put_audit_retention(kept: Provided, edit: KeepingEdit) -> Keeping:
        """Say how long entries are kept. Only what was exported leaves, and only while there is no hold."""
        return await kept.put(edit)

    @router.post("/holds", status_code=201, responses=documented(400))
    async def make_audit_hold(kept: Provided, wanted: NewHold) -> Hold:
        """Make a legal hold: no entry leaves until it is released."""
        return await kept.hold(wanted)

    @router.post("/holds/{hold_id}/release", responses=documented(400, 404))
    async def release_audit_hold(kept: Provided, hold_id: UUID) -> Hold:
        """Release a legal hold. Doing so again changes nothing."""
        return await kept.release(hold_id)

    return router


def exporting(provide: Callable[..., Awaitable[Exporting]]) -> Endpoints:
    """The endpoint that streams the whole log."""
    router = Endpoints(prefix="/audit", tags=["audit"])

    @router.get(
        "/export",
        response_class=StreamingResponse,
        responses=documented(400, 503)
        | {200: {"description": "The log.", "content": {kind: {} for kind in MEDIA_TYPES.values()}}},
    )
    async def export_audit(
        exports: Annotated[Exporting, Depends(provide)], query: Annotated[ExportQuery, Query()]
    ) -> StreamingResponse:
        """Export the log up to a head that is signed now. That it was exported is its newest entry."""
        pieces = await exports.begin(query.format)
        name = f'attachment; filename="audit.{query.format.value}"'
        headers = {"content-disposition": name, "cache-control": "no-store"}
        return StreamingResponse(pieces, media_type=MEDIA_TYPES[query.format], headers=headers)

    return router
