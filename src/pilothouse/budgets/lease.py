"""One lease: what a process may spend of one budget in one period, and what it has spent of that."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from pilothouse.budgets.applying import Limits
from pilothouse.budgets.periods import Window
from pilothouse.budgets.repository import Leased
from pilothouse.budgets.schemas import Unit

NOTHING = Decimal(0)
_LEAST, _ONE = Decimal("0.000000001"), Decimal(1)

SECONDS = 1.0
"""Of spending at the present rate that a lease is to hold."""
IDLE = 3.0
"""Seconds without a call after which nothing is held ready."""


class Lease:
    """The arithmetic of one lease; whoever keeps it talks to the database.

    `leased` is what the database has reserved for this process. Of it some is `held` by calls under way, some
    `spent` and not reported, and some `returning`: it is on its way back. The rest is `free`.
    """

    __slots__ = (
        "_drawn", "_drawn_at", "_rate", "_report", "heir", "held", "is_dead", "leased", "limits", "reporting",
        "returning", "room", "spent", "used", "window",
    )  # fmt: skip

    def __init__(self, limits: Limits, window: Window, now: float) -> None:
        """Nothing is leased yet; `now` is monotonic."""
        self.limits, self.window = limits, window
        self.leased = self.held = self.spent = self.reporting = self.returning = NOTHING
        self.room: Decimal | None = NOTHING
        self.used = NOTHING
        self.is_dead = False
        self.heir: Lease | None = None
        self._rate = self._drawn = NOTHING
        self._report: int | None = None
        self._drawn_at = now

    @property
    def key(self) -> tuple[UUID, str]:
        """The budget and the period."""
        return self.limits.id, self.window.key

    @property
    def free(self) -> Decimal:
        """What may be drawn at once; below zero where calls took more than was reserved for them."""
        return self.leased - self.held - self.spent - self.reporting - self.returning

    def draw(self, amount: Decimal, now: float) -> None:
        """Hold so much of what is free for a call."""
        self.held += amount
        self._drawn += amount
        self._drawn_at = now

    def settle(self, drawn: Decimal, spent: Decimal) -> None:
        """A call that held `drawn` has taken `spent`. After a lapse only what was not charged then counts."""
        if self.is_dead:
            if self.heir is not None:
                self.heir.settle(NOTHING, spent)
            return
        self.held -= drawn
        self.spent += spent

    def ask(
        self, need: Decimal, now: float, numbers: Iterator[int], *, closing: bool = False
    ) -> dict[str, object]:
        """What the database is asked, with `need` to be drawn at once; the lease counts on nothing of it yet.

        A report whose answer nobody heard is sent again under its number.
        """
        wanted = max(self._rate, 2 * self._drawn, need)
        if closing or now - self._drawn_at >= IDLE:
            wanted = NOTHING
        if self._report is None:
            self.reporting, self.spent = self.spent, NOTHING
            if need == 0:
                self.returning += self._surplus(wanted)
            self._report = next(numbers)
        free = self.free
        more = NOTHING if self.returning > 0 else wanted - max(free - need, NOTHING)
        return {
            "budget_id": self.limits.id,
            "period": self.window.key,
            "starts_at": self.window.starts_at,
            "ends_at": self.window.ends_at,
            "report": self._report,
            "spent": self.reporting,
            "back": self.returning,
            "need": max(need - free, NOTHING),
            "more": self._whole(max(more, NOTHING)),
            "leased": self.leased > 0,
        }

    def _surplus(self, wanted: Decimal) -> Decimal:
        """What is free beyond what is soon wanted, or beyond a fourth of what there is for everybody."""
        kept = 2 * wanted
        if self.room is not None and self.room < wanted:
            kept = min(wanted, max((self.room + self.free) / 4, NOTHING))
        return max(self.free - self._whole(kept), NOTHING)

    def _whole(self, amount: Decimal) -> Decimal:
        """Tokens and actions are not divided, and money not below what the database divides it to."""
        return amount.quantize(_LEAST if self.limits.unit is Unit.MONEY else _ONE, ROUND_DOWN)

    def told(self, found: Leased) -> None:
        """Take over what the database has answered. What a lowered limit leaves no room for is set aside."""
        self.leased, self.room, self.used = found.amount, found.room, found.used
        self.reporting = self.returning = NOTHING
        self._report = None
        if found.room is not None and found.room < 0:
            self.returning = max(min(self.free, -found.room), NOTHING)

    def passed(self, seconds: float) -> None:
        """Learn the rate of spending from what was drawn in the last `seconds`."""
        now = self._drawn * Decimal(SECONDS / max(seconds, 0.001))
        self._rate = self._whole(max(now, (self._rate + now) / 2))
        self._drawn = NOTHING

    @property
    def warning(self) -> str | None:
        """What is to be said where spending has gone beyond the soft limit."""
        soft = self.limits.soft
        used = self.used + self.reporting + self.spent + self.held
        if soft is None or used <= soft:
            return None
        told = self.limits.told
        return f"The budget {self.limits.name} is at {told(used)}, beyond its soft limit of {told(soft)}."

    @property
    def is_over(self) -> bool:
        """Whether nothing is left of it: it can be forgotten."""
        return not (self.leased or self.held or self.spent or self.reporting)
