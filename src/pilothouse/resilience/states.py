"""The states of a breaker, what it tells of itself, and which errors it counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pilothouse.resilience.faults import is_failure
from pilothouse.resilience.windows import Totals


class State(StrEnum):
    """How a breaker treats calls. The last three are set by hand, and end by hand."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    FORCED_OPEN = "forced_open"
    DISABLED = "disabled"
    METRICS_ONLY = "metrics_only"


BY_HAND = frozenset({State.FORCED_OPEN, State.DISABLED, State.METRICS_ONLY})
"""States in which nothing that a call does changes the state."""


class Told(StrEnum):
    """What an event is about."""

    TRANSITION = "transition"
    SUCCESS = "success"
    ERROR = "error"
    IGNORED = "ignored"
    SLOW = "slow"
    NOT_PERMITTED = "not_permitted"
    RESET = "reset"


OF_CALLS = frozenset({Told.SUCCESS, Told.ERROR, Told.SLOW})
"""What each call tells of."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened at a breaker; `at` is by its clock's `monotonic`, `seconds` a duration."""

    told: Told
    breaker: str
    at: float
    seconds: float = 0.0
    error: BaseException | None = None
    before: State | None = None
    after: State | None = None
    reason: str = ""


Listen = Callable[[Event], None]
Judge = Callable[[BaseException], bool]


@dataclass(frozen=True)
class Counts:
    """What has happened since the breaker was made."""

    succeeded: int = 0
    failed: int = 0
    ignored: int = 0
    slow: int = 0
    not_permitted: int = 0
    opened: int = 0


@dataclass(frozen=True)
class Snapshot:
    """A breaker at a moment. `since` and `open_until` are by its clock's `monotonic`."""

    name: str
    state: State
    window: Totals
    in_a_row: int
    counts: Counts
    since: float
    open_until: float | None
    reason: str

    @property
    def healthy(self) -> bool:
        """Whether calls are let through."""
        return self.state not in {State.OPEN, State.FORCED_OPEN}


@dataclass(frozen=True)
class Faults:
    """Which errors count, in resilience4j's order: one that is ignored counts as nothing at all.

    Of the others those count as failures that are `recorded`, and the rest as successes: the dependency has
    answered. Each is a tuple of types or a predicate. A result counts as a failure where `result` says so.
    """

    recorded: tuple[type[BaseException], ...] | Judge = (Exception,)
    ignored: tuple[type[BaseException], ...] | Judge = ()
    result: Callable[[Any], bool] | None = None

    def ignores(self, error: BaseException) -> bool:
        """Whether an error says nothing of the dependency."""
        return _applies(self.ignored, error)

    def records(self, error: BaseException) -> bool:
        """Whether an error is a failure of the dependency."""
        return _applies(self.recorded, error)


ANSWERED = Faults(recorded=is_failure)
"""What a `Dependency` counts where nothing else is said: see `is_failure`."""


def _applies(said: tuple[type[BaseException], ...] | Judge, error: BaseException) -> bool:
    return isinstance(error, said) if isinstance(said, tuple) else said(error)
