"""Sheds requests while there is more to do than can be done: the dispensable ones first, health never."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse.errors import PilothouseError, Severity
from pilothouse.health.schemas import Condition, Part
from pilothouse.kit.reading import Overloaded
from pilothouse.settings import Settings

log = structlog.get_logger(__name__)

EVERY = 0.25
"""Seconds between two samples."""
QUEUE_EVERY = 5.0
"""Seconds between two looks at the queue, which cost a query."""
SUSTAINED = 1.0
"""Seconds for which the loop has to be late, in two samples at least, so that one pause sheds nothing."""
CALM = 0.8
"""The part of a threshold below which a signal has to fall before its level ends."""
HOLD = 2.0
"""Seconds for which it has to be calm, before the level falls by one."""


class Level(IntEnum):
    """How much is shed."""

    NOTHING = 0
    DISPENSABLE = 1
    SUBMITS = 2
    EVERYTHING = 3


DISPENSABLE = frozenset(
    {
        "show_statistics",
        "show_trace",
        "cancel_runs",
        "move_runs",
        "retry_runs",
        "apply_retention",
        "estimate_retention",
        "export_tenant",
        "download_tenant_export",
    }
)
"""Bulk operations, and what is only looked at; lists are dispensable by their names."""
SUBMITS = frozenset({"submit_run", "fork_run", "retry_run", "create_upload", "trigger_schedule"})
LAST = frozenset(
    {
        "live",
        "ready",
        "detail",
        "show_metrics",
        "sign_in",
        "sign_out",
        "show_session",
        "show_sign_in",
        "show_sign_in_style",
        "submit_sign_in",
        "issue_token",
        "revoke_token",
        "begin_identity",
        "end_identity",
        # getting in again, or for the first time, by a link that was sent
        "show_link_page",
        "read_link_page_part",
        "accept_invitation",
        "request_recovery",
        "reset_password",
    }
)
"""What is never shed: those who look after an overloaded installation have to reach it."""


def shed_at(operation: str) -> Level | None:
    """The level from which on an operation is shed; None: never."""
    if operation in LAST:
        return None
    if operation in DISPENSABLE or operation.startswith(("list_", "head_list_")):
        return Level.DISPENSABLE
    return Level.SUBMITS if operation in SUBMITS else Level.EVERYTHING


class TooMuch(Overloaded):
    """There is more to do than can be done now."""

    code = "overloaded"
    severity = Severity.INFO

    def __init__(self, retry_after: int) -> None:
        """Ask the client to come again in `retry_after` seconds."""
        super().__init__(hint=f"Try again in {retry_after} s.")
        self.headers = {"retry-after": str(retry_after)}


@dataclass(frozen=True)
class Thresholds:
    """From where on each level holds, by signal: in seconds, but for memory, which is a fraction."""

    lag: tuple[float, float, float] = (0.2, 0.5, 1.0)
    memory: tuple[float, float, float] = (0.80, 0.88, 0.95)
    exhausted: tuple[float, float, float] = (1.0, 2.0, 4.0)
    queue: tuple[float, float, float] = (900.0, 1_800.0, float("inf"))


@dataclass(frozen=True)
class Signals:
    """What was seen: the loop's lag, memory in use, how long connections were missed, the oldest due run."""

    lag: float = 0.0
    memory: float = 0.0
    exhausted: float = 0.0
    queue: float = 0.0


def level_of(seen: Signals, thresholds: Thresholds, factor: float = 1.0) -> tuple[Level, str]:
    """The level that the worst signal asks for, and its name; thresholds count `factor` times."""
    worst, why = Level.NOTHING, ""
    for name in ("lag", "memory", "exhausted", "queue"):
        value = getattr(seen, name)
        level = Level(sum(value >= bound * factor for bound in getattr(thresholds, name)))
        if level > worst:
            worst, why = level, name
    return worst, why


