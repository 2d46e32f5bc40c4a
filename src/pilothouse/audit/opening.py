"""Makes what workers see to about the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AsyncExitStack

from pilothouse.audit.keeping import LeavingChore
from pilothouse.audit.sequencing import Sequencer
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.session import Database
from pilothouse.resilience import Registry
from pilothouse.runtime.ports import Chore
from pilothouse.secrets.service import Secrets
from pilothouse.settings import Settings


def audit_chores(
    settings: Settings,
    database: Database,
    secrets: Secrets,
    ids: Ids,
    stack: AsyncExitStack,
    resilience: Registry,
) -> Iterator[Chore]:
    """Placing and signing, leaving, and publishing where places are set; `stack` closes what is opened."""
    clock = SystemClock()
    yield Sequencer(database, secrets, clock, ids)
    yield LeavingChore(database, clock, ids)
    if settings.audit_publish_to:
        from pilothouse.audit.publishing import PublishingChore, behind_breaker, place_at
        from pilothouse.kit.outgoing import Guard, GuardedClient

        client, days = GuardedClient(Guard(settings.outgoing_private)), settings.audit_lock_days
        stack.push_async_callback(client.close)
        found = [place_at(where, client, clock, days=days) for where in settings.audit_publish_to]
        yield PublishingChore(database, [behind_breaker(place, resilience) for place in found], clock)
