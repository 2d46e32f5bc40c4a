"""Telemetry over HTTP: metrics for Prometheus, and the trace of a run."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Header, Query, Response

from pilothouse.kit.problems import documented
from pilothouse.routing import Endpoints
from pilothouse.telemetry.schemas import OtlpTrace, RunTrace
from pilothouse.telemetry.service import Telemetry
from pilothouse.telemetry.traces import Traces

Format = Annotated[
    Literal["json", "otlp"],
    Query(description="json: spans as a tree to read; otlp: as OTLP/JSON, for a collector."),
]


def metrics(telemetry: Telemetry) -> Endpoints:
    """The endpoint that Prometheus reads. It is no part of the API's contract."""
    router = Endpoints(include_in_schema=False)

    @router.get("/metrics")
    async def show_metrics(accept: Annotated[str, Header()] = "") -> Response:
        """The metrics of this process and of the installation."""
        exposition = await telemetry.exposed(accept)
        return Response(exposition.content, media_type=exposition.media_type)

    return router


def traces(provide: Callable[..., Awaitable[Traces]]) -> Endpoints:
    """The endpoint that shows runs' traces; `provide` makes the service for a request."""
    router = Endpoints(prefix="/runs", tags=["runs"])

    @router.get("/{run_id}/trace", responses=documented(400, 404))
    async def show_trace(
        traces: Annotated[Traces, Depends(provide)],
        run_id: UUID,
        format: Format = "json",  # noqa: A002 - that is what clients call it
    ) -> RunTrace | OtlpTrace:
        """Show a run's trace, from its journal: turns and steps with their times.

        It is there for every run, whether or not its spans were sent to a collector.
        """
        trace = await traces.of_run(run_id)
        return traces.as_otlp(trace) if format == "otlp" else trace

    return router
