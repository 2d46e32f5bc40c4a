"""Attestations over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from pilothouse.kit.problems import documented
from pilothouse.readiness.schemas import Attestation, AttestationEdit, Attestations
from pilothouse.readiness.service import Attesting
from pilothouse.routing import Endpoints


def routes(provide: Callable[..., Awaitable[Attesting]]) -> Endpoints:
    """The endpoints; `provide` makes the service for a request."""
    router = Endpoints(prefix="/attestations", tags=["attestations"])
    Provided = Annotated[Attesting, Depends(provide)]  # noqa: N806 - a type

    @router.get("")
    async def list_attestations(attesting: Provided) -> Attestations:
        """List what people have stated about this installation, the newest first."""
        return await attesting.all()

    @router.post("", status_code=201, responses=documented(400))
    async def make_attestation(attesting: Provided, edit: AttestationEdit) -> Attestation:
        """State what a program cannot see, with evidence, until it expires."""
        return await attesting.state(edit)

    @router.post("/{attestation_id}/withdraw", responses=documented(400, 404, 409))
    async def withdraw_attestation(attesting: Provided, attestation_id: UUID) -> Attestation:
        """Say that a statement does not hold any more. It stays in the list."""
        return await attesting.withdraw(attestation_id)

    return router
