"""What the engine asks of others: agents and tools to call, a governor to ask, a place for artifacts."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

from pilothouse.kit.money import Money
from pilothouse.runtime.signature import Answer, Signature

if TYPE_CHECKING:
    from pilothouse.runtime.guarding import Inlet


class Statement(NamedTuple):
    """An SQL statement with its parameters, written in the same transaction as an append.

    Where its parameters have names, it is executed once for all appends that share the transaction: its one
    parameter is a JSON list with an object for each, which has the `place` of its append besides. Bytes stand
    there in hexadecimal, as `bytea` is read. It is the same without names where it is `gathered`: each
    parameter is the list of what each of them gave, and before them comes the list of their places.

    What is `gathered` locks rows that many transactions want, and is executed last. Where appends are not to
    be written, it raises an error with the SQLSTATE `DECLINES`, whose detail is a JSON list with an object
    for each reason: `item` (the place), `reason` and `source`.
    """

    sql: str
    parameters: Sequence[Any] | Mapping[str, Any]
    gathered: bool = False


DECLINES = "PH001"
"""The SQLSTATE with which a gathered statement says that some appends are not to be written."""

FENCES = "PH002"
"""The SQLSTATE with which an append as a whole says that one of its turns was lost."""


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

    @property
    def cost(self) -> Callable[[Any], Money] | None:
        """What one call costs, from its input; None where nothing is said."""
        ...

    @property
    def tokens(self) -> Callable[[Any], int] | None:
        """How many tokens of a model one call takes at most, from its input; None where it takes none."""
        ...

    @property
    def facts(self) -> Callable[[Any, Any], Any] | None:
        """What tells, of an action and its input, what trusted code knows of the thing it is about."""
        ...

    @property
    def facts_type(self) -> TypeAdapter[Any] | None:
        """The type of what `facts` tells."""
        ...

    @property
    def inlet(self) -> Inlet:
        """Where its results pass the guard."""
        ...

    @property
    def from_outside(self) -> bool:
        """Whether its results, and its errors, are data from outside."""
        ...

    async def perform(self, ctx: Any, value: I_contra) -> O_co:
        """Do it. `ctx.idempotency_key` is the same at every attempt."""
        ...


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

    async def put_file(self, tenant_id: str, sha256: str, file: IO[bytes]) -> None:
        """As `put`, for a file that is too large to be held in memory; it is read from its beginning."""
        ...

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
