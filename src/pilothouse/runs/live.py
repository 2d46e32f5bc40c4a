"""The live streams of one process: runs and whole tenants, for a bounded number of viewers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, TypeVar
from uuid import UUID

from pilothouse.errors import InvalidInput, NotFound
from pilothouse.kit.clock import elapsed
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Overloaded
from pilothouse.runs.live_cursor import read_cursor, write_cursor
from pilothouse.runs.live_forms import TenantForms, entry_json
from pilothouse.runs.schemas import End, RunStatus
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.tail_feeds import Feeds, RunView, TenantView
from pilothouse.runtime.tail_pages import Line, Place, RunState

REACHED = {
    Kind.RUN_COMPLETED.value: RunStatus.COMPLETED,
    Kind.RUN_CONTINUED.value: RunStatus.COMPLETED,
    Kind.RUN_FAILED.value: RunStatus.FAILED,
    Kind.RUN_CANCELLED.value: RunStatus.CANCELLED,
}
"""The state that a final entry leaves the run in."""


class Batch(NamedTuple):
    """What a stream tells at once, in order. With neither items nor an end it is a sign of life."""

    items: Sequence[Line | Delta] = ()
    end: End | None = None


class RunStream:
    """The entries of a run behind one of them, and the deltas of its steps; ends with an `End`.

    Iterate over it, and close it where you stop before its end.
    """

    def __init__(self, view: RunView, run: RunState, closed: Callable[[RunStream], None]) -> None:
        """`run` is the state that it was in when the first page was read."""
        self._view = view
        self._closed = closed
        status = RunStatus(run.status)
        self._end = End(status=status, seq=run.seq) if status.is_final and view.after == run.seq else None
        self._ended = False

    @property
    def place(self) -> int:
        """The last entry that was told."""
        return self._view.after

    def json(self, line: Line) -> str:
        """An entry as JSON."""
        return line.told(entry_json)

    def __aiter__(self) -> RunStream:
        return self

    async def __anext__(self) -> Batch:
        if self._ended:
            raise StopAsyncIteration
        if self._end is not None:
            self._ended = True
            return Batch(end=self._end)
        items = await anext(self._view)
        lines = [item for item in items if isinstance(item, Line)]
        status = REACHED.get(lines[-1].kind) if lines and not self._view.more else None
        if status is None:
            return Batch(items)
        self._ended = True
        return Batch(items, End(status=status, seq=lines[-1].seq))

    async def aclose(self) -> None:
        """Watch no longer."""
        self.close()

    def close(self) -> None:
        """Watch no longer; whoever iterates comes to the end."""
        self._view.close()
        self._closed(self)


class TenantStream:
    """What a tenant's runs journal, in the order in which it was committed. It has no end of its own."""

    def __init__(
        self,
        view: TenantView,
        forms: TenantForms,
        wanted: Callable[[Line], bool],
        silence: float,
        closed: Callable[[TenantStream], None],
    ) -> None:
        """Tell what is `wanted` of what `view` shows, and something every `silence` seconds."""
        self.forms = forms
        self._silence = silence
        self._told = elapsed()
        self._view = view
        self._wanted = wanted
        self._closed = closed

    @property
    def place(self) -> str:
        """A cursor: resumes the stream behind all that was told and left out."""
        return write_cursor(self.forms.incarnation, self._view.after)

    def json(self, line: Line) -> str:
        """An entry as JSON."""
        return line.told(self.forms.json)

    def __aiter__(self) -> TenantStream:
        return self

    async def __anext__(self) -> Batch:
        while True:
            items = await anext(self._view)
            kept = [item for item in items if isinstance(item, Line) and self._wanted(item)]
            if kept or not items or elapsed() - self._told >= self._silence:
                self._told = elapsed()
                return Batch(kept)

    async def aclose(self) -> None:
        """Watch no longer."""
        self.close()

    def close(self) -> None:
        """Watch no longer; whoever iterates comes to the end."""
        self._view.close()
        self._closed(self)


S = TypeVar("S", RunStream, TenantStream)


