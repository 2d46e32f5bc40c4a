"""The rules of traces: a run's trace is what its journal says, for everybody who may see the run."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import version
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.errors import NotFound
from pilothouse.kit.scope import Scope
from pilothouse.runtime.engine import Engine
from pilothouse.telemetry.journalled import spans_of
from pilothouse.telemetry.repository import traced
from pilothouse.telemetry.schemas import (
    OtlpAttribute,
    OtlpResource,
    OtlpResourceSpans,
    OtlpScope,
    OtlpScopeSpans,
    OtlpSpan,
    OtlpStatus,
    OtlpTrace,
    OtlpValue,
    RunTrace,
    TraceSpan,
)
from pilothouse.telemetry.spans import Role, parse_traceparent

MOST = 10_000
"""Spans of one trace that are shown."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Traces:
    """The traces of the runs that a scope may see."""

    def __init__(self, session: AsyncSession, engine: Engine, scope: Scope) -> None:
        """Look runs up in `session`; the engine reads journals."""
        self._session = session
        self._engine = engine
        self._scope = scope

    async def of_run(self, run_id: UUID) -> RunTrace:
        """A run's trace. Raises `NotFound`."""
        run = await traced(self._session, run_id, self._scope.tenant_id)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        place = parse_traceparent(run.traceparent)
        spans = spans_of(run_id, run.pin.partition("@")[0], await self._engine.journal(run_id))
        return RunTrace(
            run_id=run_id,
            trace_id=run_id.hex if place is None else place.trace_id,
            workflow=run.pin,
            request_id=run.request_id,
            sampled=place is not None and place.sampled,
            spans=spans[:MOST],
            truncated=len(spans) > MOST,
        )

    @staticmethod
    def as_otlp(trace: RunTrace) -> OtlpTrace:
        """The same for a collector. A span that is open ends with what was journalled last."""
        last = max((span.ended_at or span.started_at for span in trace.spans), default=_EPOCH)
        service = [_said("service.name", "pilothouse"), _said("service.version", version("pilothouse"))]
        scope = OtlpScope(name="pilothouse.journal", version=version("pilothouse"))
        spans = [_otlp(trace, span, last) for span in trace.spans]
        return OtlpTrace(
            resource_spans=[
                OtlpResourceSpans(
                    resource=OtlpResource(attributes=service),
                    scope_spans=[OtlpScopeSpans(scope=scope, spans=spans)],
                )
            ]
        )


def _otlp(trace: RunTrace, span: TraceSpan, last: dt.datetime) -> OtlpSpan:
    first_entry, last_entry = span.entries
    said = {
        "pilothouse.run.id": str(trace.run_id),
        "pilothouse.workflow": trace.workflow,
        "pilothouse.kind": span.kind,
        "pilothouse.status": span.status,
        "pilothouse.entries": f"{first_entry}-{last_entry}",
        "pilothouse.step": span.key,
        "error.type": span.error_code or "",
    }
    return OtlpSpan(
        trace_id=trace.trace_id,
        span_id=span.span_id,
        parent_span_id=span.parent_id or "",
        name=span.name,
        kind=Role.CONSUMER if span.kind == "turn" else Role.INTERNAL,
        start_time_unix_nano=_nanoseconds(span.started_at),
        end_time_unix_nano=_nanoseconds(span.ended_at or last),
        attributes=[_said(key, value) for key, value in said.items() if value],
        status=OtlpStatus(code=2 if span.status == "failed" else 1, message=span.error or ""),
    )


def _said(key: str, value: str) -> OtlpAttribute:
    return OtlpAttribute(key=key, value=OtlpValue(string_value=value))


def _nanoseconds(moment: dt.datetime) -> str:
    return str((moment - _EPOCH) // dt.timedelta(microseconds=1) * 1_000)
