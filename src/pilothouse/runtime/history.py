"""What a run's journal already knows: for each step its entries, for each branch its verbs in order."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from pilothouse.runtime.entries import FINAL, VERBS, Entry, Kind, decode

_OUTCOMES = frozenset({Kind.COMPLETED, Kind.FAILED, Kind.ANSWERED, Kind.EXPIRED, Kind.OUTCOME})


class Step:
    """What is recorded of one step. `outcome` is the entry that ended it, if one did."""

    __slots__ = ("digest", "entries", "key", "outcome", "verb")

    def __init__(self, key: str, verb: str, digest: bytes | None = None) -> None:
        """A step of which nothing is recorded yet."""
        self.key = key
        self.verb = verb
        self.digest = digest
        self.entries: dict[Kind, Entry] = {}
        self.outcome: Entry | None = None

    def add(self, entry: Entry) -> None:
        """Record an entry; a later outcome supersedes an earlier one."""
        self.entries[entry.kind] = entry
        if entry.digest is not None:
            self.digest = entry.digest
        if entry.kind in _OUTCOMES:
            self.outcome = entry

    @property
    def is_open_question(self) -> bool:
        """Whether this is a question that is neither answered nor withdrawn."""
        return Kind.ASKED in self.entries and self.outcome is None and Kind.WITHDRAWN not in self.entries

    def supersede(self) -> None:
        """Forget the outcome: the step is to be executed again."""
        self.outcome = None
        for kind in (Kind.FAILED, Kind.OUTCOME, Kind.DISPATCH, Kind.EXPIRED):
            self.entries.pop(kind, None)


class History:
    """The journal of one run, arranged for replay.

    `verbs` maps a branch's path ("" is the workflow itself) to the last path components of its
    steps in the order in which they were first recorded.
    """

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        """Arrange `entries`, which come in the order of their sequence numbers."""
        self.steps: dict[str, Step] = {}
        self.verbs: dict[str, list[str]] = {}
        self.input: bytes = b"null"
        self.seq = 0
        self.ended: Entry | None = None
        self._placed: set[str] = set()
        for entry in entries:
            self._add(entry)

    def step(self, key: str) -> Step | None:
        """What is recorded of the step `key`."""
        return self.steps.get(key)

    def _add(self, entry: Entry) -> None:
        self.seq = entry.seq
        verb = VERBS.get(entry.kind)
        if verb is not None:
            self._place(entry.key)
            step = self.steps.get(entry.key)
            if step is None:
                step = self.steps[entry.key] = Step(entry.key, verb)
            step.add(entry)
        elif entry.kind is Kind.SUBMITTED:
            self.input = decode(entry.codec, entry.payload)
        elif entry.kind is Kind.RUN_RETRIED:
            self.ended = None
            self._supersede(decode(entry.codec, entry.payload))
        elif entry.kind in FINAL:
            self.ended = entry

    def _supersede(self, payload: bytes) -> None:
        """Forget failed steps, and that the gathers around them had left branches behind."""
        for key in orjson.loads(payload)["superseded"]:
            if (step := self.steps.get(key)) is not None:
                step.supersede()
            for gather in self.steps.values():
                if gather.verb == "gather" and key.startswith(f"{gather.key}/"):
                    gather.entries.pop(Kind.SETTLED, None)
                    self._reopen(f"{gather.key}/")

    def _reopen(self, prefix: str) -> None:
        for step in self.steps.values():
            if Kind.WITHDRAWN in step.entries and step.key.startswith(prefix):
                del step.entries[Kind.WITHDRAWN], step.entries[Kind.ASKED]

    def _place(self, key: str) -> None:
        """Give every step on the path of `key` its position in its branch."""
        if key in self.steps:
            return
        at = 0
        while True:
            end = key.find("/", at)
            component = key[at:] if end < 0 else key[at:end]
            if not component.isdigit():
                siblings = self.verbs.setdefault(key[: max(at - 1, 0)], [])
                if (full := key[:at] + component) not in self._placed:
                    self._placed.add(full)
                    siblings.append(component)
            if end < 0:
                return
            at = end + 1
