"""Switches as runs meet them: what is killed, where agents stand, and which flags are on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Switches(Protocol):
    """Knows what is switched. It answers at once, from what it was told last."""

    def holds(self, tenant_id: str, workflow: str) -> str | None:
        """Why no run of a workflow is executed for a tenant; None where they are."""
        ...

    def stops(self, tenant_id: str, kind: str, name: str) -> str | None:
        """Why an `agent`, a `tool` or a model `provider` is not used for a tenant; None where it is."""
        ...

    def on_change(self, told: Callable[[], None]) -> Callable[[], None]:
        """Call `told` within the event loop whenever something is killed or let go; returns what ends it."""
        ...

    def on(self, name: str, tenant_id: str, subject: str = "") -> bool:
        """Whether a feature flag is on for a subject of a tenant; one that nobody has set is off."""
        ...

    def first(self, tenant_id: str, agent: str) -> int:
        """The rung, counted from 0, that a call of an agent begins with, if its ladder has so many.

        It is the first, or a lower one after repeated failures.
        """
        ...

    def tried(self, tenant_id: str, agent: str, rung: int, *, failed: bool, rungs: int) -> None:
        """One of an agent's `rungs` was tried."""
        ...


class Unswitched:
    """Nothing is ever killed, no flag is on, and every agent stands on its first rung."""

    def holds(self, tenant_id: str, workflow: str) -> str | None:
        """Nothing holds it."""
        return None

    def stops(self, tenant_id: str, kind: str, name: str) -> str | None:
        """Nothing stops it."""
        return None

    def on_change(self, told: Callable[[], None]) -> Callable[[], None]:
        """There is nothing to be told of."""
        return lambda: None

    def on(self, name: str, tenant_id: str, subject: str = "") -> bool:
        """It is off."""
        return False

    def first(self, tenant_id: str, agent: str) -> int:
        """The first."""
        return 0

    def tried(self, tenant_id: str, agent: str, rung: int, *, failed: bool, rungs: int) -> None:
        """It changes nothing."""
