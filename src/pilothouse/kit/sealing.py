"""How a domain keeps personal data unreadable in the database; `vault` does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pilothouse.errors import PilothouseError, Severity


@dataclass(frozen=True)
class Place:
    """Where a sealed value stands. What was sealed for one place opens at no other."""

    tenant_id: str
    table: str
    row: str
    field: str


class Unreadable(PilothouseError):
    """A sealed value does not open: it was sealed for another place, or it was changed."""

    code = "unreadable"


class Erased(Unreadable):
    """What was sealed is gone: the key that opened it was destroyed."""

    code = "erased"
    status = 410
    severity = Severity.INFO


class Sealer(Protocol):
    """Seals values with the key of their tenant; once that key is destroyed nothing opens them."""

    async def seal(self, place: Place, value: bytes) -> bytes:
        """The bytes to store at `place`. Raises `Erased` where the tenant's keys were destroyed."""
        ...

    async def open(self, place: Place, sealed: bytes) -> bytes:
        """What was sealed for `place`.

        Raises `Unreadable` where it was not sealed for it, `Erased` where its key was destroyed.
        """
        ...

    async def index(self, tenant_id: str, purpose: str, value: str) -> bytes:
        """A keyed digest by which an equal `value` is found again without being stored; 32 bytes."""
        ...


@dataclass(frozen=True)
class SealedColumn:
    """A column whose values are sealed: declared by its domain, so that a change of keys finds all of them.

    Every text is SQL. `key` are the columns of the primary key, in whose order rows are gone through. `row`
    and `field` are expressions for those parts of a value's `Place` (by default the first column of the key,
    and the column's name); its table is `table`. `where` narrows rows to those that hold a sealed value. Rows
    that are found through another table are named by `source` (`runs join journal ...`), and `walk` are the
    expressions of the key in their order, of which an index has the first.
    """

    table: str
    column: str
    key: tuple[str, ...] = ("id",)
    row: str = ""
    field: str = ""
    where: str = ""
    source: str = ""
    walk: tuple[str, ...] = ()

    @property
    def part(self) -> str:
        """Its name where progress is told."""
        return f"{self.table}.{self.column}"
