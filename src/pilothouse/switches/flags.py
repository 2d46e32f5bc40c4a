"""Whether a feature is on for somebody: by tenant, and for a stable share of subjects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pilothouse.kit.share import share


@dataclass(frozen=True)
class Setting:
    """How a flag is set."""

    enabled: bool
    percentage: Decimal | None = None


class FlagSet:
    """The flags as they were read last, by name and tenant (empty: for all)."""

    def __init__(self, settings: Mapping[tuple[str, str], Setting]) -> None:
        """Answer by `settings`."""
        self._settings = settings

    def on(self, name: str, tenant_id: str, subject: str = "") -> bool:
        """Whether a flag is on for a subject (a customer, a run) of a tenant; one that is not set is off.

        A tenant's own flag goes before that for all. A percentage takes the same subjects each time, and only
        more of them where it is raised; without a subject it is the tenant as a whole that is in or out.
        """
        setting = self._settings.get((name, tenant_id)) or self._settings.get((name, ""))
        if setting is None or not setting.enabled:
            return False
        return setting.percentage is None or share(name, subject or tenant_id) < setting.percentage