class Live:
    """The live streams of one process. A viewer who waits costs a place in a list, no connection.

    `heartbeat` is how many seconds a stream may be silent. At most `connections` are served at once.
    """

    def __init__(self, feeds: Feeds, *, heartbeat: float = 10.0, connections: int = 1_000) -> None:
        """Show what `feeds` read."""
        self.heartbeat = heartbeat
        self._feeds = feeds
        self._most = connections
        self._taken = 0
        self._streams: set[RunStream | TenantStream] = set()
        self._seated: set[RunStream | TenantStream] = set()
        self._forms: TenantForms | None = None
        self._stopped: set[Callable[[], None]] = set()
        self.stopping = False

    @property
    def viewers(self) -> int:
        """How many connections are served."""
        return self._taken + len(self._seated)

    def stop(self) -> None:
        """End every stream soon: viewers resume from another process, or from this one when it is back."""
        self.stopping = True
        for heard in list(self._stopped):
            heard()
        for stream in list(self._streams):
            stream.close()

    def on_stop(self, heard: Callable[[], None]) -> Callable[[], None]:
        """Call `heard` when the streams are about to end; returns what ends that."""
        self._stopped.add(heard)
        return lambda: self._stopped.discard(heard)

    @contextmanager
    def seat(self) -> Iterator[None]:
        """A connection that may follow several things. Raises `Overloaded` where there are too many."""
        self._assert_seat()
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1

    async def follow(self, scope: Scope, run_id: UUID, after: int, *, seated: bool = False) -> RunStream:
        """The run's entries behind `after`, first those that are there, then each as it is committed.

        Ends with `End` where the journal's last entry is a final one; a run that is retried afterwards is
        followed anew from there. A database that goes away meanwhile is waited for. Raises, before it
        returns, `NotFound`, `InvalidInput` where `after` lies beyond the journal's end, and `Overloaded`
        unless it is for a connection that is `seated` already.
        """
        if not seated:
            self._assert_seat()
        view = await self._feeds.follow(run_id, after, silence=self.heartbeat)
        try:
            run = _run_of(view, scope, run_id, after)
        except BaseException:
            view.close()
            raise
        return self._opened(RunStream(view, run, self._gone), seated=seated)

    async def follow_tenant(
        self,
        scope: Scope,
        cursor: str | None,
        *,
        kinds: Collection[str] = (),
        workflows: Collection[str] = (),
        seated: bool = False,
    ) -> TenantStream:
        """What the tenant's runs journal after `cursor`, or from now on; of these kinds and workflows or all.

        Raises, before it returns, `InvalidInput` and `CursorGone` for a cursor of no use, and `Overloaded`.
        """
        if not seated:
            self._assert_seat()
        present = await self._feeds.present()
        place: Place = present.place if cursor is None else read_cursor(cursor, present)
        if self._forms is None or self._forms.incarnation != present.incarnation:
            self._forms = TenantForms(present.incarnation)

        def wanted(line: Line) -> bool:
            seen = scope.engagement_id in (None, line.engagement_id)
            return (
                seen and (not kinds or line.kind in kinds) and (not workflows or line.workflow in workflows)
            )

        view = await self._feeds.follow_tenant(scope.tenant_id, place, silence=self.heartbeat)
        return self._opened(
            TenantStream(view, self._forms, wanted, self.heartbeat, self._gone), seated=seated
        )

    def _opened(self, stream: S, *, seated: bool) -> S:
        self._streams.add(stream)
        if not seated:
            self._seated.add(stream)
        if self.stopping:
            stream.close()
        return stream

    def _gone(self, stream: RunStream | TenantStream) -> None:
        self._streams.discard(stream)
        self._seated.discard(stream)

    def _assert_seat(self) -> None:
        if self.viewers >= self._most:
            raise Overloaded(hint=f"At most {self._most} live streams are served at once. Try again later.")


def _run_of(view: RunView, scope: Scope, run_id: UUID, after: int) -> RunState:
    """The state of the run that is to be watched. Raises `NotFound` and `InvalidInput`."""
    run = view.first.run if view.first else None
    if (
        run is None
        or run.tenant_id != scope.tenant_id
        or scope.engagement_id not in (None, run.engagement_id)
    ):
        raise NotFound(f"There is no run {run_id}.")
    if after > run.seq:
        raise InvalidInput(
            f"The journal of run {run_id} ends with entry {run.seq}: nothing can follow entry {after}.",
            hint="Follow it from the last entry that you have seen of this run.",
        )
    return run
