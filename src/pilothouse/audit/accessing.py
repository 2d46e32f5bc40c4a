"""Who has looked at data: an entry for each access to payloads, files, personal data and exports.

Lists without payloads are no access, nor is what one has just written oneself. What an entry says is who,
what and by which request; never what was seen.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from pilothouse.audit.recording import AuditLog
from pilothouse.audit.schemas import Kind
from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import Clock, elapsed
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runtime.batch import Batcher

AGAIN = 60.0
"""Seconds in which somebody who looks at the same thing again is not recorded again, where that is polled."""

MOST = 10_000
"""Accesses that are remembered at once."""


@dataclass(frozen=True)
class Accessed:
    """What an operation gives access to: a subject with the names of what stands in the path.

    Where it is `polled`, looks of one principal within `AGAIN` seconds are one access.
    """

    subject: str
    kind: Kind = Kind.ACCESS
    polled: bool = False

    def of(self, given: Mapping[str, object]) -> str:
        """The subject of one request."""
        return self.subject.format_map(given)


OPERATIONS: Mapping[str, Accessed] = {
    "show_run": Accessed("run/{run_id}", polled=True),
    "read_journal": Accessed("run/{run_id}", polled=True),
    "list_cards": Accessed("run/{run_id}", polled=True),
    "follow_run": Accessed("run/{run_id}"),
    "follow_runs": Accessed("runs"),
    "list_questions": Accessed("questions", polled=True),
    "show_question": Accessed("question/{question_id}", polled=True),
    "show_schedule": Accessed("schedule/{schedule_id}", polled=True),
    "list_people": Accessed("people", polled=True),
    "list_chat_links": Accessed("chat_links", polled=True),
    "show_person": Accessed("person/{person_id}", polled=True),
    "read_content": Accessed("artifact/{artifact_id}"),
    "show_artifact_page": Accessed("artifact/{artifact_id}"),
    "read_upload": Accessed("upload/{upload_id}"),
    "list_feedback": Accessed("feedback", polled=True),
    "export_tenant": Accessed("tenant/{tenant_id}", Kind.EXPORT),
    "download_tenant_export": Accessed("tenant/{tenant_id}", Kind.EXPORT),
}
"""The operations of the API that give access. An export of the audit log is recorded where it begins."""

SOCKET = {True: OPERATIONS["follow_run"], False: OPERATIONS["follow_runs"]}
"""What a subscription of a WebSocket is: of a run, or of all of them."""


@dataclass(frozen=True)
class Access:
    """Somebody has got access: in the log of `tenant_id`, whose data it is."""

    tenant_id: str
    scope: Scope
    kind: Kind
    subject: str
    operation: str
    request_id: str


class AccessLog:
    """Records accesses before the data leaves. Those of requests at one time share a transaction."""

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, *, now: Callable[[], float] = elapsed
    ) -> None:
        """Write through `database`, of which no request holds a connection. `now` counts seconds."""
        self._database = database
        self._log = AuditLog(clock, ids)
        self._now = now
        self._seen: OrderedDict[tuple[str, str, str, str], float] = OrderedDict()
        self._writing: Batcher[Access, None] = Batcher(self._write)

    async def note(self, access: Access, *, polled: bool = False) -> None:
        """Record an access, unless it is `polled` and was recorded a moment ago.

        Raises `DatabaseUnavailable` and `Overloaded`: what cannot be recorded is not to be shown.
        """
        key = (access.tenant_id, access.scope.principal, access.operation, access.subject)
        if polled and self._now() - self._seen.get(key, -AGAIN) < AGAIN:
            return
        await asyncio.shield(self._writing.put(access))
        if polled:
            self._seen[key] = self._now()
            self._seen.move_to_end(key)
            while len(self._seen) > MOST:
                self._seen.popitem(last=False)

    async def close(self) -> None:
        """Wait until everything is written."""
        await self._writing.close()

    async def _write(self, accesses: Sequence[Access]) -> Sequence[BaseException | None]:
        """Write what was put, a transaction for each tenant; one that fails fails alone."""
        by_tenant: dict[str, list[int]] = defaultdict(list)
        for place, access in enumerate(accesses):
            by_tenant[access.tenant_id].append(place)
        results: list[BaseException | None] = [None] * len(accesses)
        for tenant_id, places in by_tenant.items():
            try:
                async with self._database.session(Scope(tenant_id, "audit")) as session:
                    for place in places:
                        one = accesses[place]
                        said: dict[str, JsonValue] = {
                            "did": one.operation,
                            "request_id": one.request_id,
                        }
                        await self._log.record(
                            session, tenant_id, one.kind, one.scope.principal, one.subject, details=said
                        )
            except PilothouseError as error:
                for place in places:
                    results[place] = error
        return results
