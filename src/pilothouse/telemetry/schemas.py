"""What crosses the API about traces: spans to read, and the same as OTLP/JSON for collectors."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

SpanKind = Literal["run", "turn", "call", "act", "ask", "sleep", "save"]


class TraceSpan(BaseModel):
    """A part of a run with its time. `ended_at` is null while it is open.

    `entries` are the first and last journal entries that tell of it. A step's beginning is journalled only
    where it takes a while; `exact` is false where it is taken from what was journalled before it.
    """

    model_config = ConfigDict(frozen=True)

    span_id: str
    parent_id: str | None
    kind: SpanKind
    name: str
    key: str = ""
    started_at: dt.datetime
    ended_at: dt.datetime | None
    exact: bool = True
    status: Literal["ok", "failed", "open"]
    error_code: str | None = None
    error: str | None = None
    entries: tuple[int, int]


class RunTrace(BaseModel):
    """A run's trace as its journal has it, in the order of beginnings. `truncated`: there are more spans."""

    model_config = ConfigDict(frozen=True)

    run_id: UUID
    trace_id: str
    workflow: str
    request_id: str | None
    sampled: bool
    spans: list[TraceSpan]
    truncated: bool = False


class _Otlp(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class OtlpValue(_Otlp):
    """The value of an attribute: exactly one of these."""

    string_value: str | None = None
    int_value: str | None = None


class OtlpAttribute(_Otlp):
    """An attribute."""

    key: str
    value: OtlpValue


class OtlpStatus(_Otlp):
    """How a span ended: 1 well, 2 not."""

    code: int
    message: str = ""


class OtlpSpan(_Otlp):
    """A span; ids are hexadecimal, times are nanoseconds since 1970, as text."""

    trace_id: str
    span_id: str
    parent_span_id: str = ""
    name: str
    kind: int
    start_time_unix_nano: str
    end_time_unix_nano: str
    attributes: list[OtlpAttribute]
    status: OtlpStatus


class OtlpScope(_Otlp):
    """What made the spans."""

    name: str
    version: str


class OtlpScopeSpans(_Otlp):
    """The spans of one maker."""

    scope: OtlpScope
    spans: list[OtlpSpan]


class OtlpResource(_Otlp):
    """What the spans are about."""

    attributes: list[OtlpAttribute]


class OtlpResourceSpans(_Otlp):
    """The spans of one resource."""

    resource: OtlpResource
    scope_spans: list[OtlpScopeSpans]


class OtlpTrace(_Otlp):
    """An OTLP/JSON export (ExportTraceServiceRequest): a collector takes it at /v1/traces as it is."""

    resource_spans: list[OtlpResourceSpans]
