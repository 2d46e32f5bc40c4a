"""Deltas: pieces of an agent's answer while it is made. They are live only: no journal holds them.

A worker sends them in batched notifications, and only for runs that somebody watches: processes with viewers
say so again and again, and what is said is forgotten after a while.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

import orjson
import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.clock import elapsed
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.listener import DELTAS, WATCHES, Listener

log = structlog.get_logger(__name__)

REFRESH = 5.0
"""Seconds after which a process says again which runs it watches."""

REMEMBERED = 15.0
"""Seconds after which a worker takes a run for unwatched that nobody has named again."""

GATHER = 0.05
"""Seconds for which pieces collect before they are sent together."""

PAYLOAD = 7_900
"""Bytes of one notification; PostgreSQL takes fewer than 8,000."""

WAITING = 1_000_000
"""Characters that wait at most to be sent; what is said beyond them is left out."""

WIDEST = 6
"""Bytes of the character that JSON writes longest."""

TOLD_AT_ONCE = 200
"""Run ids in one notification."""

SEND = "select pg_notify(%s, said) from unnest(%s::text[]) as said"


class Delta(NamedTuple):
    """A piece of text that a step of a run has produced.

    `offset` is how many characters the step had said before, so that a gap can be seen; one that is lower
    than what was seen already means that the step began anew.
    """

    run_id: UUID
    step: str
    offset: int
    text: str


class Unheard:
    """Takes deltas where nobody can listen: what a turn has that belongs to no engine."""

    def say(self, delta: Delta) -> None:
        """Nobody hears it."""


class Deltas:
    """What the workers of one process say. It costs a look into a dictionary while nobody watches the run."""

    def __init__(self, lane: Lane, listener: Listener) -> None:
        """Send through `lane`; `listener` hears which runs are watched anywhere."""
        self._lane = lane
        self._watched: dict[UUID, float] = {}
        self._pieces: dict[tuple[UUID, str], Delta] = {}
        self._waiting = 0
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._off = [listener.on(WATCHES, self._heard)]

    def say(self, delta: Delta) -> None:
        """Send a piece soon, if anybody watches its run. From any thread."""
        expires = self._watched.get(delta.run_id)
        if expires is None or expires < elapsed():
            return
        if not delta.text.isascii():  # half of a surrogate pair is no text that could be sent
            delta = delta._replace(text=delta.text.encode(errors="replace").decode())
        with self._lock:
            if self._waiting + len(delta.text) > WAITING:
                return
            self._waiting += len(delta.text)
            before = self._pieces.get(delta[:2])
            if before is not None and before.offset + len(before.text) == delta.offset:
                delta = before._replace(text=before.text + delta.text)
            self._pieces[delta[:2]] = delta
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._schedule)

    async def close(self) -> None:
        """Send nothing more."""
        while self._off:
            self._off.pop()()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def _schedule(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while self._pieces:
            await asyncio.sleep(GATHER)
            with self._lock:
                pieces, self._pieces, self._waiting = self._pieces, {}, 0
            said = [written(delta) for piece in pieces.values() for delta in split(piece)]
            try:
                await self._lane.rows(SEND, (DELTAS, said))
            except DatabaseUnavailable as error:
                log.info("deltas_not_sent", reason=str(error))

    def _heard(self, payload: str | None) -> None:
        """Remember the runs that somebody watches, and forget those that nobody has named for long."""
        if not payload:
            return
        self._loop = asyncio.get_running_loop()
        present = elapsed()
        self._watched = {run_id: until for run_id, until in self._watched.items() if until > present}
        for run_id in payload.split(","):
            self._watched[UUID(run_id)] = present + REMEMBERED


async def announce(lane: Lane, run_ids: Sequence[UUID]) -> None:
    """Tell every worker that somebody watches these runs. Raises `DatabaseUnavailable`."""
    texts = [str(run_id) for run_id in run_ids]
    pages = [",".join(texts[at : at + TOLD_AT_ONCE]) for at in range(0, len(texts), TOLD_AT_ONCE)]
    if pages:
        await lane.rows(SEND, (WATCHES, pages))


def split(delta: Delta) -> Iterable[Delta]:
    """The same text in pieces of which each fits into one notification, however JSON writes it.

    There are none where the step's path, which a deeply nested one fills with long keys, leaves no room.
    """
    offset, text, step = delta.offset, delta.text, delta.step
    room = PAYLOAD - len(orjson.dumps(step)) - 100
    while text and room >= WIDEST:
        length = fitting(text, room)
        yield delta._replace(offset=offset, text=text[:length])
        offset, text = offset + length, text[length:]


def fitting(text: str, room: int) -> int:
    """How many characters of `text`, at least one, fit into `room` bytes of JSON."""
    length = min(len(text), room)
    while length > 1 and len(orjson.dumps(text[:length])) > room:
        length = length // 2
    return length


def written(delta: Delta) -> str:
    """A delta as the payload of a notification."""
    return orjson.dumps([str(delta.run_id), *delta[1:]]).decode()


def read(payload: str) -> Iterator[Delta]:
    """The delta that a payload holds; none where a newer version writes it in another way."""
    try:
        run_id, step, offset, text = orjson.loads(payload)
        yield Delta(UUID(run_id), str(step), int(offset), str(text))
    except (ValueError, TypeError) as error:
        log.debug("delta_not_read", reason=str(error))
