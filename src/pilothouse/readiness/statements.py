"""What people have stated about this installation, and whether that still holds."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator

from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.repository import AttestationRepository
from pilothouse.readiness.schemas import MEANING, Attestation, Line, Topic, failed, passed, warned
from pilothouse.readiness.service import Attesting

SOON = dt.timedelta(days=30)


async def statement_lines(installation: Installation) -> AsyncIterator[Line]:
    """A line for each topic."""
    scope, clock = local_scope(), installation.clock
    async with installation.database.session(scope) as session:
        attesting = Attesting(AttestationRepository(session, scope), scope, clock, Ids())
        current = await attesting.current()
    for topic in Topic:
        yield _line(topic, current.get(topic), clock.now())


def _line(topic: Topic, stated: Attestation | None, now: dt.datetime) -> Line:
    name = f"attested {topic.value}"
    todo = f"`pilothouse attest make {topic.value} --by NAME --evidence WHERE --days 365`"
    if stated is None:
        return failed(name, f"Nobody has stated: {MEANING[topic]}", todo)
    who = f"{stated.stated_by} on {stated.stated_at:%Y-%m-%d} ({stated.evidence})"
    if stated.expires_at <= now:
        return failed(name, f"It expired on {stated.expires_at:%Y-%m-%d}: {who}", todo)
    if stated.expires_at <= now + SOON:
        return warned(name, f"It expires on {stated.expires_at:%Y-%m-%d}: {who}", todo)
    return passed(name, f"By {who}, until {stated.expires_at:%Y-%m-%d}.")