class Pressure:
    """The level of one process, which rises at once and falls step by step once it is calm."""

    def __init__(self, thresholds: Thresholds) -> None:
        self.thresholds = thresholds
        self.level, self.why, self.seen = Level.NOTHING, "", Signals()
        self._calm_since: float | None = None

    def saw(self, seen: Signals, now: float) -> None:
        """Signals were sampled at `now`, in seconds that never go backwards."""
        before, self.seen = self.level, seen
        wanted, why = level_of(seen, self.thresholds)
        kept, _ = level_of(seen, self.thresholds, CALM)
        if wanted > self.level:
            self.level, self.why, self._calm_since = wanted, why, None
        elif kept >= self.level:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= HOLD:
            self.level, self._calm_since = Level(self.level - 1), now
        if self.level != before:
            log.warning("shedding", now=int(self.level), was=int(before), reason=self.why)


class Sampling:
    """Looks at this process every `EVERY` seconds, from `start` until `stop`."""

    def __init__(
        self,
        pressure: Pressure,
        *,
        exhausted: Callable[[], float],
        queue_age: Callable[[], Awaitable[float]] | None = None,
        memory: Callable[[], float] | None = None,
    ) -> None:
        """`exhausted` says for how long connections were missed, `queue_age` how long a due run waits.

        The queue is looked at ten times before it is too old, and every `QUEUE_EVERY` seconds at least.
        """
        self._queue_every = min(QUEUE_EVERY, max(EVERY, pressure.thresholds.queue[0] / 10))
        self._pressure = pressure
        self._exhausted, self._queue_age, self._memory = exhausted, queue_age, memory or memory_used
        self._lags: deque[tuple[float, float]] = deque()  # when a sample was asked for, how late it came
        self._queue = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to look."""
        self._tasks.append(asyncio.create_task(self._sample()))
        if self._queue_age is not None:
            self._tasks.append(asyncio.create_task(self._look_at_queue(self._queue_age)))

    async def stop(self) -> None:
        """Look no more."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._tasks.clear()

    async def _sample(self) -> None:
        while True:
            asked = time.monotonic()
            await asyncio.sleep(EVERY)
            now = time.monotonic()
            lag = self._lag(asked, now)
            self._pressure.saw(Signals(lag, self._memory(), self._exhausted(), self._queue), now)

    def _lag(self, asked: float, now: float) -> float:
        """How late the loop has been at least, in the last `SUSTAINED` seconds."""
        self._lags.append((asked, now - asked - EVERY))
        while len(self._lags) > 2 and self._lags[1][0] <= now - SUSTAINED:
            self._lags.popleft()
        if len(self._lags) < 2 or self._lags[0][0] > now - SUSTAINED:
            return 0.0
        return min(late for _, late in self._lags)

    async def _look_at_queue(self, age: Callable[[], Awaitable[float]]) -> None:
        while True:
            try:
                async with asyncio.timeout(QUEUE_EVERY):
                    self._queue = await age()
            except (PilothouseError, TimeoutError) as error:  # health tells of a database that is away
                log.debug("queue_not_seen", reason=type(error).__name__)
            await asyncio.sleep(self._queue_every)


_BODY = frozenset({b"content-length", b"transfer-encoding"})
"""Headers of a request that has a body."""


class Shedding:
    """Refuses with 503 what the level sheds, and what is more than `most` requests under way.

    A request is under way from when its body is whole, so that slow senders keep nobody out, until its
    response begins; those that stay open have bounds of their own.
    """

    def __init__(
        self, app: ASGIApp, pressure: Pressure, name_of: Callable[[Scope], str], crowd: Crowd
    ) -> None:
        """Serve `app`; `name_of` names operations."""
        self._app = app
        self._pressure, self._name_of, self._crowd = pressure, name_of, crowd

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or raise `TooMuch`."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        crowd, at = self._crowd, shed_at(self._name_of(scope))
        if at is not None and (crowd.full or self._pressure.level >= at):
            raise self._refused()
        place = _Place(crowd)
        if not any(name in _BODY for name, _ in scope.get("headers", ())):
            place.take()

        async def heard() -> Message:
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False) and not place.taken:
                if at is not None and crowd.full:
                    raise self._refused()
                place.take()
            return message

        async def told(message: Message) -> None:
            place.leave()
            await send(message)

        try:
            await self._app(scope, heard, told)
        finally:
            place.leave()

    def _refused(self) -> TooMuch:
        self._crowd.shed += 1
        return TooMuch(retry_after=1 + int(self._pressure.level) * 2)


