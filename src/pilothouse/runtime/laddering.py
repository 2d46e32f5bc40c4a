"""What a process adds to an agent's own rungs: models above them, people below. By default nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID


class Rung(Protocol):
    """One way to an answer: a model, a cached answer, the expert, a person."""

    @property
    def name(self) -> str:
        """What `produced_by` says of its answers."""
        ...

    async def attempt(self, ctx: Any, arguments: tuple[Any, ...]) -> Any:
        """The answer; raises where this rung has none."""
        ...


class Subject(NamedTuple):
    """On whose behalf an agent is called."""

    tenant_id: str
    run_id: UUID
    principal: str


class Ladders(Protocol):
    """Plans the ladder of each call and makes its rungs."""

    async def planned(self, subject: Subject, agent: Any) -> bytes | None:
        """The ladder for one call of an agent, as JSON; None where it has its own rungs alone."""
        ...

    def rungs(self, plan: bytes, agent: Any, own: Sequence[Rung]) -> Sequence[Rung]:
        """The rungs of a plan, in order. A replay makes them of the plan that was journalled."""
        ...

    def tried(self, agent: str, rung: str, failed: str) -> None:
        """A rung was tried; `failed` is the code of its failure ("": it has answered)."""
        ...


class Unladdered:
    """Every agent has its own rungs alone."""

    async def planned(self, subject: Subject, agent: Any) -> bytes | None:
        """None."""
        return None

    def rungs(self, plan: bytes, agent: Any, own: Sequence[Rung]) -> Sequence[Rung]:
        """Its own: what the plan had besides is not in this process."""
        return own

    def tried(self, agent: str, rung: str, failed: str) -> None:
        """Nothing."""
