"""What workers see to about budgets: what leaked, days for forecasts, and what is long over."""

from __future__ import annotations

import datetime as dt

import structlog

from pilothouse.budgets.repository import Ledger
from pilothouse.runtime.connection import Lane

log = structlog.get_logger(__name__)

EVERY = dt.timedelta(minutes=1)
LEAKED_AFTER = dt.timedelta(minutes=1)
"""The age of a reservation from which it is looked at; the runs of most end long before."""
KEPT = dt.timedelta(days=400)
"""How long a period is kept after its end, and how long its days and alerts are."""
LAPSED_AFTER = dt.timedelta(seconds=60)
"""For how long a lease is not renewed whose process must be dead: it renews each half second, and draws on
nothing that it could not renew for ten seconds."""
AT_ONCE = 1_000


class BudgetChore:
    """Closes what leaked, notes days and removes what is long over; any number of workers may do so."""

    name = "budgets"

    def __init__(self, lane: Lane) -> None:
        """Work on `lane`, which others may use as well."""
        self._ledger = Ledger(lane)
        self._forgotten_at: dt.datetime | None = None

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Do what is due; it is due again in a minute."""
        while (closed := await self._ledger.reclaim(now - LEAKED_AFTER, AT_ONCE)) > 0:
            log.warning("reservations_reclaimed", reservations=closed)
        while (lapsed := await self._ledger.lapse(LAPSED_AFTER, AT_ONCE)) > 0:
            log.warning("budget_leases_lapsed", leases=lapsed)
        await self._ledger.note_days(now)
        if self._forgotten_at is None or now - self._forgotten_at >= dt.timedelta(days=1):
            while await self._ledger.forget(now - KEPT, AT_ONCE):
                continue
            self._forgotten_at = now
        return now + EVERY
