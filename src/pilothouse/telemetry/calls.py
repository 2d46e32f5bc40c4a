"""The span of a call to a model that the gateway has made: a child of the request that asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilothouse.telemetry.current import place
from pilothouse.telemetry.exporting import Exporter
from pilothouse.telemetry.models import attributes
from pilothouse.telemetry.spans import Place, Role, SpanRecord, new_span_id
from pilothouse.usage.schemas import Call


@dataclass(frozen=True)
class CallRecording:
    """A call within a trace. `ended` is in nanoseconds since 1970."""

    call: Call
    around: Place
    ended: int

    size = 1

    def spans(self) -> Sequence[SpanRecord]:
        """The call, named as OpenTelemetry's conventions for generative AI have it."""
        call = self.call
        said = {
            **attributes(call),
            "pilothouse.call.id": str(call.id),
            "pilothouse.call.cached": call.cached,
        }
        return [
            SpanRecord(
                f"{call.provider}:{call.model}",
                Role.CLIENT,
                self.around.trace_id,
                new_span_id(),
                self.around.span_id,
                self.ended - int(call.latency_ms * 1e6),
                self.ended,
                said,
                None if call.outcome == "ok" else call.outcome,
            )
        ]


def traced(exporter: Exporter, call: Call, ended: int) -> None:
    """Offer the span of a call that has ended just now, where the trace of its request is kept."""
    around = place.get()
    if around is not None:
        exporter.offer(CallRecording(call, around, ended))
