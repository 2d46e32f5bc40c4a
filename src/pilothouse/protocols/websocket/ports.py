"""What the WebSocket asks of those who have something to follow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from typing import Protocol
from uuid import UUID

from pilothouse.kit.scope import Scope
from pilothouse.runs.schemas import End
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.tail_pages import Line

Follows = Callable[[Scope, UUID | None, str], Awaitable[None]]
"""Told that somebody follows a run, or (None) a tenant, by which request; raises where that may not be."""


class Batch(Protocol):
    """What a stream tells at once. With neither items nor an end it is a sign of life."""

    @property
    def items(self) -> Sequence[Line | Delta]:
        """Entries and deltas in order."""
        ...

    @property
    def end(self) -> End | None:
        """The end of a run."""
        ...


class Stream(Protocol):
    """A run or a tenant that is followed."""

    @property
    def place(self) -> int | str:
        """How far it was told: the number of an entry, or a cursor."""
        ...

    def json(self, line: Line) -> str:
        """An entry as JSON."""
        ...

    async def __anext__(self) -> Batch:
        """What comes next; raises `StopAsyncIteration` where it was closed."""
        ...

    def close(self) -> None:
        """Follow no longer."""
        ...


class Streams(Protocol):
    """What can be followed in this process."""

    @property
    def heartbeat(self) -> float:
        """Seconds for which a connection may be silent."""
        ...

    @property
    def stopping(self) -> bool:
        """Whether this process is about to stop."""
        ...

    def seat(self) -> AbstractContextManager[None]:
        """Counts as a viewer while it is held. Raises `Overloaded`."""
        ...

    def on_stop(self, heard: Callable[[], None]) -> Callable[[], None]:
        """Call `heard` when this process is about to stop; returns what ends that."""
        ...

    async def follow(self, scope: Scope, run_id: UUID, after: int, *, seated: bool = False) -> Stream:
        """Follow a run. Raises `NotFound` and `InvalidInput`."""
        ...

    async def follow_tenant(
        self,
        scope: Scope,
        cursor: str | None,
        *,
        kinds: Sequence[str] = (),
        workflows: Sequence[str] = (),
        seated: bool = False,
    ) -> Stream:
        """Follow all runs of the scope. Raises `InvalidInput` and `CursorGone`."""
        ...
