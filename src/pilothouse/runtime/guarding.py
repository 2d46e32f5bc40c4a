"""Guards in the path of every text: what comes in, what goes to tools and models, and what goes out.

The runtime hands each text, as JSON, to the guard that is plugged in, journals what it gives back, and writes
what it wants written into the append that the text belongs to. What is masked is masked in the journal: a
replay meets the same placeholders, and only a tool's own arguments are restored, just before the decision.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from pilothouse.errors import InvalidInput
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.ports import Statement


class Inlet(StrEnum):
    """Where a text passes."""

    INPUT = "input"
    ANSWER = "answer"
    TOOL_ARGUMENTS = "tool_arguments"
    TOOL_RESULT = "tool_result"
    OUTPUT = "output"
    ARTIFACT = "artifact"
    LABEL = "label"
    IDEMPOTENCY_KEY = "idempotency_key"
    UPLOAD = "upload"
    QUESTION = "question"
    EMITTED = "emitted"
    NAME = "name"
    MODEL_PROMPT = "model_prompt"
    MODEL_ANSWER = "model_answer"


@dataclass(frozen=True)
class Passage:
    """Where a text passes: at which inlet, of which run, and by whom it came ("": the engine).

    Placeholders in it are the run's own where `ours` says so; elsewhere somebody outside has written them.
    Without `of_run` it is of something else that has this id: then there is no way back from what is masked.
    Without `attacks` it is not looked through for them: it stands far behind in something long.
    """

    inlet: Inlet
    tenant_id: str
    run_id: UUID
    at: dt.datetime
    step: str = ""
    by: str = ""
    ours: bool = False
    of_run: bool = True
    attacks: bool = True


class Passed(NamedTuple):
    """A text behind the guard, as JSON, with the marks that it brings.

    Where it is `personal`, what is journalled of it has to be sealed. `kept` writes the way back from its
    placeholders, which may be written again; `told` records the findings, once. Of a changed text that is one
    string, `places` are where it was changed, in order: begin and end in characters, and what stands there.
    """

    data: bytes
    marks: frozenset[Mark] = frozenset()
    personal: bool = False
    kept: Sequence[Statement] = ()
    told: Sequence[Statement] = ()
    places: Sequence[tuple[int, int, str]] = ()

    @property
    def beside(self) -> tuple[Statement, ...]:
        """All that is written beside the append."""
        return (*self.kept, *self.told)


def file_name(name: str) -> str:
    """The name of a file with placeholders as it may have them: without what file systems give a meaning."""
    return name.translate(_IN_NAMES)


_IN_NAMES = str.maketrans({"<": "", ">": "", ":": "-"})

Fits = Callable[[bytes], bool]
"""Whether whoever takes a text can take it as it is masked."""


class Blocked(InvalidInput):
    """A guard does not let a text pass. `told` records why, beside what becomes of it."""

    code = "blocked_by_guard"

    def __init__(self, message: str, *, hint: str | None = None, told: Sequence[Statement] = ()) -> None:
        """The message names types and the inlet, and nothing of the text."""
        super().__init__(message, hint=hint)
        self.told = tuple(told)


class Guard(Protocol):
    """Looks at every text that passes."""

    async def check(self, passage: Passage, data: bytes, fits: Fits | None = None) -> Passed:
        """The text `data` (JSON) as it may pass. Where it does not fit masked, it passes as it is, marked.

        Raises `Blocked`; at the inlets of requests that is recorded before.
        """
        ...

    async def restored(self, tenant_id: str, run_id: UUID, data: bytes) -> bytes:
        """The text with what this run's placeholders stand for; raises `Erased` where that is gone."""
        ...

    def shows(self, tenant_id: str) -> bool:
        """Whether people may watch what an agent says while it says it: nothing of it has passed then."""
        ...

    def carried(self, tenant_id: str, source: UUID, target: UUID) -> Sequence[Statement]:
        """What lets the run `target` restore what `source` can, for it goes on with its texts."""
        ...


class Unguarded:
    """Lets everything pass as it is: what is plugged in where no guards are."""

    async def check(self, passage: Passage, data: bytes, fits: Fits | None = None) -> Passed:
        """As it is."""
        return Passed(data)

    async def restored(self, tenant_id: str, run_id: UUID, data: bytes) -> bytes:
        """As it is."""
        return data

    def shows(self, tenant_id: str) -> bool:
        """They may."""
        return True

    def carried(self, tenant_id: str, source: UUID, target: UUID) -> Sequence[Statement]:
        """Nothing to write."""
        return ()
