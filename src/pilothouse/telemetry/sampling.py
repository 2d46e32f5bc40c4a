"""Which traces are kept: at most so many a second, decided where a trace begins."""

from __future__ import annotations

from collections.abc import Callable

from pilothouse.kit.clock import elapsed


class Rate:
    """Says yes at most `per_second` times a second on average, and no more than `burst` times at once.

    For one thread. `per_second` may be 0: never.
    """

    def __init__(
        self, per_second: float, *, burst: float | None = None, now: Callable[[], float] = elapsed
    ) -> None:
        self._per_second = per_second
        self._most = max(per_second, 1.0) if burst is None else burst
        self._left = self._most if per_second else 0.0
        self._now = now
        self._at = now()

    def take(self) -> bool:
        """Whether one more is within the rate; it then counts."""
        if self._left < 1:
            present = self._now()
            self._left = min(self._most, self._left + (present - self._at) * self._per_second)
            self._at = present
            if self._left < 1:
                return False
        self._left -= 1
        return True
