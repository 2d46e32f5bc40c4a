"""Sliding windows over the outcomes of calls: the last N of them, or those of the last N seconds.

Both cost the same for each call, however long they are: totals are kept, and what leaves the window is taken
off. The window of time is one of partial sums by second, as resilience4j's.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

FAILED, SLOW = 1, 2
"""Bits of an outcome; 0 is a call that went well, in time."""


class Totals(NamedTuple):
    """How many calls a window holds, and how many of them have failed or were slow."""

    calls: int = 0
    failed: int = 0
    slow: int = 0

    @property
    def failure_rate(self) -> float:
        """The part of the calls that have failed, from 0 to 1."""
        return self.failed / self.calls if self.calls else 0.0

    @property
    def slow_rate(self) -> float:
        """The part of the calls that were slow, from 0 to 1."""
        return self.slow / self.calls if self.calls else 0.0


class Window(Protocol):
    """What outcomes are added to."""

    def add(self, outcome: int, now: float) -> Totals:
        """Add an outcome (`FAILED` and `SLOW` as bits) at a time in seconds, which never goes back."""
        ...

    def totals(self, now: float) -> Totals:
        """What the window holds."""
        ...

    def clear(self) -> None:
        """Hold nothing."""
        ...


class CountWindow:
    """The last `size` calls."""

    __slots__ = ("_at", "_calls", "_failed", "_ring", "_size", "_slow")

    def __init__(self, size: int) -> None:
        """Hold nothing yet. `size` is at least 1."""
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Hold nothing."""
        self._ring = bytearray(self._size)
        self._at = self._calls = self._failed = self._slow = 0

    def add(self, outcome: int, now: float) -> Totals:
        """Add an outcome; the oldest leaves where the window is full."""
        at, ring = self._at, self._ring
        if self._calls == self._size:
            gone = ring[at]
            self._failed -= gone & FAILED
            self._slow -= gone >> 1
        else:
            self._calls += 1
        ring[at] = outcome
        self._failed += outcome & FAILED
        self._slow += outcome >> 1
        self._at = at + 1 if at + 1 < self._size else 0
        return Totals(self._calls, self._failed, self._slow)

    def totals(self, now: float) -> Totals:
        """What the window holds, at any time."""
        return Totals(self._calls, self._failed, self._slow)


class TimeWindow:
    """The calls of the last `size` seconds, the one that runs included: a sum for each of them."""

    __slots__ = ("_calls", "_failed", "_second", "_size", "_slow", "_sums")

    def __init__(self, size: int) -> None:
        """Hold nothing yet. `size` is at least 1."""
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Hold nothing."""
        self._sums = [[0, 0, 0] for _ in range(self._size)]
        self._second: int | None = None
        self._calls = self._failed = self._slow = 0

    def add(self, outcome: int, now: float) -> Totals:
        """Add an outcome to the sum of its second."""
        self._move(int(now // 1))
        sums = self._sums[int(now // 1) % self._size]
        failed, slow = outcome & FAILED, outcome >> 1
        sums[0] += 1
        sums[1] += failed
        sums[2] += slow
        self._calls += 1
        self._failed += failed
        self._slow += slow
        return Totals(self._calls, self._failed, self._slow)

    def totals(self, now: float) -> Totals:
        """What the window holds at `now`."""
        self._move(int(now // 1))
        return Totals(self._calls, self._failed, self._slow)

    def _move(self, second: int) -> None:
        """Take off the sums of the seconds that have left the window: each once, and at most all of them."""
        if self._second is None or second - self._second >= self._size:
            if self._calls:
                self.clear()
            self._second = second
            return
        for passed in range(self._second + 1, second + 1):
            sums = self._sums[passed % self._size]
            self._calls -= sums[0]
            self._failed -= sums[1]
            self._slow -= sums[2]
            sums[0] = sums[1] = sums[2] = 0
        self._second = second


def window_of(kind: str, size: int) -> Window:
    """The window of a kind, `count` or `time`."""
    return TimeWindow(size) if kind == "time" else CountWindow(size)
