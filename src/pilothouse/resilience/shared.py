"""Breakers whose window and state are shared by processes through Redis.

A call asks Redis whether it may be made, which is one round trip; how it went is told behind its back, and
before anything else is asked. While Redis is away, which is said once, each process counts by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, NamedTuple, cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from pilothouse.kit.clock import Clock
from pilothouse.resilience.breaker import Breaker, Permit
from pilothouse.resilience.shared_script import STEP
from pilothouse.resilience.states import BY_HAND, Faults, State
from pilothouse.resilience.terms import BreakerTerms
from pilothouse.resilience.windows import FAILED

log = structlog.get_logger(__name__)

PATIENCE = 0.1
"""Seconds that a call waits for Redis, before it counts as away."""
LOOK_EVERY = 1.0
"""Seconds between two looks at whether it is back."""
NAMESPACE = "pilothouse:breaker"
WAITING = 10_000
"""Outcomes that wait to be told, at most."""

Away = (RedisError, OSError, TimeoutError)


class Verdict(NamedTuple):
    """What Redis says of a call; `left` are the seconds until an open breaker is half-open."""

    allowed: bool
    state: State
    era: int
    left: float
    reason: str


class SharedStates:
    """The breakers in one Redis. Use it within one event loop, and `close` it."""

    def __init__(self, url: str, *, namespace: str = NAMESPACE) -> None:
        """Nothing is opened before the first call."""
        self._redis: Redis = Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)
        self._namespace = namespace
        self._sha = ""
        self._order = asyncio.Lock()
        self._untold: list[list[Any]] = []
        self._telling: asyncio.Task[None] | None = None
        self._looking: asyncio.Task[None] | None = None
        self.losses = 0

    @property
    def up(self) -> bool:
        """Whether Redis is asked."""
        return self._looking is None

    async def admit(self, name: str, terms: BreakerTerms) -> Verdict | None:
        """Whether a call may be made now; None where Redis is away."""
        if not self.up:
            return None
        return await self._send(self._step("admit", name, terms))

    def tell(self, op: str, name: str, terms: BreakerTerms, era: int = 0, outcome: int = 0) -> None:
        """Tell how a call went (`record`), that it was given up (`release`), or to begin anew (`reset`)."""
        if not self.up or len(self._untold) >= WAITING:
            return
        self._untold.append(self._step(op, name, terms, era, outcome))
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._flush())

    async def settled(self) -> None:
        """Wait until all is told."""
        if self._telling is not None:
            await asyncio.wait([self._telling])

    async def close(self) -> None:
        """Tell what is left, and close the connections."""
        await self.settled()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._redis.aclose()

    async def _flush(self) -> None:
        while self._untold and self.up:
            await self._send()

    async def _send(self, last: list[Any] | None = None) -> Verdict | None:
        """Send what is untold and then `last`, in this order; the answer to the latter."""
        async with self._order:
            steps, self._untold = [*self._untold, *([last] if last else [])], []
            if not steps or not self.up:
                return None
            try:
                async with asyncio.timeout(PATIENCE):
                    answer = (await self._asked(steps))[-1]
            except Away as error:
                self._lost(error)
                return None
        said, state, era, left, reason = answer
        return Verdict(bool(said), State(state.decode()), int(era), int(left) / 1000, reason.decode())

    async def _asked(self, steps: list[list[Any]]) -> list[Any]:
        """The answers to steps; the script is sent once, and again where Redis has lost it."""
        if not self._sha:
            self._sha = str(await self._redis.script_load(STEP))
        answers = []
        for step in steps:
            try:
                answers.append(await self._run(step))
            except NoScriptError:
                self._sha = str(await self._redis.script_load(STEP))
                answers.append(await self._run(step))
        return answers

    async def _run(self, step: list[Any]) -> Any:
        return await cast("Awaitable[Any]", self._redis.evalsha(self._sha, 2, *step))

    def _step(
        self, op: str, name: str, terms: BreakerTerms, era: int = 0, outcome: int = 0
    ) -> list[str | int | float]:
        key = f"{self._namespace}:{{{name}}}"
        return [
            *(key, f"{key}:ring", op, terms.kind, terms.window, terms.least, terms.in_a_row),
            *(terms.failure_rate, terms.slow_rate, int(terms.open_for * 1000), terms.probes),
            *(int(terms.half_open_for * 1000), era, outcome & FAILED, outcome >> 1),
        ]

    def _lost(self, error: BaseException) -> None:
        self._untold = []
        if self._looking is None:
            self.losses += 1
            log.warning("breakers_redis_away", reason=type(error).__name__)
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Ask until Redis answers."""
        back = False
        while not back:
            await asyncio.sleep(LOOK_EVERY)
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    back = bool(await cast("Awaitable[bool]", self._redis.ping()))
            except Away:
                continue
        self._looking = None
        log.info("breakers_redis_back")


class SharedBreaker(Breaker):
    """A breaker that goes by what all processes have seen, and by itself while Redis is away."""

    def __init__(
        self,
        name: str,
        terms: BreakerTerms | None = None,
        *,
        states: SharedStates,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Share by `states` with all breakers of this name."""
        super().__init__(name, terms, faults=faults, clock=clock)
        self._states = states

    async def permit(self) -> Permit:
        """A permit that Redis has given. Raises `BreakerOpen`."""
        if self._state in BY_HAND:
            return self.acquire()
        verdict = await self._states.admit(self.name, self.terms)
        if verdict is None or self._state in BY_HAND:
            return self.acquire()
        self._adopt(verdict)
        if not verdict.allowed:
            raise self._refused_now()
        return Permit(self, -1 - verdict.era, self.clock.monotonic())

    def release_probe(self, era: int) -> None:
        """As `Breaker`; what Redis has permitted is given back there."""
        if era >= 0:
            super().release_probe(era)
        else:
            self._states.tell("release", self.name, self.terms, -1 - era)

    def reset(self) -> None:
        """As `Breaker`, for all processes."""
        super().reset()
        self._states.tell("reset", self.name, self.terms)

    def _record(self, era: int, outcome: int) -> None:
        if era >= 0:
            super()._record(era, outcome)
        elif self._state not in BY_HAND:
            self._window.add(outcome, self.clock.monotonic())  # what is gone by while Redis is away
            self._row = self._row + 1 if outcome & FAILED else 0
            self._states.tell("record", self.name, self.terms, -1 - era, outcome)

    def _adopt(self, verdict: Verdict) -> None:
        """Stand where the others do."""
        if verdict.state is State.OPEN:
            self._until = self.clock.monotonic() + verdict.left
        if verdict.state is not self._state:
            self._move(verdict.state, verdict.reason)
            if verdict.state is State.HALF_OPEN:
                self._allowed = self.terms.probes
