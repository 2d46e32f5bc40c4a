"""Observes the engine: counts what it does, and records spans of the turns whose trace is kept.

This is called several times a step, some ten thousand times a second: it adds to cells that it holds already
and makes as few objects as it can. A turn remembers plain tuples; they become spans in the exporter's thread,
and only where the trace is kept or the turn has failed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from uuid import UUID

from pilothouse.kit.clock import Clock, elapsed
from pilothouse.runtime.branch import current
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.observing import Origin
from pilothouse.runtime.store import Claim
from pilothouse.telemetry.counting import ACT_FAILED, ENDS, STEPS, WorkflowCells
from pilothouse.telemetry.current import Entered, enter, leave
from pilothouse.telemetry.exporting import Exporter
from pilothouse.telemetry.instruments import LONG, SHORT
from pilothouse.telemetry.metrics import Metrics
from pilothouse.telemetry.sampling import Rate
from pilothouse.telemetry.spans import Place, parse_traceparent, step_id, submit_id, turn_id
from pilothouse.telemetry.turn_spans import Submitted, TurnRecording, Work

REMEMBERED = 1_000
"""Steps and appends that one turn remembers for its spans."""


class EngineObserver:
    """What an engine tells, counted and traced. `exporter` is None where no spans are sent."""

    def __init__(
        self, metrics: Metrics, exporter: Exporter | None, clock: Clock, sampling: Rate, failures: Rate
    ) -> None:
        """Keep traces within `sampling`, and turns that fail without being in one within `failures`."""
        self.metrics = metrics
        self.exporter = exporter
        self.clock = clock
        self.sampling = sampling
        self.failures = failures
        self._cells: dict[str, WorkflowCells] = {}

    def submitting(self, run_id: UUID, workflow: str, came: Origin) -> str | None:
        """The traceparent of the run: that of its request, or a trace of its own where it is to be kept."""
        if came.traceparent is not None:
            place = parse_traceparent(came.traceparent)
            if place is not None:
                return str(Place(place.trace_id, submit_id(run_id), place.sampled))
        if self.exporter is None or not self.sampling.take():
            return None
        return str(Place(run_id.hex, submit_id(run_id), sampled=True))

    def submitted(self, run_id: UUID, workflow: str, came: Origin, since: float) -> None:
        """Count the run, and record its making where the trace is kept."""
        self.cells(workflow).submitted[0] += 1
        if self.exporter is None or came.traceparent is None:
            return
        place = parse_traceparent(came.traceparent)
        if place is not None and place.sampled:
            now = self.now()
            began = now - int((elapsed() - since) * 1e9)
            self.exporter.offer(Submitted(run_id, workflow, place, came.request_id, began, now))

    def turn(self, claim: Claim, seen: int) -> TurnWatch:
        """A turn begins."""
        return TurnWatch(self, claim, seen)

    def committed(self, items: int, entries: int) -> None:
        """Count a group commit."""
        self.metrics.commits.add()
        self.metrics.entries.add(by=entries)

    def statement(self, lane: str, seconds: float, *, failed: bool) -> None:
        """Count a statement."""
        self.metrics.statements.add((lane, "failed" if failed else "completed"))
        self.metrics.statement_seconds.observe((lane,), seconds)

    def listening(self, *, connected: bool) -> None:
        """Remember whether the listener is connected, and count its losses."""
        if self.metrics.listening and not connected:
            self.metrics.listener_losses.add()
        self.metrics.listening = connected

    def taken_over(self, runs: int) -> None:
        """Count runs that were taken over."""
        if runs:
            self.metrics.takeovers.add(by=runs)

    def cells(self, workflow: str) -> WorkflowCells:
        """What is added to for a workflow; those beyond the greatest number of them share theirs."""
        name = self.metrics.workflow(workflow)
        found = self._cells.get(name)
        if found is None:
            found = self._cells[name] = WorkflowCells(self.metrics, name)
        return found

    def now(self) -> int:
        """The present moment in nanoseconds since 1970."""
        return int(self.clock.now().timestamp() * 1e9)


class TurnWatch:
    """One turn.

    `works` is what it remembers for spans, but only where spans are sent: key, kind, beginning and end.
    `appends` (key, number of entries, beginning and end) only where the trace is kept; `failures` holds for
    each step that has failed what was journalled.
    """

    __slots__ = (
        *("_cells", "_claim", "_failure", "_observer", "_over", "_place", "_seen", "_since"),
        *("appends", "carries", "failures", "forgotten", "works"),
    )

    def __init__(self, observer: EngineObserver, claim: Claim, seen: int) -> None:
        self._observer, self._claim, self._seen = observer, claim, seen
        self._cells = cells = observer.cells(claim.pin.partition("@")[0])
        self._since = elapsed()
        self._failure = b""
        self._over = False
        self._place: Place | None = None
        self.carries: str | None = None
        self.works: list[Work] | None = None
        self.appends: list[tuple[str, int, float, float]] | None = None
        self.failures: dict[str, bytes] | None = None
        self.forgotten = 0
        observer.metrics.turns_active += 1
        waits = cells.queue_wait
        waits[bisect_left(LONG, claim.waited)] += 1
        waits[-1] += claim.waited
        if observer.exporter is not None:
            self.works = []
            if claim.traceparent is not None:
                self._keep(parse_traceparent(claim.traceparent))

    def began(self, key: str) -> object:
        """When; where the trace is kept, what the code does is a part of the step's span from now on."""
        if self._place is None:
            return elapsed()
        where = Place(self._place.trace_id, step_id(self._claim.run_id, self._seen, key), sampled=True)
        return elapsed(), enter(where)

    def finished(self, key: str, begun: object) -> None:
        """Count how long it took, and remember it for a span."""
        now, since = elapsed(), begun
        if isinstance(begun, tuple):
            since, entered = begun
            if isinstance(entered, Entered):
                leave(entered)
        if not isinstance(since, float):
            return
        branch = current.get(None)
        acts = branch is not None and branch.leaf is not None
        cell = self._cells.work["act" if acts else "call"]
        cell[bisect_left(LONG, now - since)] += 1
        cell[-1] += now - since
        works = self.works
        if works is not None:
            if len(works) < REMEMBERED:
                works.append((key, "act" if acts else "call", since, now))
            else:
                self.forgotten += 1

    def appended(self, entries: Sequence[Entry], since: float) -> None:
        """Count what was committed."""
        now, cells = elapsed(), self._cells
        cell = cells.append
        cell[bisect_left(SHORT, now - since)] += 1
        cell[-1] += now - since
        for entry in entries:
            kind = entry.kind
            if kind in STEPS:
                if kind is Kind.OUTCOME and entry.payload.startswith(ACT_FAILED):
                    cells.act_failed[0] += 1
                    self._failed(entry)
                    continue
                cells.steps[kind][0] += 1
                if kind is Kind.FAILED:
                    self._failed(entry)
            elif kind in ENDS:
                self._ends(entry)
        appends = self.appends
        if appends is not None and len(appends) < REMEMBERED:
            appends.append((entries[-1].key if entries else "", len(entries), since, now))

    def ended(self, status: str) -> None:
        """Count the turn, once, and hand its spans over where they are wanted."""
        if self._over:  # it was left behind, and has ended after all
            return
        self._over = True
        observer, cells, now = self._observer, self._cells, elapsed()
        observer.metrics.turns_active -= 1
        cells.turns[status][0] += 1
        cells.turn[bisect_left(LONG, now - self._since)] += 1
        cells.turn[-1] += now - self._since
        works = self.works
        if observer.exporter is None or works is None:
            return
        if self._place is not None or (self._failure and observer.failures.take()):
            observer.exporter.offer(
                TurnRecording(
                    claim=self._claim,
                    seen=self._seen,
                    place=self._place,
                    status=status,
                    failure=self._failure,
                    since=self._since,
                    until=now,
                    now=observer.now(),
                    works=works,
                    appends=self.appends or (),
                    failures=self.failures or {},
                    forgotten=self.forgotten,
                )
            )

    def _keep(self, place: Place | None) -> None:
        """The trace is kept, if it is."""
        if place is not None and place.sampled:
            self._place, self.appends = place, []
            self.carries = str(Place(place.trace_id, turn_id(self._claim.run_id, self._seen), sampled=True))

    def _failed(self, entry: Entry) -> None:
        """Remember how a step has failed."""
        if self.works is not None:
            self.failures = self.failures or {}
            if len(self.failures) < REMEMBERED:
                self.failures[entry.key] = entry.payload

    def _ends(self, entry: Entry) -> None:
        """Count the run. When it was made is in its id (a UUIDv7), in milliseconds."""
        cells = self._cells
        cells.ends[entry.kind][0] += 1
        made = (self._claim.run_id.int >> 80) / 1_000
        lasted = max(self._observer.clock.now().timestamp() - made, 0.0)
        cells.run[bisect_left(LONG, lasted)] += 1
        cells.run[-1] += lasted
        if entry.kind is Kind.RUN_FAILED:
            self._failure = entry.payload
