"""The spans of a run as its journal tells them. A pure function of the entries.

The journal says when something was committed. Where a turn begins is told by what stands before it: what
queued the run (its submission, an answer, a retry), so that a turn's span includes its wait in the queue. A
turn ends with a final entry, or with the last one before the run waited.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

import orjson
from pydantic import ValidationError

from pilothouse.runtime.entries import FINAL, Entry, Kind, PayloadUnreadable, decode
from pilothouse.runtime.errors import Failure
from pilothouse.runtime.turn import SHOW_AFTER
from pilothouse.telemetry.schemas import SpanKind, TraceSpan
from pilothouse.telemetry.spans import step_id, submit_id, turn_id
from pilothouse.telemetry.turn_spans import name_of

_OPENS: dict[Kind, SpanKind] = {Kind.ASKED: "ask", Kind.SLEPT: "sleep"}
_CLOSES = frozenset({Kind.ANSWERED, Kind.EXPIRED, Kind.WITHDRAWN, Kind.WOKE})
_ENDS: dict[Kind, SpanKind] = {
    Kind.COMPLETED: "call",
    Kind.FAILED: "call",
    Kind.OUTCOME: "act",
    Kind.SAVED: "save",
}
_OUTSIDE = frozenset(
    {Kind.SUBMITTED, Kind.CANCEL_REQUESTED, Kind.RUN_RETRIED, Kind.RUN_LOST, Kind.FORKED, Kind.MOVED}
)
_RESUMES = frozenset({Kind.WOKE, Kind.EXPIRED})
_ACT_FAILED, _BY_EXPIRY = b'{"failure":', b'"by":"expiry"'


@dataclass
class _Turn:
    """A turn that is being read. `waits` holds the keys of what it opened and nobody has closed."""

    seen: int
    began: dt.datetime
    last: dt.datetime
    last_seq: int
    waits: set[str]
    status: str = "ok"


class _Reading:
    """The state of reading one journal from its beginning to its end."""

    def __init__(self, run_id: UUID, workflow: str) -> None:
        self.run_id, self.workflow = run_id, workflow
        self.spans: list[TraceSpan] = []
        self.turn: _Turn | None = None
        self.queued_at: dt.datetime | None = None
        self.first: Entry | None = None
        self.final: Entry | None = None
        self.seq = 0
        self._cursor: dict[str, dt.datetime] = {}
        self._entered: dict[str, Entry] = {}
        self._open: dict[str, tuple[SpanKind, dt.datetime, int]] = {}

    def read(self, entry: Entry) -> None:
        """Take in the next entry."""
        at = entry.at
        if at is None:
            return
        self.first = self.first or entry
        if self._is_outside(entry):
            self._heard(entry, at)
        else:
            self._executed(entry, at)
        self.seq = entry.seq

    def close(self) -> list[TraceSpan]:
        """All spans, in the order of their beginnings."""
        self._end_turn()
        for key, (kind, began, seq) in self._open.items():
            self._add(key, kind, began, None, (seq, self.seq))
        if self.first is not None and self.first.at is not None:
            self._add_run(self.first.at)
        return sorted(self.spans, key=lambda span: (span.started_at, span.kind != "run", span.kind != "turn"))

    def _is_outside(self, entry: Entry) -> bool:
        """Whether it was journalled by somebody else than a turn."""
        if entry.kind is Kind.ANSWERED:
            return _BY_EXPIRY not in _payload(entry)
        if entry.kind in {Kind.RUN_CANCELLED, Kind.RUN_FAILED}:
            return self.turn is None or bool(self.turn.waits)
        return entry.kind in _OUTSIDE

    def _heard(self, entry: Entry, at: dt.datetime) -> None:
        turn = self.turn
        if entry.kind in _CLOSES:
            self._close_wait(entry, at)
        if entry.kind in FINAL:
            self._end_turn()
            self.final = entry
        elif entry.kind is Kind.RUN_RETRIED:
            self.final = None
        elif entry.kind is Kind.RUN_LOST and turn is not None:
            turn.status = "failed"
        if turn is None or turn.waits or entry.kind in {Kind.RUN_LOST, Kind.RUN_RETRIED}:
            self._end_turn()
            self.queued_at = at

    def _executed(self, entry: Entry, at: dt.datetime) -> None:
        turn = self.turn
        resumed = entry.kind in _RESUMES or entry.kind is Kind.ANSWERED
        if turn is not None and resumed and entry.key in turn.waits:
            self._end_turn()
            turn = None
        if turn is None:
            began = self.queued_at or at
            turn = self.turn = _Turn(self.seq, began, at, entry.seq, set())
            self.queued_at, self._cursor = None, {"": began}
        turn.last, turn.last_seq = at, entry.seq
        self._step(entry, at, turn)
        if entry.kind in FINAL:
            turn.status = "failed" if entry.kind is Kind.RUN_FAILED else "ok"
            self.final = entry
            self._end_turn()

    def _step(self, entry: Entry, at: dt.datetime, turn: _Turn) -> None:
        kind, key = entry.kind, entry.key
        if kind is Kind.STARTED or kind is Kind.DISPATCH:
            self._entered.setdefault(key, entry)
            return
        if kind in _OPENS:
            self._open[key] = _OPENS[kind], at, entry.seq
            if not _was_over(entry, at):
                turn.waits.add(key)
        elif kind in _CLOSES:
            self._close_wait(entry, at)
        elif kind in _ENDS:
            began, exact = self._began(key, turn)
            self._add(key, _ENDS[kind], began, at, (self._first_seq(entry), entry.seq), entry, exact=exact)
            self._entered.pop(key, None)
        if kind in _ENDS or kind in _CLOSES:
            self._cursor[_branch(key)] = at

    def _began(self, key: str, turn: _Turn) -> tuple[dt.datetime, bool]:
        """When a step began, and whether the journal says so."""
        started = self._entered.get(key)
        before = self._before(key, turn)
        if started is not None and started.kind is Kind.STARTED and started.at is not None:
            return max(before, started.at - dt.timedelta(seconds=SHOW_AFTER)), True
        return before, False

    def _before(self, key: str, turn: _Turn) -> dt.datetime:
        branch = _branch(key)
        while branch and branch not in self._cursor:
            branch = _branch(branch)
        return self._cursor.get(branch, turn.began)

    def _first_seq(self, entry: Entry) -> int:
        found = self._entered.get(entry.key)
        return found.seq if found is not None else entry.seq

    def _close_wait(self, entry: Entry, at: dt.datetime) -> None:
        waited = self._open.pop(entry.key, None)
        if waited is not None:
            kind, began, seq = waited
            self._add(entry.key, kind, began, at, (seq, entry.seq), entry)

    def _end_turn(self) -> None:
        turn, self.turn = self.turn, None
        if turn is not None:
            self.spans.append(
                TraceSpan(
                    span_id=turn_id(self.run_id, turn.seen),
                    parent_id=submit_id(self.run_id),
                    kind="turn",
                    name=f"turn {self.workflow}",
                    started_at=turn.began,
                    ended_at=turn.last,
                    exact=False,
                    status="failed" if turn.status == "failed" else "ok",
                    entries=(turn.seen + 1, turn.last_seq),
                )
            )

    def _add(
        self,
        key: str,
        kind: SpanKind,
        began: dt.datetime,
        ended: dt.datetime | None,
        entries: tuple[int, int],
        told: Entry | None = None,
        *,
        exact: bool = True,
    ) -> None:
        """A step; what people and time are waited for belongs to the run, because turns end meanwhile."""
        seen = self.turn.seen if self.turn is not None and kind not in _OPENS.values() else 0
        failure = _failure(told)
        self.spans.append(
            TraceSpan(
                span_id=step_id(self.run_id, seen, key),
                parent_id=turn_id(self.run_id, seen) if seen else submit_id(self.run_id),
                kind=kind,
                name=f"{kind} {name_of(key)}",
                key=key,
                started_at=began,
                ended_at=ended,
                exact=exact,
                status="open" if ended is None else "failed" if failure is not None else "ok",
                error_code=failure.code if failure is not None else None,
                error=failure.message if failure is not None else None,
                entries=entries,
            )
        )

    def _add_run(self, began: dt.datetime) -> None:
        failure = _failure(self.final)
        ended = self.final.at if self.final is not None else None
        self.spans.append(
            TraceSpan(
                span_id=submit_id(self.run_id),
                parent_id=None,
                kind="run",
                name=f"run {self.workflow}",
                started_at=began,
                ended_at=ended,
                status="open" if ended is None else "failed" if failure is not None else "ok",
                error_code=failure.code if failure is not None else None,
                error=failure.message if failure is not None else None,
                entries=(1, self.seq),
            )
        )


def spans_of(run_id: UUID, workflow: str, entries: Iterable[Entry]) -> list[TraceSpan]:
    """The spans of a run from its journal, in the order of their beginnings."""
    reading = _Reading(run_id, workflow)
    for entry in entries:
        reading.read(entry)
    return _nested(run_id, reading.close())


def _nested(run_id: UUID, spans: list[TraceSpan]) -> list[TraceSpan]:
    """Each step below the innermost step around it that was executed in the same turn."""
    known = {span.span_id for span in spans}
    turns = {span.span_id: span.entries[0] - 1 for span in spans if span.kind == "turn"}
    found = []
    for span in spans:
        seen, key = turns.get(span.parent_id or "", 0), span.key
        while seen and "/" in key:
            key = _branch(key)
            around = step_id(run_id, seen, key)
            if around in known:
                span = span.model_copy(update={"parent_id": around})  # noqa: PLW2901 - the same, elsewhere
                break
        found.append(span)
    return found


def _failure(entry: Entry | None) -> Failure | None:
    """The failure that an entry tells of, if it does."""
    if entry is None or entry.kind not in {Kind.FAILED, Kind.OUTCOME, Kind.RUN_FAILED, Kind.EXPIRED}:
        return None
    payload = _payload(entry)
    if entry.kind is Kind.OUTCOME:
        if not payload.startswith(_ACT_FAILED):
            return None
        payload = payload[len(_ACT_FAILED) : -1]
    try:
        return Failure.model_validate_json(payload)
    except ValidationError:
        return None


def _was_over(entry: Entry, at: dt.datetime) -> bool:
    """Whether a sleep was over when it was written, at `at`: its turn went on then."""
    if entry.kind is not Kind.SLEPT:
        return False
    try:
        return dt.datetime.fromisoformat(orjson.loads(_payload(entry))["wake_at"]) <= at
    except (ValueError, KeyError, TypeError):  # a journal that cannot be read, or of another version
        return False


def _payload(entry: Entry) -> bytes:
    """What an entry says; nothing where this version cannot read it."""
    try:
        return decode(entry.codec, entry.payload)
    except PayloadUnreadable:
        return b""


def _branch(key: str) -> str:
    return key.rpartition("/")[0]
