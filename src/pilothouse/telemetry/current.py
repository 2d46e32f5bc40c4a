"""The place in a trace at which the running code stands, for what libraries record of their own.

Where the OpenTelemetry API is imported already, its context is set as well: spans that an agent's client or
an HTTP library makes then lie inside the step's span.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

from pilothouse.telemetry.spans import Place

place: ContextVar[Place | None] = ContextVar("pilothouse_place", default=None)
"""Where the running code stands; None outside of traces that are kept."""


class Entered(NamedTuple):
    """What `leave` needs."""

    token: Token[Place | None]
    attached: Token[Any] | None


def enter(where: Place) -> Entered:
    """Stand at `where` from now on; hand what is returned to `leave`, in the same task."""
    token = place.set(where)
    trace, context = sys.modules.get("opentelemetry.trace"), sys.modules.get("opentelemetry.context")
    if trace is None or context is None:
        return Entered(token, None)
    found = trace.SpanContext(
        int(where.trace_id, 16),
        int(where.span_id, 16),
        is_remote=False,
        trace_flags=trace.TraceFlags(trace.TraceFlags.SAMPLED),
    )
    return Entered(token, context.attach(trace.set_span_in_context(trace.NonRecordingSpan(found))))


def leave(entered: Entered) -> None:
    """Stand again where the code stood before `enter`."""
    place.reset(entered.token)
    if entered.attached is not None:
        sys.modules["opentelemetry.context"].detach(entered.attached)
