"""The spans of a submission and of a turn, from what was remembered of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from pydantic import ValidationError

from pilothouse.kit.masking import mask_text
from pilothouse.runtime.errors import Failure
from pilothouse.runtime.store import Claim
from pilothouse.telemetry.spans import (
    Place,
    Role,
    SpanRecord,
    Value,
    new_span_id,
    parse_traceparent,
    step_id,
    submit_id,
    turn_id,
)

STATEMENT: Mapping[str, Value] = {
    "db.system.name": "postgresql",
    "db.operation.name": "INSERT",
    "db.collection.name": "journal",
}
"""What a span of an append says, in the words of OpenTelemetry."""


Work = tuple[str, str, float, float]
"""What an agent or a tool has done: the step's key, its kind, its beginning and its end."""

_OUTCOME = b'{"failure":'
_OPERATIONS = {"call": ("invoke_agent", "gen_ai.agent.name"), "act": ("execute_tool", "gen_ai.tool.name")}
"""What the steps that do something are called by OpenTelemetry's conventions for generative AI."""


@dataclass(frozen=True)
class Submitted:
    """A run that was made by a request whose trace is kept. Times are in nanoseconds since 1970."""

    run_id: UUID
    workflow: str
    place: Place
    request_id: str | None
    began: int
    ended: int

    size = 1

    def spans(self) -> Sequence[SpanRecord]:
        """The span in which the run was put into the queue, a part of the request's."""
        said: dict[str, Value] = {"pilothouse.run.id": str(self.run_id), "pilothouse.workflow": self.workflow}
        if self.request_id is not None:
            said["pilothouse.request.id"] = self.request_id
        return [
            SpanRecord(
                f"submit {self.workflow}",
                Role.PRODUCER,
                self.place.trace_id,
                submit_id(self.run_id),
                self.place.span_id,
                self.began,
                self.ended,
                {**STATEMENT, "db.collection.name": "runs", **said},
            )
        ]


@dataclass(frozen=True)
class TurnRecording:
    """What was remembered of a turn. Times are by `elapsed`, but for `now`, the wall clock at the end.

    `place` is None where the trace is not kept and the turn has failed: its spans then have no parent.
    """

    claim: Claim
    seen: int
    place: Place | None
    status: str
    failure: bytes
    since: float
    until: float
    now: int
    works: Sequence[Work]
    appends: Sequence[tuple[str, int, float, float]]
    failures: Mapping[str, bytes]
    forgotten: int

    @property
    def size(self) -> int:
        """How many spans there will be."""
        return 2 + len(self.works) + len(self.appends)

    def spans(self) -> Sequence[SpanRecord]:
        """The wait in the queue, the turn, its steps and its appends."""
        return [*self._queued(), self._turn(), *self._steps(), *self._appended()]

    @property
    def _trace_id(self) -> str:
        """The trace's id, which is told in the logs as well."""
        claim = self.claim
        found = parse_traceparent(claim.traceparent)
        return claim.run_id.hex if found is None else found.trace_id

    def _at(self, moment: float) -> int:
        return self.now - int((self.until - moment) * 1e9)

    def _parent(self) -> str | None:
        """The first turn's is where the run came from, that of later ones the submission all the same."""
        if self.place is None:
            return None
        return self.place.span_id if self.seen <= 1 else submit_id(self.claim.run_id)

    def _queued(self) -> Iterator[SpanRecord]:
        began = self._at(self.since)
        yield SpanRecord(
            f"queue {self._workflow}",
            Role.INTERNAL,
            self._trace_id,
            step_id(self.claim.run_id, self.seen, " queue"),
            self._parent(),
            began - int(self.claim.waited * 1e9),
            began,
            self._ids(),
        )

    def _turn(self) -> SpanRecord:
        claim = self.claim
        said: dict[str, Value] = {
            **self._ids(),
            "pilothouse.workflow": claim.pin,
            "pilothouse.tenant.id": claim.tenant_id,
            "pilothouse.status": self.status,
            "pilothouse.queue.seconds": round(claim.waited, 6),
        }
        if claim.request_id is not None:
            said["pilothouse.request.id"] = claim.request_id
        if self.forgotten:
            said["pilothouse.spans.left_out"] = self.forgotten
        before = self.place if self.place is not None and self.seen > 1 else None
        return SpanRecord(
            f"turn {self._workflow}",
            Role.CONSUMER,
            self._trace_id,
            turn_id(claim.run_id, self.seen),
            self._parent(),
            self._at(self.since),
            self.now,
            said,
            self._error(said),
            (before,) if before is not None and before.span_id != self._parent() else (),
        )

    def _error(self, said: dict[str, Value]) -> str | None:
        if self.failure:
            return failed(self.failure, said, personal=self.claim.personal)
        return "The turn was lost." if self.status == "lost" else None

    def _steps(self) -> Iterator[SpanRecord]:
        keys = {key for key, _, _, _ in self.works}
        for key, kind, began, ended in self.works:
            failure = self.failures.get(key)
            said: dict[str, Value] = {**self._ids(), "pilothouse.step": key}
            yield SpanRecord(
                step_name(key, kind, said),
                Role.INTERNAL,
                self._trace_id,
                step_id(self.claim.run_id, self.seen, key),
                self._around(key, keys),
                self._at(began),
                self._at(ended),
                said,
                failed(failure, said, personal=self.claim.personal) if failure else None,
            )

    def _appended(self) -> Iterator[SpanRecord]:
        keys = {key for key, _, _, _ in self.works}
        for key, count, began, ended in self.appends:
            yield SpanRecord(
                "INSERT journal",
                Role.CLIENT,
                self._trace_id,
                new_span_id(),
                self._around(f"{key}/", keys),
                self._at(began),
                self._at(ended),
                {**STATEMENT, "pilothouse.entries": count},
            )

    def _around(self, key: str, keys: set[str]) -> str:
        """The id of the innermost step around `key`, or the turn's."""
        while "/" in key:
            key = key.rpartition("/")[0]
            if key in keys:
                return step_id(self.claim.run_id, self.seen, key)
        return turn_id(self.claim.run_id, self.seen)

    @property
    def _workflow(self) -> str:
        return self.claim.pin.partition("@")[0]

    def _ids(self) -> dict[str, Value]:
        return {"pilothouse.run.id": str(self.claim.run_id)}


def failed(failure: bytes, said: dict[str, Value], *, personal: bool = False) -> str:
    """What a journalled failure says, masked; its code and its step are added to what is `said`.

    What one of a `personal` run says stays in the journal, where it is sealed.
    """
    if failure.startswith(_OUTCOME):
        failure = failure[len(_OUTCOME) : -1]
    try:
        found = Failure.model_validate_json(failure)
    except ValidationError:
        return "It has failed."
    said["error.type"] = found.code
    if found.step:
        said["pilothouse.step"] = found.step
    return "The journal of this personal run says why." if personal else mask_text(found.message)


def step_name(key: str, kind: str, said: dict[str, Value]) -> str:
    """What a step's span is called; what else the conventions want to know is added to what is `said`."""
    name = name_of(key)
    operation, attribute = _OPERATIONS[kind]
    said["gen_ai.operation.name"] = operation
    said[attribute] = name
    return f"{operation} {name}"


def name_of(key: str) -> str:
    """The name of a step without its place and number: outer#0/inner#1 is inner."""
    last = key.rpartition("/")[2]
    return last.partition("#")[0] or last
