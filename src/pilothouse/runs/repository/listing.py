"""The query behind a list of runs: each filter reaches an index, also where hardly a run fits it.

A statement has one part for each wanted state, because an index over states gives the order inside one of
them only; the parts are merged. Where a list goes by a moment, that moment's index gives the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    cast,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from pilothouse.runs.filters import Place, RunFilter, RunQuery, Sort
from pilothouse.runs.schemas import RunStatus
from pilothouse.runs.tables import RunRow, questions, run_labels

SUFFIX = 4
"""Characters of an id's end that the index on ends knows."""

OPEN = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING)

Condition = ColumnElement[bool]
Moment = InstrumentedAttribute[Any] | None


def page(tenant_id: str, query: RunQuery, limit: int) -> Select[RunRow]:
    """The first `limit` of the wanted runs of a tenant, in the wanted order."""
    wanted = [RunRow.tenant_id == tenant_id, *conditions(tenant_id, query)]
    descending = query.sort is not Sort.OLDEST
    ids, labelled = _labelled(tenant_id, query)
    parts = []
    for states, moment in _parts(query):
        part = select(ids.label("id"), _at(moment)).where(*wanted, *labelled, *states)
        columns: list[ColumnElement[Any]] = [ids] if moment is None else [moment.expression, ids]
        parts.append(_ordered(part, columns, query.cursor, descending).limit(limit).subquery())
    merged = union_all(*(select(part) for part in parts)).subquery()
    order = [merged.c.at, merged.c.id] if query.by_moment else [merged.c.id]
    return (
        select(RunRow)
        .join(merged, merged.c.id == RunRow.id)
        .order_by(*(column.desc() if descending else column for column in order))
        .limit(limit)
    )


def matching(tenant_id: str, wanted: RunFilter, *columns: InstrumentedAttribute[Any]) -> Select[Any]:
    """These columns of all runs of a tenant that fit."""
    _, labelled = _labelled(tenant_id, wanted)
    found = select(*columns).where(RunRow.tenant_id == tenant_id, *conditions(tenant_id, wanted), *labelled)
    states = [in_state(status) for status in dict.fromkeys(wanted.status)]
    return found.where(or_(*states)) if states else found


def place_of(query: RunQuery, row: RunRow) -> Place:
    """Where a page ends that ends with `row`."""
    if not query.by_moment:
        return Place(row.id)
    if query.sort is Sort.CHANGED:
        return Place(row.id, row.finished_at or row.changed_at)
    return Place(row.id, row.finished_at if _by_end(query) else row.created_at)


def conditions(tenant_id: str, wanted: RunFilter) -> list[Condition]:
    """What a run has to be, but for its state and its tenant."""
    equal: dict[InstrumentedAttribute[Any], Any] = {
        RunRow.workflow: wanted.workflow,
        RunRow.version: wanted.version,
        RunRow.principal: wanted.principal,
        RunRow.schedule_id: wanted.schedule_id,
        RunRow.forked_from: wanted.forked_from,
        RunRow.engagement_id: wanted.engagement_id,
    }
    found: list[Condition] = [column == value for column, value in equal.items() if value is not None]
    if wanted.has_open_questions is not None:
        found.append(_asks(tenant_id) if wanted.has_open_questions else ~_asks(tenant_id))
    return [*found, *_of_id(wanted), *_of_time(wanted)]


def in_state(status: RunStatus) -> Condition:
    """A run in one state; written out, so that the planner can tell which partial index has it."""
    return RunRow.status == literal_column(f"'{status.value}'")


def _parts(query: RunQuery) -> Sequence[tuple[Sequence[Condition], Moment]]:
    """What each part of the statement is restricted to, and the moment that it is ordered by."""
    if query.sort is not Sort.CHANGED:
        moment: Moment = None
        if query.by_moment:
            moment = RunRow.finished_at if _by_end(query) else RunRow.created_at
        return [((in_state(status),), moment) for status in dict.fromkeys(query.status)] or [((), moment)]
    if query.status:
        return [
            ((in_state(status),), RunRow.finished_at if status.is_final else RunRow.changed_at)
            for status in dict.fromkeys(query.status)
        ]
    opened = tuple(((in_state(status),), RunRow.changed_at) for status in OPEN)
    return (*opened, ((RunRow.finished_at.is_not(None),), RunRow.finished_at))


def _at(moment: Moment) -> ColumnElement[Any]:
    return (literal_column("null::timestamptz") if moment is None else moment).label("at")


def _labelled(tenant_id: str, wanted: RunFilter) -> tuple[ColumnElement[UUID], list[Condition]]:
    """What a run's labels have to be, and the column of ids by which the list is ordered then.

    Each label's rows are in the order of ids; runs without labels are not looked at.
    """
    ids: ColumnElement[UUID] = RunRow.id.expression
    found: list[Condition] = []
    for number, (key, value) in enumerate(wanted.labels.items()):
        label = run_labels.alias(f"label_{number}")
        ids = label.c.run_id
        found += [label.c.tenant_id == tenant_id, label.c.key == key, label.c.value == value]
        found.append(label.c.run_id == RunRow.id)
    return ids, found


def _ordered(
    statement: Select[Any], columns: Sequence[ColumnElement[Any]], cursor: Place | None, descending: bool
) -> Select[Any]:
    """The statement in its order, from behind the cursor on."""
    if cursor is not None:
        place: list[Any] = [literal(cursor.at), literal(cursor.id)][-len(columns) :]
        here, there = tuple_(*columns), tuple_(*place)
        statement = statement.where(here < there if descending else here > there)
    return statement.order_by(*(column.desc() if descending else column for column in columns))


def _by_end(query: RunFilter) -> bool:
    return query.finished_after is not None or query.finished_before is not None


def _asks(tenant_id: str) -> Condition:
    return exists().where(
        questions.c.tenant_id == tenant_id,
        questions.c.run_id == RunRow.id,
        questions.c.status == literal_column("'open'"),
    )


def _of_id(wanted: RunFilter) -> list[Condition]:
    found: list[Condition] = []
    if wanted.id_prefix is not None:
        digits = wanted.id_prefix.replace("-", "")
        found.append(RunRow.id.between(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))))
    if wanted.id_suffix is not None:
        suffix, shown = wanted.id_suffix.lower(), cast(RunRow.id, Text)
        found.append(func.right(shown, literal_column(str(SUFFIX))) == suffix[-SUFFIX:])
        found.append(RunRow.seq >= 0)  # no index has it: all ids would else be read from one that has ids
        if len(suffix) > SUFFIX:
            found.append(shown.endswith(suffix, autoescape=True))
    return found


def _of_time(wanted: RunFilter) -> list[Condition]:
    found: list[Condition] = []
    if wanted.created_after is not None:
        found.append(RunRow.created_at > wanted.created_after)
    if wanted.created_before is not None:
        found.append(RunRow.created_at < wanted.created_before)
    if wanted.finished_after is not None:
        found.append(RunRow.finished_at > wanted.finished_after)
    if wanted.finished_before is not None:
        found.append(RunRow.finished_at < wanted.finished_before)
    return found
