"""Wires the prompts of a process: what its applications ship, and what tenants have made of it."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol

from pilothouse.kit.sealing import Sealer
from pilothouse.kit.session import Database
from pilothouse.prompts.service import Prompts
from pilothouse.prompts.shipped import Brought, ShippedPrompts


class Shipping(Protocol):
    """An application as far as its prompts go."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def prompts(self) -> str | Path | Traversable | None:
        """The folder with its prompts, if it has any."""
        ...


def shipped_by(apps: Iterable[Shipping]) -> ShippedPrompts:
    """The prompts that applications ship; they are read when they are first asked for."""
    return ShippedPrompts(tuple(Brought(app.name, app.prompts) for app in apps))


def prompts_of(apps: Iterable[Shipping], database: Database, sealer: Sealer) -> Prompts:
    """What chooses prompts in a process; labels and versions of tenants are read through `database`."""
    return Prompts(database, sealer, shipped_by(apps))
