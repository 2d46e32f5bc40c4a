"""What writers call: an entry becomes a row in the transaction of what it records, or there is neither.

Nothing personal may stand in an entry: people are ids, and arguments their digests. An entry is hashed as it
is written; what is hashed cannot be taken back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from hashlib import sha256
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.repository.writing import INSERT, Line, insert
from pilothouse.audit.schemas import Kind
from pilothouse.kit.canonical import to_json
from pilothouse.kit.clock import Clock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.runtime.ports import Statement

VERSION = 1
"""Of the form of a leaf."""

LONGEST = 500
"""Characters of an actor, a subject or a step; in place of the rest stands a digest of the whole."""


def fingerprint(data: bytes) -> str:
    """The SHA-256 of arguments or of a text, by which an entry names them without telling them."""
    return sha256(data).hexdigest()


def entry(
    id: UUID,  # noqa: A002 - the entry's
    tenant_id: str,
    at: dt.datetime,
    kind: Kind,
    actor: str,
    subject: str,
    *,
    run_id: UUID | None = None,
    step: str | None = None,
    append: str | None = None,
    details: Mapping[str, JsonValue] | None = None,
) -> Statement:
    """The statement that records something, to ride in an append of the runtime.

    `subject` is what it is about (a tool, a policy's version). `step` and `append` are the key and the kind
    of the journal's entry that is written with it, so that journal and audit can be laid side by side.
    """
    line = _line(id, tenant_id, at, kind, actor, subject, run_id, step, append, details or {})
    return Statement(INSERT, line._asdict())


class AuditLog:
    """Records in a session's transaction."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        """Entries take their time and their id from these."""
        self._clock = clock
        self._ids = ids

    async def record(
        self,
        session: AsyncSession,
        tenant_id: str,
        kind: Kind,
        actor: str,
        subject: str,
        *,
        run_id: UUID | None = None,
        details: Mapping[str, JsonValue] | None = None,
    ) -> UUID:
        """Record something; returns the entry's id."""
        id_ = self._ids.new()
        line = _line(
            id_, tenant_id, self._clock.now(), kind, actor, subject, run_id, None, None, details or {}
        )
        await insert(session, line)
        return id_

    async def did(
        self,
        session: AsyncSession,
        scope: Scope,
        kind: Kind,
        subject: str,
        did: str,
        **details: JsonValue,
    ) -> None:
        """Record what whoever acts in `scope` did to `subject`, in one word, with what tells more of it."""
        said = {"did": did, **details}
        await self.record(session, scope.tenant_id, kind, scope.principal, subject, details=said)


def _line(  # noqa: PLR0917 - the columns of a row
    id_: UUID,
    tenant_id: str,
    at: dt.datetime,
    kind: Kind,
    actor: str,
    subject: str,
    run_id: UUID | None,
    step: str | None,
    append: str | None,
    details: Mapping[str, JsonValue],
) -> Line:
    at = at.astimezone(dt.UTC)
    actor, subject = _short(actor), _short(subject)
    step = None if step is None else _short(step)
    said = {
        "version": VERSION,
        "id": str(id_),
        "tenant_id": tenant_id,
        "at": at.isoformat(timespec="microseconds"),
        "kind": kind.value,
        "actor": actor,
        "subject": subject,
        "run_id": None if run_id is None else str(run_id),
        "step": step,
        "append": append,
        "details": dict(details),
    }
    return Line(id_, tenant_id, at, kind.value, actor, subject, run_id, step, append, to_json(said))


def _short(text: str) -> str:
    """A text that can be stored and indexed, whoever wrote it; what is too long ends in its digest."""
    clean = text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
    return clean if len(clean) <= LONGEST else f"{clean[:LONGEST]}#{fingerprint(clean.encode())}"
