"""Observes HTTP requests: counts them by route template, and begins or goes on with their traces."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field

from sqlalchemy import event
from sqlalchemy.engine import Connection
from starlette.types import Scope

from pilothouse.kit.clock import elapsed
from pilothouse.kit.masking import mask_text
from pilothouse.kit.session import Database
from pilothouse.telemetry.current import Entered, enter, leave
from pilothouse.telemetry.observer import EngineObserver
from pilothouse.telemetry.sampling import Rate
from pilothouse.telemetry.spans import (
    Place,
    Role,
    SpanRecord,
    Value,
    new_span_id,
    new_trace_id,
    parse_traceparent,
)

METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
READS = frozenset({"GET", "HEAD", "OPTIONS"})
PROBES = ("/health/", "/metrics")
UNMATCHED = "(unmatched)"
"""The route of requests for which there is none."""
REMEMBERED = 100
"""Statements of one request that become spans."""
LONGEST_STATEMENT = 1_000
"""Characters of a statement's text that its span has. Values are not in it: they are parameters."""

Statement = tuple[str, float, float]


@dataclass
class _Statements:
    """The statements of the request that is being served."""

    found: list[Statement] = field(default_factory=list)


_statements: ContextVar[_Statements | None] = ContextVar("pilothouse_statements", default=None)


class Requests:
    """What is told of the requests of one process. `observer` knows what is kept and where it goes.

    Those that only read are kept within a rate of their own (`reading`), so that who looks at runs does not
    take the place of who makes them. Nobody needs traces of probes and scrapes.
    """

    def __init__(self, observer: EngineObserver, reading: Rate) -> None:
        self._observer = observer
        self._reading = reading

    def began(self, scope: Scope, traceparent: str, request_id: str) -> RequestWatch:
        """A request begins. Where it came with a valid traceparent, it is a part of that trace.

        That a caller keeps its trace is heeded as far as there is room for another.
        """
        observer = self._observer
        came = parse_traceparent(traceparent)
        wanted = not scope["path"].startswith(PROBES) if came is None else came.sampled
        rate = self._reading if scope["method"] in READS else observer.sampling
        sampled = observer.exporter is not None and wanted and rate.take()
        place = Place(new_trace_id() if came is None else came.trace_id, new_span_id(), sampled)
        return RequestWatch(observer, place, came, request_id)


class RequestWatch:
    """One request."""

    def __init__(self, observer: EngineObserver, place: Place, came: Place | None, request_id: str) -> None:
        self.traceparent = str(place)
        self.trace_id = place.trace_id
        self._observer, self._place, self._came, self._request_id = observer, place, came, request_id
        self._since = elapsed()
        self._statements = _Statements()
        self._entered: Entered | None = None
        observer.metrics.requests_active += 1
        if place.sampled:
            self._entered = enter(place)
            _statements.set(self._statements)

    def ended(self, scope: Scope, status: int | None) -> None:
        """The response is over; `status` is None where the client went away before it began."""
        observer, now = self._observer, elapsed()
        metrics = observer.metrics
        metrics.requests_active -= 1
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = metrics.route(route_of(scope))
        metrics.requests.add((method, route, str(status or "gone")))
        metrics.request_seconds.observe((method, route), now - self._since)
        if self._entered is None or observer.exporter is None:
            return
        leave(self._entered)
        _statements.set(None)
        observer.exporter.offer(
            RequestRecording(
                *(f"{method} {route}", self._place, self._came, self._since, now, observer.now(), status),
                attributes={
                    "http.request.method": method,
                    "http.route": route,
                    "pilothouse.request.id": self._request_id,
                },
                statements=self._statements.found,
            )
        )


@dataclass(frozen=True)
class RequestRecording:
    """What was remembered of a request. Times are by `elapsed`, but for `now`, the wall clock at the end."""

    name: str
    place: Place
    came: Place | None
    since: float
    until: float
    now: int
    status: int | None
    attributes: dict[str, Value]
    statements: Sequence[Statement]

    @property
    def size(self) -> int:
        """How many spans there will be."""
        return 1 + len(self.statements)

    def spans(self) -> Sequence[SpanRecord]:
        """The request and its statements."""
        said = dict(self.attributes)
        error = None
        if self.status is None:
            error = "The client went away."
        else:
            said["http.response.status_code"] = self.status
            if self.status >= 500:
                error = f"HTTP {self.status}"
        place, came = self.place, self.came
        request = SpanRecord(
            self.name,
            Role.SERVER,
            place.trace_id,
            place.span_id,
            came.span_id if came is not None else None,
            self._at(self.since),
            self.now,
            said,
            error,
        )
        return [request, *(self._statement(*each) for each in self.statements)]

    def _statement(self, sql: str, began: float, ended: float) -> SpanRecord:
        text = " ".join(sql[:LONGEST_STATEMENT].split())
        operation = text.partition(" ")[0].upper()[:20]
        return SpanRecord(
            operation,
            Role.CLIENT,
            self.place.trace_id,
            new_span_id(),
            self.place.span_id,
            self._at(began),
            self._at(ended),
            {
                "db.system.name": "postgresql",
                "db.operation.name": operation,
                "db.query.text": mask_text(text),
            },
        )

    def _at(self, moment: float) -> int:
        return self.now - int((self.until - moment) * 1e9)


def route_of(scope: Scope) -> str:
    """The template of the route that served a request, such as /api/v1/runs/{run_id}.

    A route knows its path inside the router that was included; what stands before it has no variables.
    """
    route = scope.get("route")
    if route is None:
        return UNMATCHED
    template = str(route.path)
    if ":path}" in template:
        return template
    segments = str(scope["path"]).split("/")
    return "/".join(segments[: len(segments) - template.count("/")]) + template


def observe_statements(database: Database) -> None:
    """Remember the statements of requests whose trace is kept."""

    def before(connection: Connection, *_: object) -> None:
        if _statements.get() is not None:
            connection.info["pilothouse_since"] = elapsed()

    def after(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        remembered = _statements.get()
        since = connection.info.pop("pilothouse_since", None)
        if remembered is not None and since is not None and len(remembered.found) < REMEMBERED:
            remembered.found.append((statement, since, elapsed()))

    def read(statements: Sequence[str], seconds: float, _failed: bool) -> None:
        remembered, now = _statements.get(), elapsed()
        if remembered is not None and len(remembered.found) < REMEMBERED:
            remembered.found.append((";".join(statements), now - seconds, now))

    engine = database.engine
    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    database.observe_reads(read)
