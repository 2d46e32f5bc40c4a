"""What a run is made of passes the guard: its input, labels and idempotency key, and a fork's answers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import orjson

from pilothouse.runtime.governing import Mark
from pilothouse.runtime.guarding import Fits, Guard, Inlet, Passage
from pilothouse.runtime.ports import Statement


@dataclass
class Entrance:
    """The way into one run that `by` makes; gathers what comes of it. Each method raises `Blocked`."""

    guard: Guard
    tenant_id: str
    run_id: UUID
    by: str
    at: dt.datetime
    personal: bool = False
    marks: frozenset[Mark] = frozenset()
    beside: list[Statement] = field(default_factory=list)

    async def taken(self, inlet: Inlet, data: bytes, fits: Fits | None = None, step: str = "") -> bytes:
        """The text `data` (JSON) as it may pass."""
        passage = Passage(inlet, self.tenant_id, self.run_id, self.at, step=step, by=self.by)
        found = await self.guard.check(passage, data, fits)
        self.personal |= found.personal
        self.marks |= found.marks
        self.beside += found.beside
        return found.data

    async def labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """Labels as they may be stored, where everybody who sees the run reads them."""
        if not labels:
            return {}
        found: dict[str, str] = orjson.loads(await self.taken(Inlet.LABEL, orjson.dumps(labels)))
        return found

    async def key(self, key: str | None) -> str | None:
        """An idempotency key as it may be stored: the same key is the same again."""
        if key is None:
            return None
        found: str = orjson.loads(await self.taken(Inlet.IDEMPOTENCY_KEY, orjson.dumps(key)))
        return found

    async def answers(self, answers: Mapping[str, str]) -> dict[str, str]:
        """Answers that a fork is given beforehand, by question."""
        return {
            key: orjson.loads(await self.taken(Inlet.ANSWER, orjson.dumps(text), step=key))
            for key, text in answers.items()
        }
