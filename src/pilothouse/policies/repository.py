"""Whether something in a path exists for a scope, which decides between 403 and 404."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import Uuid, column, exists, select, table

from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database

OWNED: Mapping[str, str | None] = MappingProxyType(
    {
        "run_id": "runs",
        "artifact_id": "artifacts",
        "upload_id": "uploads",
        "question_id": "questions",
        "schedule_id": "schedules",
        "engagement_id": "engagements",
        "person_id": "people",
        "key_id": "api_keys",
        "budget_id": "budgets",
        "experiment_id": "experiments",
        "job_id": "tenant_jobs",
        "attestation_id": "attestations",
        "target_id": "notification_targets",
        "entry_id": "audit_entries",
        "hold_id": "audit_holds",
        "link_id": "chat_links",
        "conversation_id": None,  # a customer's own only: the cookie of a chat says whose
        "session_id": None,  # one's own only, which nobody is denied
        "tenant_id": None,  # a scope knows its own
    }
)
"""The table in which the id is that a path parameter holds, for all that end in `_id`; None: in no table."""


class Existence:
    """Looks for rows as row-level security shows them, after a denial only."""

    def __init__(self, database: Database) -> None:
        """Ask `database`."""
        self._database = database

    async def of(self, scope: Scope, parameter: str, value: str) -> bool:
        """Whether the thing that a path parameter names exists for `scope`."""
        if parameter == "tenant_id":
            return value == scope.tenant_id
        name = OWNED.get(parameter)
        if name is None:
            return True
        try:
            id_ = UUID(value)
        except ValueError:
            return False
        rows = table(name, column("id", Uuid))
        async with self._database.session(scope) as session:
            return bool(await session.scalar(select(exists().where(rows.c.id == id_))))
