"""What the engine asks of others: agents and tools to call, a governor to ask, a place for artifacts."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from pilothouse.runtime.signature import Answer, Signature


class Statement(NamedTuple):
    """An SQL statement with its parameters, written in the same transaction as an append."""

    sql: str
    parameters: Sequence[Any]


I_contra = TypeVar("I_contra", contravariant=True)
O = TypeVar("O")  # noqa: E741 - the output, as I is the input
O_co = TypeVar("O_co", covariant=True)


class Callee(Protocol[I_contra, O]):
    """What `ctx.call` calls: an agent."""

    @property
    def name(self) -> str:
        """What its steps are called."""
        ...

    @property
    def signature(self) -> Signature:
        """What it takes and returns."""
        ...

    @property
    def timeout(self) -> float | None:
        """Seconds for one call; None for the engine's own limit."""
        ...

    async def perform(self, ctx: Any, value: I_contra) -> Answer[O]:
        """Work down the ladder; raises what the last rung raised."""
        ...


class Actor(Protocol[I_contra, O_co]):
    """What `ctx.act` calls: a tool."""

    @property
    def name(self) -> str:
        """What its steps are called."""
        ...

    @property
    def signature(self) -> Signature:
        """What it takes and returns."""
        ...

    @property
    def idempotent(self) -> bool:
        """Whether it may be called again with the same key."""
        ...

    @property
    def timeout(self) -> float | None:
        """Seconds for one call; None for the engine's own limit."""
        ...

    async def perform(self, ctx: Any, value: I_contra) -> O_co:
        """Do it. `ctx.idempotency_key` is the same at every attempt."""
        ...


@dataclass(frozen=True)
class Action:
    """One intended tool call, as a governor sees it. `arguments` is canonical JSON."""

    run_id: UUID
    tenant_id: str
    workflow: str
    principal: str
    step: str
    tool: str
    arguments: bytes
    idempotency_key: str


class Decision(BaseModel):
    """The answer to an action, with the reasons and the ids of the policies that determined it."""

    model_config = ConfigDict(frozen=True)

    allow: bool
    reasons: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()


class Governor(Protocol):
    """Decides on actions. Its statements are written in the append of the dispatch or the outcome."""

    async def decide(self, action: Action) -> tuple[Decision, Sequence[Statement]]:
        """The decision, and what to write beside the dispatch (reservation, audit row)."""
        ...

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """What to write beside the outcome (settlement, audit row)."""
        ...


class AllowAll:
    """Allows every action and writes nothing: what governs until the governing domains are plugged in."""

    async def decide(self, action: Action) -> tuple[Decision, Sequence[Statement]]:
        """Allow."""
        return Decision(allow=True, reasons=("No policy is active.",)), ()

    async def settle(self, action: Action, *, succeeded: bool) -> Sequence[Statement]:
        """Nothing to settle."""
        return ()


class Artifact(BaseModel):
    """A file that a run made: its bytes are found by their SHA-256."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    name: str
    media_type: str
    size: int
    sha256: str


class ArtifactSink(Protocol):
    """Where `ctx.save` puts bytes."""

    async def put(self, tenant_id: str, sha256: str, content: bytes) -> None:
        """Keep `content` under its digest; putting the same again changes nothing but when it was put."""
        ...


class ArtifactStore(ArtifactSink, Protocol):
    """Where the bytes of artifacts and of large payloads are kept, for each tenant by their SHA-256."""

    def read(
        self, tenant_id: str, sha256: str, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes from `start` to before `end`, in pieces. Raises `NotFound` where they are gone."""
        ...

    async def remove(self, tenant_id: str, sha256: str, put_before: dt.datetime) -> bool:
        """Remove a content, unless it was put again since `put_before`; whether it is gone."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...


class Lease(Protocol):
    """Whether this worker may still act for the runs it has claimed."""

    def valid(self) -> bool:
        """True while the last heartbeat is fresh, by a monotonic clock."""
        ...


class Chore(Protocol):
    """Something that workers see to beside runs. Every worker does, so that a chore must bear company."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Do what is due; returns when something will be due again (None: look again after the poll)."""
        ...
