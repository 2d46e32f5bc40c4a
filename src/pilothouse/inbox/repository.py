"""Queries on questions."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.inbox.schemas import QuestionQuery, QuestionStatus
from pilothouse.inbox.tables import ActionLinkRow, QuestionRow
from pilothouse.kit.reading import Read
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope

OPEN = QuestionStatus.OPEN.value

_COLUMNS = ", ".join(QuestionRow.__table__.columns.keys())
_OPEN_OF = f"""
select {_COLUMNS} from questions where run_id = $1 and tenant_id = $2 and status = '{OPEN}' order by id
"""  # noqa: S608 - constants


def open_of(scope: Scope, run_id: UUID) -> Read[list[QuestionRow]]:
    """The open questions of a run, in the order in which they were asked."""
    return Read(_OPEN_OF, (run_id, scope.tenant_id), list)


class QuestionRepository(Repository):
    """The questions of one tenant."""

    async def get(self, question_id: UUID) -> QuestionRow | None:
        """A question, or None where there is none or it is another tenant's. Read anew each time."""
        statement = select(QuestionRow).where(
            QuestionRow.id == question_id, QuestionRow.tenant_id == self._tenant_id
        )
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        return found.one_or_none()

    async def open_roles(self) -> list[str | None]:
        """The roles that open questions name, each once; None is among them."""
        named = select(QuestionRow.role).where(
            QuestionRow.tenant_id == self._tenant_id,
            QuestionRow.status == OPEN,
            QuestionRow.role.is_not(None),
        )
        return [None, *await self._session.scalars(named.distinct())]

    async def page(
        self, query: QuestionQuery, open_to: Collection[str | None] | None = None, principal: str = ""
    ) -> Rows[QuestionRow]:
        """The wanted questions, the newest first; of a fork, those whose answers it shares among them.

        With `open_to` only open ones that name one of these roles, or none where None is among them, and
        those that are for `principal` by name.
        """
        statement = select(QuestionRow).where(QuestionRow.tenant_id == self._tenant_id)
        if query.status:
            statement = statement.where(QuestionRow.status.in_([status.value for status in query.status]))
        if query.run_id is not None:
            shared = await self._shared_steps(query.run_id, ["answered", "expired"])
            statement = statement.where(
                or_(
                    QuestionRow.run_id == query.run_id,
                    *(and_(QuestionRow.run_id == run, QuestionRow.key.in_(keys)) for run, keys in shared),
                )
            )
        if query.role is not None:
            statement = statement.where(QuestionRow.role == query.role)
        if open_to is not None:
            named = QuestionRow.role.in_([role for role in open_to if role is not None])
            fits = or_(named, QuestionRow.role.is_(None)) if None in open_to else named
            theirs = or_(QuestionRow.assignee == principal, and_(QuestionRow.assignee.is_(None), fits))
            statement = statement.where(QuestionRow.status == OPEN, theirs)
        return await self._page(statement, QuestionRow, query)

    async def open_counts(self, run_ids: Collection[UUID]) -> dict[UUID, int]:
        """How many open questions these runs have; a run without any is left out."""
        statement = (
            select(QuestionRow.run_id, func.count())
            .where(
                QuestionRow.run_id.in_(run_ids),
                QuestionRow.tenant_id == self._tenant_id,
                QuestionRow.status == OPEN,
            )
            .group_by(QuestionRow.run_id)
        )
        return {row[0]: row[1] for row in await self._session.execute(statement)}


class LinkRepository(Repository):
    """The links of one tenant that decide actions."""

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log what was done by a link."""
        await audit.did(self._session, scope, Kind.APPROVAL, subject, did, **details)

    async def keep(self, **values: object) -> ActionLinkRow:
        """Write a link, unless there is one of this id; the one that there is then."""
        values |= {"tenant_id": self._tenant_id}
        await self._session.execute(insert(ActionLinkRow).values(**values).on_conflict_do_nothing())
        wanted = select(ActionLinkRow).where(
            ActionLinkRow.tenant_id == self._tenant_id, ActionLinkRow.id == values["id"]
        )
        return (await self._session.scalars(wanted)).one()

    async def get(self, link_id: UUID, *, alone: bool = False) -> ActionLinkRow | None:
        """A link; None where the tenant has no such or, if it is to be had `alone`, somebody else has it."""
        wanted = select(ActionLinkRow).where(
            ActionLinkRow.tenant_id == self._tenant_id, ActionLinkRow.id == link_id
        )
        found = await self._session.scalars(wanted.with_for_update(skip_locked=True) if alone else wanted)
        return found.one_or_none()

    async def save(self, row: ActionLinkRow) -> None:
        """Write a changed link."""
        self._session.add(row)
        await self._session.flush()
