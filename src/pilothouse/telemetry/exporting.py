"""Sends spans to a collector (OTLP over HTTP) from a thread of its own, behind a bounded queue.

Nothing waits for the collector: what does not fit or does not arrive is dropped and counted, and that the
collector is away is logged once. The SDK is imported when spans are to be sent: it is an extra.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Protocol

import structlog

from pilothouse.errors import Category, PilothouseError
from pilothouse.kit.clock import elapsed
from pilothouse.telemetry.spans import SpanRecord

log = structlog.get_logger(__name__)

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
"""The standard variables that name a collector."""

WAITING = 1_000
"""Pieces of work (a request or a turn each) that wait to be sent, at most."""
TOGETHER = 100
"""Pieces of work that are sent in one request."""
EVERY = 1.0
"""Seconds between two looks at the queue."""
PAUSES = (5.0, 60.0)
"""Seconds for which nothing is sent after a failure: the first time, and at most."""


class TelemetryUnavailable(PilothouseError):
    """Spans are to be sent, but what sends them is not installed."""

    code = "telemetry_unavailable"
    category = Category.USER


class Recording(Protocol):
    """Something whose spans are to be sent."""

    @property
    def size(self) -> int:
        """About how many spans there are."""
        ...

    def spans(self) -> Sequence[SpanRecord]:
        """The spans, made in the exporter's thread."""
        ...


class Sender(Protocol):
    """What sends spans."""

    def send(self, spans: Sequence[SpanRecord]) -> bool:
        """Send; whether they arrived."""
        ...

    def close(self) -> None:
        """Give up what is under way."""
        ...


def is_wanted(endpoint: str | None) -> bool:
    """Whether spans are to be sent: by the setting, or by the standard variables."""
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    return bool(endpoint or any(os.environ.get(name) for name in ENDPOINTS))


def require_sdk() -> None:
    """Raise `TelemetryUnavailable` where what sends spans is not installed. Imports next to nothing."""
    try:
        found = find_spec("opentelemetry.exporter.otlp.proto.http") and find_spec("opentelemetry.sdk")
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise TelemetryUnavailable(
            "An OTLP endpoint is set, but OpenTelemetry is not installed.",
            hint="Install it (pip install 'pilothouse[otel]'), or unset the endpoint.",
        )


def collector(endpoint: str | None) -> Sender:
    """What sends spans to `endpoint`, or to where the standard variables say."""
    from pilothouse.telemetry.sdk import CollectorSender

    return CollectorSender(endpoint)


class Exporter:
    """Sends what is offered, in the background. `offer` is for one thread and returns at once."""

    def __init__(
        self, make: Callable[[], Sender], *, waiting: int = WAITING, every: float | None = None
    ) -> None:
        """Begin; `make` is called in the exporter's thread, because what it imports is slow."""
        self.sent = 0
        self.dropped = 0
        self.lost = 0
        self.reachable: bool | None = None
        self._pause = PAUSES[0]
        self._paused_until = 0.0
        self._make = make
        self._sender: Sender | None = None
        self._waiting = waiting
        self._every = EVERY if every is None else every
        self._queue: deque[Recording] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pilothouse-spans", daemon=True)
        self._thread.start()

    @property
    def queued(self) -> int:
        """How many pieces of work wait to be sent."""
        return len(self._queue)

    def cpu_time(self) -> float:
        """Seconds of CPU time that its thread has used; 0 where the system does not say (it is no Unix)."""
        if self._thread.ident is None or not self._thread.is_alive() or sys.platform == "win32":
            return 0.0
        return time.clock_gettime(time.pthread_getcpuclockid(self._thread.ident))

    def offer(self, recording: Recording) -> None:
        """Send the spans of `recording` soon, or drop them where too much is waiting."""
        if self.reachable is False and elapsed() < self._paused_until:
            self.lost += recording.size
            return
        if len(self._queue) >= self._waiting:
            self.dropped += recording.size
            return
        self._queue.append(recording)

    def close(self, patience: float = 3.0) -> None:
        """Send what is waiting, for at most `patience` seconds, and stop."""
        self._stopping.set()
        self._thread.join(patience)
        if self._thread.is_alive() and self._sender is not None:
            self._sender.close()
            self._thread.join(1.0)

    def _run(self) -> None:
        self._sender = self._make()
        while not self._stopping.wait(self._every):
            self._send_waiting()
        self._send_waiting()
        self._sender.close()

    def _send_waiting(self) -> None:
        while self._queue:
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), TOGETHER))]
            spans: list[SpanRecord] = []
            for recording in batch:
                try:
                    spans.extend(recording.spans())
                except Exception:
                    self.dropped += recording.size
                    log.exception("spans_not_made")
            self._send(spans)
            if self.reachable is False and self._stopping.is_set():
                return  # nobody waits for a collector that is away

    def _send(self, spans: Sequence[SpanRecord]) -> None:
        if not spans or self._sender is None:
            return
        arrived = self._sender.send(spans)
        if arrived:
            self.sent += len(spans)
            self._pause = PAUSES[0]
            if self.reachable is False:
                log.info("collector_back", spans_lost=self.lost)
        else:
            self.lost += len(spans)
            self._paused_until = elapsed() + self._pause
            self._pause = min(self._pause * 2, PAUSES[1])
            if self.reachable is not False:
                log.warning("collector_away", hint="Spans are dropped and counted until it is back.")
        self.reachable = arrived
