"""The rules of making and moving runs: what is submitted is checked, and what came of it is shown."""

from __future__ import annotations

from uuid import UUID

import structlog
from pydantic import ValidationError
from pydantic_core import to_json

from pilothouse.errors import InvalidInput, NotFound
from pilothouse.kit.problems import Fault, InvalidFields, pointer
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.operation_schemas import LabelChange
from pilothouse.runs.operations import Operations
from pilothouse.runs.queue_room import QueueRoom
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.schemas import Run, RunStatus, Submission
from pilothouse.runs.showing import Showing
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.errors import WrongType
from pilothouse.runtime.signature import Signature
from pilothouse.tenants.service import Placement

log = structlog.get_logger(__name__)


class Moving:
    """Makes the runs of a scope, cancels and retries them."""

    def __init__(
        self,
        database: Database,
        showing: Showing,
        placement: Placement,
        engine: Engine,
        scope: Scope,
        room: QueueRoom,
    ) -> None:
        """The engine moves runs; `showing` tells what came of it, `placement` finds the engagement.

        `room` says whether the queue has room for one more run.
        """
        self._room = room
        self._database = database
        self._showing = showing
        self._placement = placement
        self._engine = engine
        self._scope = scope

    async def submit(self, wanted: Submission, idempotency_key: str | None) -> Run:
        """Make a run, or show the one that the same request has made before.

        Raises `InvalidInput` for an unknown workflow, version or engagement and for wrong input, `Conflict`
        where the key was used for something else, and `QueueFull`.
        """
        await self._room.take(self._scope)
        payload = to_json(wanted.input)
        order = Order(
            workflow=wanted.workflow,
            payload=payload,
            version=wanted.version,
            tenant_id=self._scope.tenant_id,
            principal=self._scope.principal,
            priority=wanted.priority,
            idempotency_key=idempotency_key,
            labels=wanted.labels,
            engagement_id=await self._placement.of(wanted.engagement),
            untrusted=wanted.untrusted,
        )
        try:
            run_id = await self._engine.submit(order)
        except WrongType as error:
            raise self._explained(wanted, payload, error) from None
        except NotFound as error:
            raise InvalidFields(
                error.message, [Fault(where="body", name="/workflow", detail=error.message)], hint=error.hint
            ) from None
        log.info("run_submitted", run_id=str(run_id), workflow=wanted.workflow)
        return await self._showing.show(run_id)

    async def cancel(self, run_id: UUID) -> Run:
        """Cancel a run. One that is cancelled, or about to be, stays so.

        Raises `NotFound`, and `Conflict` where it has completed or failed.
        """
        row = await self._showing.row(run_id)
        stopping = row.cancel_requested and not RunStatus(row.status).is_final
        if not stopping and row.status != RunStatus.CANCELLED:
            scope = self._scope
            await self._engine.cancel(run_id, tenant_id=scope.tenant_id, by=scope.principal)
            log.info("run_cancelled", run_id=str(run_id))
        return await self._showing.show(run_id)

    async def retry(self, run_id: UUID) -> Run:
        """Queue a failed run again; it goes on from the failed step.

        Raises `NotFound`, and `Conflict` where it has not failed.
        """
        scope = self._scope
        await self._showing.row(run_id)
        steps = await self._engine.retry(run_id, tenant_id=scope.tenant_id, by=scope.principal)
        log.info("run_retried", run_id=str(run_id), steps=steps)
        return await self._showing.show(run_id)

    async def label(self, run_id: UUID, change: LabelChange) -> Run:
        """Change a run's labels. Raises as `Operations.label`."""
        async with self._database.session(self._scope) as session:
            repository = RunRepository(session, self._scope)
            await Operations(repository, self._engine, self._scope).label(run_id, change)
        return await self._showing.show(run_id)

    def _explained(self, wanted: Submission, payload: bytes, error: WrongType) -> InvalidInput:
        """The error with each wrong field named, as far as the workflow's input type can name them."""
        pin = f"{wanted.workflow}@{wanted.version}"
        workflows = self._engine.workflows
        workflow = workflows.pinned(pin) if wanted.version else workflows.latest(wanted.workflow)
        return InvalidFields(error.message, _faults(workflow.signature, payload), hint=error.hint)


def _faults(signature: Signature, payload: bytes) -> list[Fault]:
    try:
        signature.input.validate_json(payload)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [
            Fault(where="body", name=pointer("input", *item["loc"]), detail=item["msg"])
            for item in found[:20]
        ]
    return []