class Crowd:
    """The requests under way in a process, of which there are at most `most`, and how many were shed."""

    def __init__(self, most: int) -> None:
        self.most, self.under_way, self.shed = most, 0, 0

    @property
    def full(self) -> bool:
        """Whether no more are taken."""
        return self.under_way >= self.most


class _Place:
    """One request's place in the crowd: taken once, and left once."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self.taken = self._left = False

    def take(self) -> None:
        self.taken = True
        self._crowd.under_way += 1

    def leave(self) -> None:
        if self.taken and not self._left:
            self._left = True
            self._crowd.under_way -= 1


def memory_used(root: Path = Path("/")) -> float:
    """The part of the memory that is in use: of the control group (v2, v1) or of the host, the greater one.

    What files are cached in counts as free. 0 where the system does not say.
    """
    shares = [_host_memory(root / "proc/meminfo")]
    group = root / "sys/fs/cgroup"
    for most, used, inactive in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit, now = _number(group / most), _number(group / used)
        if limit is not None and now is not None and 0 < limit < 1 << 60:
            stat = _table((group / most).parent / "memory.stat")
            shares.append(max(0, now - stat.get(inactive, 0)) / limit)
    return max(shares)


def _host_memory(path: Path) -> float:
    found = _table(path)
    total, free = found.get("MemTotal", 0), found.get("MemAvailable")
    return 0.0 if not total or free is None else 1 - free / total


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # "max": no limit
        return None


def _table(path: Path) -> dict[str, int]:
    try:
        rows: Sequence[list[str]] = [line.split() for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {row[0].rstrip(":"): int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def part_of(pressure: Pressure, crowd: Crowd) -> Part:
    """What health tells of it."""
    seen = pressure.seen
    figures = {
        "level": float(pressure.level),
        "under_way": float(crowd.under_way),
        "shed": float(crowd.shed),
        "lag_seconds": round(seen.lag, 3),
        "memory_fraction": round(seen.memory, 3),
        "exhausted_seconds": round(seen.exhausted, 1),
        "queue_age_seconds": round(seen.queue, 1),
    }
    if pressure.level is Level.NOTHING and not crowd.full:
        return Part(name="load", status=Condition.WELL, detail="Nothing is shed.", figures=figures)
    why = pressure.why if pressure.level else "requests under way"
    detail = f"Requests are shed at level {int(pressure.level)}: {why}."
    return Part(name="load", status=Condition.DEGRADED, detail=detail, figures=figures)


def thresholds_of(settings: Settings) -> Thresholds:
    """As the settings say: the first level's, from which the others follow."""
    lag, free, age = settings.shed_lag, 1 - settings.shed_memory, settings.shed_queue_age
    missed = settings.shed_exhausted
    return Thresholds(
        lag=(lag, lag * 2.5, lag * 5),
        memory=(1 - free, 1 - free * 0.6, 1 - free * 0.25),
        exhausted=(missed, missed * 2, missed * 4),
        queue=(age, age * 2, float("inf")),
    )


def show(pressure: Pressure, crowd: Crowd, gauge: Callable[..., None]) -> None:
    """Show the state among the metrics."""
    gauge(
        "pilothouse_requests_shed",
        "Requests that were refused because there was too much to do.",
        lambda: crowd.shed,
        only_rises=True,
    )
    gauge("pilothouse_shedding_level", "How much is shed: 0 nothing, 3 nearly all.", lambda: pressure.level)
    gauge("pilothouse_loop_lag_seconds", "How late the event loop is.", lambda: pressure.seen.lag)
    gauge("pilothouse_memory_fraction", "The part of the memory in use.", lambda: pressure.seen.memory)
    gauge(
        "pilothouse_pool_exhausted_seconds",
        "For how long connections of the pool have been missed.",
        lambda: pressure.seen.exhausted,
    )
    gauge("pilothouse_queue_age_seconds", "How long the oldest due run waits.", lambda: pressure.seen.queue)
