"""What agents of other frameworks ask models by themselves, for whoever keeps account: by default nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from uuid import UUID

from pilothouse.runtime.ports import Statement


class Asker(NamedTuple):
    """Who has made a request: the agent, in the step `step` of a run."""

    tenant_id: str
    run_id: UUID
    principal: str
    workflow: str
    step: str
    agent: str


@dataclass(frozen=True)
class Request:
    """One request to a model, as far as a framework tells of it.

    `provider` is what the framework calls whom it has asked, `address` where that is ("": it does not say).
    `input` counts all tokens that went in, those of a cache included; all are 0 where nothing is said. A
    `cached` answer was kept by the framework. `seconds` is the time to the end of the answer, `outcome` is
    `ok` or the code of what went wrong.
    """

    model: str = ""
    provider: str = ""
    address: str = ""
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    streamed: bool = False
    cached: bool = False
    seconds: float = 0.0
    outcome: str = "ok"


class Book(Protocol):
    """Keeps account of such requests."""

    def priced(self, request: Request) -> bool:
        """Whether anybody knows what the request costs."""
        ...

    def booked(self, asker: Asker, request: Request) -> Sequence[Statement]:
        """What writes it down, beside an append. It does not fail where nobody knows the price."""
        ...


class Unbooked:
    """Nobody keeps account."""

    def priced(self, request: Request) -> bool:
        """True: nobody asks for the price."""
        return True

    def booked(self, asker: Asker, request: Request) -> Sequence[Statement]:
        """Nothing."""
        return ()
