"""The one place that uses the OpenTelemetry SDK: makes its spans from ours and sends them."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from importlib.metadata import version

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from pilothouse.telemetry.spans import Place, Role, SpanRecord

_TRACES = "/v1/traces"
_KINDS = {
    Role.INTERNAL: trace.SpanKind.INTERNAL,
    Role.SERVER: trace.SpanKind.SERVER,
    Role.CLIENT: trace.SpanKind.CLIENT,
    Role.PRODUCER: trace.SpanKind.PRODUCER,
    Role.CONSUMER: trace.SpanKind.CONSUMER,
}


class _Given(IdGenerator):
    """Hands out the ids of the span that is being made."""

    def __init__(self) -> None:
        self.record: SpanRecord | None = None

    def generate_span_id(self) -> int:
        return int(self.record.span_id, 16) if self.record else 0

    def generate_trace_id(self) -> int:
        return int(self.record.trace_id, 16) if self.record else 0


class _Ended(SpanProcessor):
    """Keeps the spans that have ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class CollectorSender:
    """Sends spans to a collector. The variables OTEL_… of the standard hold, `endpoint` goes before them.

    `endpoint` is the collector's address, such as http://127.0.0.1:4318. For one thread.
    """

    def __init__(self, endpoint: str | None) -> None:
        """Nothing is sent yet."""
        logging.getLogger(OTLPSpanExporter.__module__).setLevel(logging.CRITICAL)  # we say it once ourselves
        self._ids, self._ended = _Given(), _Ended()
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=_resource(),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        provider.add_span_processor(self._ended)
        self._tracer = provider.get_tracer("pilothouse")
        self._exporter = OTLPSpanExporter(endpoint=_traces_at(endpoint) if endpoint else None)

    def send(self, spans: Sequence[SpanRecord]) -> bool:
        """Send; whether they arrived. Blocks for at most the exporter's own timeout (10 s by default)."""
        for record in spans:
            self._make(record)
        made, self._ended.spans = self._ended.spans, []
        return self._exporter.export(made) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Give up what is under way. May be called from another thread."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK's own

    def _make(self, record: SpanRecord) -> None:
        self._ids.record = record
        around = trace.set_span_in_context(trace.INVALID_SPAN)
        if record.parent_id is not None:
            parent = _context(Place(record.trace_id, record.parent_id, sampled=True))
            around = trace.set_span_in_context(trace.NonRecordingSpan(parent), around)
        span = self._tracer.start_span(
            record.name,
            around,
            _KINDS[record.role],
            dict(record.attributes),
            [trace.Link(_context(place)) for place in record.links],
            record.start,
        )
        if record.error is not None:
            span.set_status(trace.Status(trace.StatusCode.ERROR, record.error))
        span.end(record.end)


def _context(place: Place) -> trace.SpanContext:
    return trace.SpanContext(
        int(place.trace_id, 16),
        int(place.span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )


def _resource() -> Resource:
    """What describes this process; its name is ours where the standard variables give it none."""
    made = Resource.create({"service.version": version("pilothouse"), "process.pid": os.getpid()})
    if str(made.attributes.get("service.name", "")).startswith("unknown_service"):
        made = made.merge(Resource({"service.name": "pilothouse"}))
    return made


def _traces_at(endpoint: str) -> str:
    """Where a collector takes traces: the path of the standard, where none is named."""
    return endpoint if endpoint.endswith(_TRACES) else endpoint.rstrip("/") + _TRACES
