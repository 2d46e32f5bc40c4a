"""What the commands ask of Pilothouse, whether it is this machine's or a server's."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from pilothouse.cli.view import Event
from pilothouse.errors import InvalidInput, NotFound

PAGE = 200
"""Items that are asked for at once: the most that a page has."""

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Paged(Protocol[T_co]):
    """A page of a list, from a server or from a service here."""

    @property
    def items(self) -> Sequence[T_co]:
        """What is on it."""
        ...

    @property
    def next_cursor(self) -> str | None:
        """What names the next page; None: it is the last."""
        ...


async def every(page: Callable[[Mapping[str, Any]], Awaitable[Paged[T]]], most: int | None = None) -> list[T]:
    """The items of all pages, at most `most`; `page` is given the `limit` and the `cursor` of each."""
    found: list[T] = []
    where: dict[str, Any] = {}
    while most is None or len(found) < most:
        got = await page({"limit": PAGE if most is None else min(PAGE, most - len(found)), **where})
        found += got.items
        if got.next_cursor is None:
            break
        where = {"cursor": got.next_cursor}
    return found


@dataclass(frozen=True)
class RunRow:
    """A run in a list."""

    id: str
    workflow: str
    version: int
    status: str
    created_at: dt.datetime
    changed_at: dt.datetime
    labels: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Named:
    """A workflow or an agent in a list."""

    name: str
    summary: str
    detail: str = ""


class Client(Protocol):
    """Everything the command line does with runs. Ids are the texts that people see."""

    async def submit(
        self,
        workflow: str,
        payload: bytes,
        *,
        priority: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        engagement: str | None = None,
        untrusted: bool = False,
    ) -> str:
        """Make a run, in the engagement with this id or name; returns its id. See `How` for `untrusted`."""
        ...

    def follow(self, run_id: str, after: int = 0) -> AsyncIterator[Event]:
        """The run's events, until it ends."""
        ...

    async def events(self, run_id: str) -> Sequence[Event]:
        """The run's events so far."""
        ...

    async def status(self, run_id: str) -> str:
        """The run's status; raises `NotFound`."""
        ...

    async def list(self, wanted: Mapping[str, Any], limit: int, sort: str = "newest") -> Sequence[RunRow]:
        """The first `limit` runs that fit a filter, which is what the API takes."""
        ...

    async def answer(self, run_id: str, key: str, text: str) -> str:
        """Answer a question; returns the answer as it was understood."""
        ...

    async def cancel(self, run_id: str) -> str:
        """Cancel a run; returns its status."""
        ...

    async def retry(self, run_id: str) -> Sequence[str]:
        """Retry a failed run; returns the steps that are executed anew."""
        ...

    def content(self, artifact: dict[str, Any]) -> AsyncIterator[bytes]:
        """An artifact's bytes."""
        ...

    async def workflows(self) -> Sequence[Named]:
        """What can be run."""
        ...

    async def agents(self) -> Sequence[Named]:
        """The agents of the installed applications."""
        ...


async def find(client: Client, text: str) -> RunRow:
    """The run that `text` names: its id, or an end of it that no other run has.

    Raises `NotFound` where there is none, `InvalidInput` where there are several.
    """
    wanted = text.strip().lower()
    if not 4 <= len(wanted) <= 36 or not set(wanted) <= set("0123456789abcdef-"):
        raise InvalidInput(
            f"{text[:60]!r} names no run.", hint="Give an id, or at least its last 4 characters."
        )
    rows = await client.list({"id_suffix": wanted}, 6)
    if not rows:
        raise NotFound(f"There is no run {text[:60]!r}.", hint="`pilothouse runs` lists them.")
    if len(rows) > 1:
        ids = ", ".join(row.id for row in rows[:5]) + (", ..." if len(rows) > 5 else "")
        raise InvalidInput(f"{text!r} names several runs: {ids}.", hint="Give more of the id.")
    return rows[0]
