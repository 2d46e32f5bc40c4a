"""The load of the API's benchmark, a process of its own: kept connections, and requests made beforehand.

Reads one order from its arguments (JSON) and prints what came of it (JSON). With a `rate` requests are due at
fixed times, whether or not earlier ones were answered, and a latency counts from when its request was due;
without one each connection asks again as soon as it is answered. Answers have a length or come in chunks; of
streams of events the events are counted, and the time until the first is kept.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter, deque
from typing import Any

PATIENCE = 30.0
"""Seconds to wait for answers when the time is over."""
NUMBER = b"#NUMBER#"
"""As long as what takes its place, so that the length of a request stays."""
CHUNKED, LAST = b"transfer-encoding: chunked", b"\r\n0\r\n\r\n"


class Caller(asyncio.Protocol):
    """One connection: sends a request, reads its answer whole, and tells how long that took."""

    def __init__(self, load: Load) -> None:
        """Ask what `load` says."""
        self._load = load
        self._buffer = bytearray()
        self._due = 0.0
        self._first = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = transport  # type: ignore[assignment]  # of a stream, it is one

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        if not self._load.over:
            self._load.statuses["connection lost"] += 1

    def ask(self, due: float) -> None:
        """Send one request, which was due at `due`."""
        self._due, self._first = due, 0.0
        if self._transport is not None:
            self._load.asked += 1
            self._transport.write(self._load.next_request())

    def data_received(self, data: bytes) -> None:
        """A part of an answer came in."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        if not self._first and len(self._buffer) > end + 4:
            self._first = time.perf_counter()
        head = self._buffer[:end].lower()
        if CHUNKED in head:
            if not self._buffer.endswith(LAST):
                return
            size = len(self._buffer) - end - 4
        else:
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + size:
            return
        status = self._buffer[9:12].decode()
        if self._load.counts:
            self._load.count(self._buffer.count(b"data: ", end), self._first - self._due)
        del self._buffer[: end + 4 + size]
        self._load.answered(self, status, time.perf_counter() - self._due)


class Load:
    """Requests over `connections`, for `seconds`."""

    def __init__(self, order: dict[str, Any]) -> None:
        """Take an order: host, port, request (text), connections, seconds, rate (0: as fast as it goes).

        With `events` each answer is a stream, whose events are counted.
        """
        self.request: bytes = order["request"].encode()
        self._numbered = NUMBER in self.request
        self.over = False
        self.asked = 0
        self.statuses: Counter[str] = Counter()
        self.latencies: list[float] = []
        self.counts = bool(order.get("events"))
        self._events: Counter[int] = Counter()
        self._firsts: list[float] = []
        self._order = order
        self._free: deque[Caller] = deque()
        self._waiting: deque[float] = deque()
        self._rate = float(order.get("rate", 0))

    def next_request(self) -> bytes:
        """The request, with its number in the place of each `NUMBER`: so that no two are alike."""
        if not self._numbered:
            return self.request
        return self.request.replace(NUMBER, b"%08d" % self.asked)

    def count(self, events: int, first: float) -> None:
        """A stream had so many events, the first of which came after so many seconds."""
        self._events[events] += 1
        self._firsts.append(first)

    def answered(self, caller: Caller, status: str, seconds: float) -> None:
        """A request was answered; its connection takes the next one."""
        self.statuses[status] += 1
        self.latencies.append(seconds)
        if self.over:
            return
        if not self._rate:
            caller.ask(time.perf_counter())
        elif self._waiting:
            caller.ask(self._waiting.popleft())
        else:
            self._free.append(caller)

    async def run(self) -> dict[str, Any]:
        """Ask until the time is over; how many were answered, how, and how fast."""
        order, loop = self._order, asyncio.get_running_loop()
        made = [
            await loop.create_connection(lambda: Caller(self), order["host"], order["port"])
            for _ in range(order["connections"])
        ]
        callers = [caller for _, caller in made]
        began = time.perf_counter()
        if self._rate:
            self._free.extend(callers)
            await self._paced(began, order["seconds"])
        else:
            for caller in callers:
                caller.ask(began)
            await asyncio.sleep(order["seconds"])
        took, found = time.perf_counter() - began, len(self.latencies)
        self.over = True
        await self._rest()
        for transport, _ in made:
            transport.close()
        return self._told(found, took)

    async def _rest(self) -> None:
        """Wait for the answers that are under way; those that do not come are counted, too."""
        ends = time.perf_counter() + PATIENCE
        while self.asked > len(self.latencies) and time.perf_counter() < ends:  # noqa: ASYNC110 - cheaper
            await asyncio.sleep(0.01)
        if self.asked > len(self.latencies):
            self.statuses["not answered"] = self.asked - len(self.latencies)

    async def _paced(self, began: float, seconds: float) -> None:
        for number in range(int(self._rate * seconds)):
            due = began + number / self._rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if self._free:
                self._free.popleft().ask(due)
            else:
                self._waiting.append(due)

    def _told(self, found: int, took: float) -> dict[str, Any]:
        ordered = sorted(self.latencies)
        told = {
            "per_second": round(found / took, 1),
            "statuses": dict(self.statuses),
            "p50": _at(ordered, 0.5),
            "p95": _at(ordered, 0.95),
            "p99": _at(ordered, 0.99),
            "slowest": _at(ordered, 1),
        }
        if self.counts:
            told |= {"events": dict(self._events), "first_p50": _at(sorted(self._firsts), 0.5)}
        return told


def _at(ordered: list[float], share: float) -> float:
    """What a share of the times is under, in milliseconds; 0 where there are none."""
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1_000, 3) if ordered else 0.0


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(Load(json.loads(sys.argv[1])).run())) + "\n")
