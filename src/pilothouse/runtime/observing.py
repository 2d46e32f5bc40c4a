"""What the engine tells of its work while it works, to whoever observes it; by default nobody does.

The engine knows no metrics and no spans: it calls an `Observer`, always in its event loop. An observer must
not block, raise or await, because runs wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID

from pilothouse.runtime.entries import Entry

if TYPE_CHECKING:
    from pilothouse.runtime.store import Claim


class Origin(NamedTuple):
    """On whose account something reaches the engine: a request, and its place in a trace (W3C)."""

    request_id: str | None = None
    traceparent: str | None = None


origin: ContextVar[Origin] = ContextVar("pilothouse_origin", default=Origin())  # noqa: B039 - it is immutable
"""The origin of what the running code asks of the engine; runs and journal entries keep it."""


def identified(claim: Claim) -> dict[str, str]:
    """What every log line of a run's turn carries. A run without a trace of its own is one, under its id."""
    found = {"run_id": str(claim.run_id), "workflow": claim.pin, "tenant_id": claim.tenant_id}
    if claim.request_id is not None:
        found["request_id"] = claim.request_id
    found["trace_id"] = claim.run_id.hex if claim.traceparent is None else claim.traceparent[3:35]
    return found


class TurnObserver(Protocol):
    """Hears of one turn."""

    @property
    def carries(self) -> str | None:
        """The traceparent that the run keeps for its next turn; None where it keeps the one it has."""
        ...

    def began(self, key: str) -> object:
        """A step's work begins in the calling task; what is returned is handed to `finished`."""
        ...

    def finished(self, key: str, begun: object) -> None:
        """The work of a step has ended, well or not, in the task in which it began."""
        ...

    def appended(self, entries: Sequence[Entry], since: float) -> None:
        """Entries were committed; `since` is when that began, by `elapsed`."""
        ...

    def ended(self, status: str) -> None:
        """The turn is over: the run's status, or `lost` where it is unknown."""
        ...


class Observer(Protocol):
    """Hears of everything that one process's engine does. Times are in seconds."""

    def submitting(self, run_id: UUID, workflow: str, came: Origin) -> str | None:
        """A run is about to be made; returns the traceparent that it is to keep."""
        ...

    def submitted(self, run_id: UUID, workflow: str, came: Origin, since: float) -> None:
        """The run was made; `since` is when that began, by `elapsed`."""
        ...

    def turn(self, claim: Claim, seen: int) -> TurnObserver:
        """A run was claimed whose journal had `seen` entries, and its turn begins."""
        ...

    def committed(self, items: int, entries: int) -> None:
        """A group of appends was committed in one transaction."""
        ...

    def statement(self, lane: str, seconds: float, *, failed: bool) -> None:
        """A statement was executed on one of the engine's connections."""
        ...

    def listening(self, *, connected: bool) -> None:
        """The listener has its connection, or has lost it."""
        ...

    def taken_over(self, runs: int) -> None:
        """Runs of dead workers were queued again."""
        ...


class _UnobservedTurn:
    """Hears nothing of a turn."""

    carries: str | None = None

    def began(self, key: str) -> object:
        return None

    def finished(self, key: str, begun: object) -> None:
        return None

    def appended(self, entries: Sequence[Entry], since: float) -> None:
        return None

    def ended(self, status: str) -> None:
        return None


_UNOBSERVED = _UnobservedTurn()


class Unobserved:
    """Hears nothing: what an engine has where nobody observes it. A run keeps the trace that it came with."""

    def submitting(self, run_id: UUID, workflow: str, came: Origin) -> str | None:
        """The trace it came with."""
        return came.traceparent

    def submitted(self, run_id: UUID, workflow: str, came: Origin, since: float) -> None:
        """Nothing."""

    def turn(self, claim: Claim, seen: int) -> TurnObserver:
        """One that hears nothing."""
        return _UNOBSERVED

    def committed(self, items: int, entries: int) -> None:
        """Nothing."""

    def statement(self, lane: str, seconds: float, *, failed: bool) -> None:
        """Nothing."""

    def listening(self, *, connected: bool) -> None:
        """Nothing."""

    def taken_over(self, runs: int) -> None:
        """Nothing."""
