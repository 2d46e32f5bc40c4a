"""Spans of the gateway's calls to models."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from pilothouse.telemetry.calls import CallRecording, traced
from pilothouse.telemetry.current import enter, leave
from pilothouse.telemetry.spans import Place, Role
from pilothouse.usage.schemas import Call, Tokens

CALL = Call(
    id=UUID(int=7),
    tenant_id="default",
    at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    source="gateway",
    provider="one",
    model="m",
    principal="key:1",
    tokens=Tokens(20, 10),
    cost=Decimal("0.00004"),
    latency_ms=250.0,
    outcome="provider_failed",
)
AROUND = Place("a" * 32, "b" * 16, sampled=True)


class Kept(list[CallRecording]):
    """Takes what is offered to an exporter."""

    def offer(self, recording: Any) -> None:
        self.append(recording)


def test_a_call_is_a_span_within_its_request() -> None:
    kept: Any = Kept()
    traced(kept, CALL, 10**18)
    assert kept == []
    entered = enter(AROUND)
    try:
        traced(kept, CALL, 10**18)
    finally:
        leave(entered)
    (span,) = kept[0].spans()
    assert (span.name, span.role, span.trace_id, span.parent_id) == (
        "one:m",
        Role.CLIENT,
        "a" * 32,
        "b" * 16,
    )
    assert span.end - span.start == 250_000_000
    assert span.attributes["gen_ai.request.model"] == "m"
    assert span.attributes["gen_ai.usage.output_tokens"] == 10
    assert span.error == "provider_failed"
