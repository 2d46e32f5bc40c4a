"""A run in memory: real turns over a journal that a test can read, change, and lose at any append."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Container, Sequence
from typing import Any

import orjson
from obstore.store import MemoryStore

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit.ids import Ids
from pilothouse.runtime.entries import Entry, Kind, decode, encode
from pilothouse.runtime.errors import Failure, Fenced, TurnLost
from pilothouse.runtime.execution import LOST, execute
from pilothouse.runtime.failures import read_failure
from pilothouse.runtime.governing import AllowAll, Governor
from pilothouse.runtime.history import History
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.questions import Reply
from pilothouse.runtime.store import Append, Claim
from pilothouse.runtime.threads import Threads
from pilothouse.runtime.turn import Services, Turn
from pilothouse.runtime.workflows import Workflow
from support.clocks import ManualClock

FINAL = frozenset({"completed", "failed", "cancelled"})
THREADS = Threads(4, "rehearsal")


class Lease:
    """A lease that a test can end."""

    held = True

    def valid(self) -> bool:
        return self.held


class Rehearsal:
    """One run of a workflow. The n-th append is lost before or after it is written where a test says so."""

    def __init__(
        self,
        workflow: Workflow,
        value: Any = None,
        *,
        governor: Governor | None = None,
        lose_before: Container[int] = (),
        lose_after: Container[int] = (),
        step_timeout: float = 5.0,
        untrusted: bool = False,
        personal: bool = False,
    ) -> None:
        self.workflow = workflow
        self.clock = ManualClock()
        self.lease = Lease()
        self.said = {"untrusted": untrusted, "personal": personal}
        self.run_id = uuid.UUID("01900000-0000-7000-8000-000000000001")
        self.entries: list[Entry] = []
        self.statements: list[Statement] = []
        self.status = "queued"
        self.epoch = self.wakes = self.appends = self.turns = 0
        self.cancel_requested = False
        self.wake_at: Any = None
        self.lose_before, self.lose_after = lose_before, lose_after
        self.while_appending: Callable[[Append], None] | None = None
        self.current: Turn | None = None
        self.services = Services(
            appender=self,
            governor=governor or AllowAll(),
            artifacts=ObjectArtifacts(MemoryStore()),
            lease=self.lease,
            clock=self.clock,
            ids=Ids(),
            threads=THREADS,
            step_timeout=step_timeout,
        )
        self._write([Entry(Kind.SUBMITTED, "", orjson.dumps(value))])

    async def append(self, item: Append) -> str:
        if self.while_appending is not None:
            self.while_appending(item)
        self.appends += 1
        woken = item.unless_woken and item.wakes != self.wakes
        if item.epoch != self.epoch or self.status != "running" or woken:
            raise Fenced("not the owner")
        if self.appends in self.lose_before:
            raise TurnLost("lost before it was written")
        self._write(item.entries)
        self.statements += item.beside
        if item.end is not None:
            self.status, self.wake_at = item.end
            if self.status == "waiting" and item.wakes != self.wakes:
                self.status = "queued"
        if self.appends in self.lose_after:
            raise TurnLost("lost after it was written")
        return self.status

    def lose_next(self, kind: Kind) -> None:
        """Lose the next append with an entry of this kind, before it is written."""

        def lose(item: Append) -> None:
            if any(entry.kind is kind for entry in item.entries):
                self.while_appending = None
                raise TurnLost("lost before it was written")

        self.while_appending = lose

    def _write(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            codec, stored = encode(entry.payload)
            at = self.clock.now()
            self.entries.append(entry._replace(codec=codec, payload=stored, seq=len(self.entries) + 1, at=at))

    async def turn(self) -> str:
        """Execute one turn, as a worker that has claimed the run."""
        self.epoch += 1
        self.turns += 1
        self.status = "running"
        claim = Claim(
            *(
                self.run_id,
                "default",
                self.workflow.pin,
                self.epoch,
                self.wakes,
                "ada",
                self.cancel_requested,
            ),
            **self.said,
        )
        self.current = Turn(claim, History(self.entries), self.services)
        status = await execute(self.current, self.workflow)
        if status == LOST and self.status == "running":
            self.status = "queued"
        return self.status

    async def replay(self) -> Any:
        """Execute the run anew from all that it journalled before its end; the result, as `finish`."""
        self.entries.pop()
        self.lose_before = self.lose_after = ()
        self.status, before = "queued", len(self.entries)
        await self.turn()
        if len(self.entries) != before + 1:
            raise AssertionError(f"a replay wrote {self.shown[before:]}")
        return self.output

    async def until_waiting(self, limit: int = 200) -> str:
        """Execute turns until the run waits or has ended."""
        for _ in range(limit):
            await self.turn()
            if self.status != "queued":
                return self.status
        raise AssertionError(f"still {self.status} after {limit} turns")

    async def finish(self, answer: Callable[[str], str | None] = lambda _: "yes", limit: int = 200) -> Any:
        """Execute turns until the run has ended, answering questions and moving the clock; its output.

        A question that `answer` answers with None is left to expire.
        """
        for _ in range(limit):
            status = await self.until_waiting()
            if status in FINAL:
                return self.output
            for key in self.open_questions:
                if (text := answer(key)) is not None:
                    self.answer(key, text)
            if self.wake_at is not None and self.status == "waiting":
                self.clock.time = max(self.clock.time, self.wake_at)
                self.status = "queued"
            if self.status == "waiting":
                raise AssertionError(f"it waits for nothing: {self.shown}")
        raise AssertionError(f"still {self.status} after {limit} waits")

    def event(self, entry: Entry, *, queue: bool = True) -> None:
        """Something reaches the run from outside."""
        self._write([entry])
        self.wakes += 1
        if queue and self.status == "waiting":
            self.status = "queued"

    def answer(self, key: str, text: str) -> None:
        """A person answers."""
        self.event(Entry(Kind.ANSWERED, key, Reply(answer=text).model_dump_json().encode()))

    def retry(self) -> tuple[str, ...]:
        """A person retries the failed run."""
        failure = self.failure
        steps = History(self.entries).retriable(failure.steps)
        self.status = "waiting"
        self.event(Entry(Kind.RUN_RETRIED, "", orjson.dumps({"superseded": steps})))
        return steps

    @property
    def open_questions(self) -> list[str]:
        return [step.key for step in History(self.entries).steps.values() if step.is_open_question]

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The journal in short: kind and key of each entry."""
        return [(entry.kind.value, entry.key) for entry in self.entries]

    def kinds(self, *kinds: Kind) -> list[str]:
        """The keys of the entries of these kinds."""
        return [entry.key for entry in self.entries if entry.kind in kinds]

    def payloads(self, kind: Kind) -> list[Any]:
        """What the entries of a kind say."""
        found = [entry for entry in self.entries if entry.kind is kind]
        return [orjson.loads(decode(entry.codec, entry.payload)) for entry in found]

    @property
    def output(self) -> Any:
        """The result of a completed run; for another one, how it ended."""
        last = self.entries[-1]
        if last.kind is Kind.RUN_COMPLETED:
            return self.payloads(Kind.RUN_COMPLETED)[-1]["output"]
        return last.kind.value

    @property
    def failure(self) -> Failure:
        """Why the run failed."""
        last = self.entries[-1]
        if last.kind is not Kind.RUN_FAILED:
            raise AssertionError(f"it did not fail: {self.shown}")
        return read_failure(last)
