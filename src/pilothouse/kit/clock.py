"""Time as a part that is passed in, so that a test can hold it still, and time that all machines share."""

from __future__ import annotations

import datetime as dt
import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> dt.datetime:
        """The present moment, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go backwards; only differences mean anything."""
        ...


_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def elapsed() -> float:
    """Seconds since some fixed moment, which nobody can set. On Linux they go on while a machine sleeps."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        """The present moment, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed moment of this machine's life."""
        return time.monotonic()


class ServerClock:
    """The database's time, which all processes share: whoever sets this machine's clock changes nothing.

    It goes by `elapsed` and is put right whenever the server tells the time; until it is told for the first
    time it shows what `machine` shows. May be used by several threads.
    """

    def __init__(self, machine: Clock | None = None) -> None:
        self._machine = machine or SystemClock()
        self._ahead: float | None = None  # of `elapsed`, in seconds

    def now(self) -> dt.datetime:
        """The present moment, in UTC."""
        if self._ahead is None:
            return self._machine.now()
        return dt.datetime.fromtimestamp(elapsed() + self._ahead, dt.UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return elapsed()

    def told(self, moment: dt.datetime, asked: float, heard: float) -> None:
        """The server's clock showed `moment` at some time between `asked` and `heard`, both by `elapsed`.

        What agrees with that is left as it is, so that a slow answer moves nothing.
        """
        least, most = moment.timestamp() - heard, moment.timestamp() - asked
        ahead = (least + most) / 2 if self._ahead is None else self._ahead
        self._ahead = min(max(ahead, least), most)
