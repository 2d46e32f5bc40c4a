"""A secret in memory, and where secrets come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Secret:
    """Bytes that nobody is shown: neither `repr` nor `str`, neither a log nor an error has them.

    `version` names what it is, so that something that was made with it can say so.
    """

    name: str
    version: str
    _value: bytes = field(repr=False)

    def reveal(self) -> bytes:
        """The secret itself, for the one place that uses it."""
        return self._value

    def __str__(self) -> str:
        return f"{self.name} ({self.version})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not copied into files or other processes")


class SecretSource(Protocol):
    """Where secrets come from."""

    async def versions(self, name: str) -> Sequence[Secret]:
        """The versions of a secret in use, the newest first: that one seals and signs, all open and verify.

        Raises `SecretMissing` where there is none.
        """
        ...
