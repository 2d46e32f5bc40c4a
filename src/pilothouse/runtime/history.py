"""What a run's journal already knows: for each step its entries, for each branch its verbs in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict

from pilothouse.runtime.entries import FINAL, VERBS, Entry, Kind, PayloadUnreadable, decode

_OUTCOMES = frozenset({Kind.COMPLETED, Kind.FAILED, Kind.ANSWERED, Kind.EXPIRED, Kind.OUTCOME})


class Fork(BaseModel):
    """What the first own entry of a fork says.

    Everything up to entry `seq` is shared with the run `parent`; `origin` is the run that the shared
    journal began as. `step` is where the fork goes its own way, `dropped` names the steps of other branches
    that had ended in the parent and are not shared. `input` is the changed input as JSON text. `approved`
    holds the roles of the questions that `answers` answers, by their keys: whoever made it may answer these.
    `requesters` are those who asked for what it takes over: they are requesters of the fork's actions, too.
    """

    model_config = ConfigDict(frozen=True)

    parent: UUID
    origin: UUID
    seq: int
    step: str = ""
    input: str | None = None
    answers: dict[str, str] = {}
    approved: dict[str, str] = {}
    dropped: tuple[str, ...] = ()
    by: str = ""
    requesters: tuple[str, ...] = ()


def read_fork(entry: Entry) -> Fork:
    """What a `forked` entry says."""
    return Fork.model_validate_json(decode(entry.codec, entry.payload))


class Step:
    """What is recorded of one step.

    `outcome` is the entry that ended it, if one did; `dispatches` counts how often a tool was dispatched, the
    last time by the entry `dispatched`.
    """

    __slots__ = ("digest", "dispatched", "dispatches", "entries", "key", "outcome", "verb")

    def __init__(self, key: str, verb: str, digest: bytes | None = None) -> None:
        """A step of which nothing is recorded yet."""
        self.key = key
        self.verb = verb
        self.digest = digest
        self.entries: dict[Kind, Entry] = {}
        self.outcome: Entry | None = None
        self.dispatches = 0
        self.dispatched = 0

    def add(self, entry: Entry) -> None:
        """Record an entry; a later outcome supersedes an earlier one."""
        self.entries[entry.kind] = entry
        if entry.digest is not None:
            self.digest = entry.digest
        if entry.kind in _OUTCOMES:
            self.outcome = entry
        elif entry.kind is Kind.DISPATCH:
            self.dispatches += 1
            self.dispatched = entry.seq

    @property
    def is_open_question(self) -> bool:
        """Whether this is a question that is neither answered nor withdrawn."""
        return Kind.ASKED in self.entries and self.outcome is None and Kind.WITHDRAWN not in self.entries

    def supersede(self) -> None:
        """Forget the outcome: the step is to be executed again."""
        self.outcome = None
        for kind in (Kind.FAILED, Kind.OUTCOME, Kind.DISPATCH, Kind.EXPIRED, Kind.ASKED):
            self.entries.pop(kind, None)


class History:
    """The journal of one run, arranged for replay.

    `verbs` maps a branch's path ("" is the workflow itself) to the last path components of its
    steps in the order in which they were first recorded. `told` holds what was emitted, which takes no
    part in the checks of replay: each key with the digest of what it said last. Of a fork, `origin` is the
    run that its journal began as, and `answers` holds what is answered beforehand, by the question's key.
    `renewed` is the last entry that began the run anew (a fork, a retry): approvals before it are void.
    `requesters` are those who asked for the run beside its principal: whoever forked or retried it.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Arrange `entries`, which come in the order of their numbers. Raises `PayloadUnreadable`."""
        self.steps: dict[str, Step] = {}
        self.verbs: dict[str, list[str]] = {}
        self.told: dict[str, bytes | None] = {}
        self.input: bytes = b"null"
        self.origin: UUID | None = None
        self.answers: dict[str, str] = {}
        self.approved: dict[str, str] = {}
        self.requesters: set[str] = set()
        self.renewed = 0
        self.seq = 0
        self.ended: Entry | None = None
        self._placed: set[str] = set()
        for entry in entries:
            self._add(entry)

    def step(self, key: str) -> Step | None:
        """What is recorded of the step `key`."""
        return self.steps.get(key)

    def retriable(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Those of the failed steps `keys` after which nothing was recorded.

        A workflow that went on after a failure has journalled what it did then; were the step to succeed
        now, that would not fit any more.
        """
        return tuple(key for key in keys if key in self.steps and self._is_last(key))

    def _add(self, entry: Entry) -> None:
        self.seq = entry.seq
        verb = VERBS.get(entry.kind)
        if verb is not None:
            self._place(entry.key)
            step = self.steps.get(entry.key)
            if step is None:
                step = self.steps[entry.key] = Step(entry.key, verb)
            step.add(entry)
        elif entry.kind is Kind.EMITTED:
            self.told[entry.key] = entry.digest
        elif entry.kind is Kind.SUBMITTED:
            self.input = decode(entry.codec, entry.payload)
        elif entry.kind is Kind.FORKED:
            self.renewed = entry.seq
            self._fork(read_fork(entry))
        elif entry.kind is Kind.RUN_RETRIED:
            self.ended, self.renewed = None, entry.seq
            retried = orjson.loads(decode(entry.codec, entry.payload))
            self._retry(retried["superseded"])
            self.requesters.update(filter(None, (retried.get("by"),)))
        elif entry.kind in FINAL:
            self.ended = entry
        elif entry.kind is Kind.UNKNOWN:
            raise PayloadUnreadable(
                f"Journal entry {entry.seq} is of a kind that this version does not know.",
                hint="A newer version of Pilothouse wrote it; execute the run with that one, then retry it.",
            )

    def _fork(self, fork: Fork) -> None:
        """Take over what a fork changes. Questions that are open are the parent's: the fork asks its own."""
        self.ended = None
        self.origin = fork.origin
        self.requesters.update(filter(None, (*fork.requesters, fork.by)))
        self.answers, self.approved = dict(fork.answers), dict(fork.approved)
        if fork.input is not None:
            self.input = fork.input.encode()
        for step in self.steps.values():
            if step.is_open_question:
                del step.entries[Kind.ASKED]

    def _retry(self, superseded: Sequence[str]) -> None:
        """Forget failed steps, the gathers that failed last, and that open questions were asked.

        Questions were withdrawn with the failure of the run: those that are reached again are asked again.
        """
        for key in superseded:
            self.steps[key].supersede()
        reopened = set()
        for step in self.steps.values():
            if Kind.SETTLED in step.entries and self._is_last(step.key):
                del step.entries[Kind.SETTLED]
                reopened.add(step.key)
        for step in self.steps.values():
            if step.is_open_question:
                del step.entries[Kind.ASKED]
            elif Kind.WITHDRAWN in step.entries and not reopened.isdisjoint(_around(step.key)):
                del step.entries[Kind.WITHDRAWN]
                step.entries.pop(Kind.ASKED, None)

    def _is_last(self, key: str) -> bool:
        """Whether nothing was recorded after this step, in its branch and in those around it."""
        return all(self.verbs[branch][-1] == component for branch, component in _path(key))

    def _place(self, key: str) -> None:
        """Give every step on the path of `key` its position in its branch."""
        if key in self.steps:
            return
        for branch, component in _path(key):
            full = f"{branch}/{component}" if branch else component
            if full not in self._placed:
                self._placed.add(full)
                self.verbs.setdefault(branch, []).append(component)


def _path(key: str) -> Iterator[tuple[str, str]]:
    """Each step on the path of `key` with its branch, from the outside in; arms of gathers are no steps."""
    at = 0
    while True:
        end = key.find("/", at)
        component = key[at:] if end < 0 else key[at:end]
        if not component.isdigit():
            yield key[: max(at - 1, 0)], component
        if end < 0:
            return
        at = end + 1


def _around(key: str) -> Iterator[str]:
    """The keys of the steps around `key`, from the outside in."""
    return (f"{branch}/{component}" if branch else component for branch, component in _path(key))
