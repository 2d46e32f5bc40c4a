"""What a place that keeps secrets can do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Held:
    """A version of a secret as a place keeps it. `since` is when it was put there, where the place knows."""

    version: str
    raw: bytes = field(repr=False)
    where: str = ""
    since: dt.datetime | None = None


class Provider(Protocol):
    """A place that secrets are read from."""

    @property
    def where(self) -> str:
        """What to call the place."""
        ...

    def stamp(self) -> object:
        """Something that is another one after a change, where that is told without waiting; else None."""
        ...

    async def read(self, name: str) -> Sequence[Held]:
        """The versions of a secret, the newest first; none where the place has it not.

        Raises `SecretsUnavailable` where the place does not answer.
        """
        ...

    async def names(self) -> Sequence[str]:
        """The names of the secrets that are kept here. Raises as `read`."""
        ...


@runtime_checkable
class Keeper(Provider, Protocol):
    """A place that secrets are also written to."""

    async def add(self, name: str, raw: bytes, *, first: bool = False) -> Held | None:
        """Keep `raw` as the newest version. With `first` only where there is none yet: else None."""
        ...

    async def remove(self, name: str, version: str) -> None:
        """Keep a version no longer."""
        ...


def greater(versions: Sequence[Held]) -> str:
    """The number of the version that comes after these."""
    return str(1 + max((int(held.version) for held in versions if held.version.isdigit()), default=0))
