"""The brief: requirements made complete, what was not given filled in and named as an assumption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from pilothouse.apps.mlops.catalogue.model import Catalogue
from pilothouse.apps.mlops.catalogue.workloads import ModelProfile, UseCaseProfile, WorkloadShape
from pilothouse.apps.mlops.design import Demand
from pilothouse.apps.mlops.planner.estimates import (
    Notes,
    Spread,
    devices_of,
    is_hard,
    is_said,
    kind_of,
    serving_gpu,
    spread_of,
    traffic_of,
    training_gpu,
    training_hours,
)
from pilothouse.apps.mlops.requirements import Requirements, Workload

SECONDS_PER_MONTH = 730 * 3600
"""730 hours, the month that cloud providers bill by."""


RETENTION_DAYS = 365
DOCUMENTS = 100_000
TOKENS_IN, TOKENS_OUT = 3000, 400
"""What is assumed where neither the customer nor the use case says."""


class Kind(NamedTuple):
    """What sort of system it is."""

    shape: WorkloadShape
    use_case: UseCaseProfile
    model: ModelProfile


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything the planner and the critics compute from, derived from the requirements alone."""

    requirements: Requirements
    shape: WorkloadShape
    use_case: UseCaseProfile
    model: ModelProfile
    demand: Demand
    spread: Spread
    retraining_days: float
    retention_days: int
    serve_gpu: bool
    tokens_in: int
    tokens_out: int
    latency_hard: bool
    availability_hard: bool


def make_brief(requirements: Requirements, catalogue: Catalogue) -> Brief:
    """Derive the brief. The same requirements give the same brief."""
    notes = Notes()
    shape, use_case, model = kind_of(requirements, catalogue, notes)
    retraining = notes.take(requirements.retraining_days, use_case.retraining_days, "Days between trainings")
    demand = _demand(requirements, Kind(shape, use_case, model), retraining, notes)
    if requirements.latency_ms is None and shape.latency_ms is not None:
        notes.lines.append(f"Latency: {shape.latency_ms:g} ms as a goal (not given)")
    notes.lines.append(f"Size of one request or event: {use_case.payload_kb:g} kB")
    retention = int(notes.take(requirements.retention_days, RETENTION_DAYS, "Days of retention"))
    rag = shape.id is Workload.RAG
    return Brief(
        requirements=requirements,
        shape=shape,
        use_case=use_case,
        model=model,
        demand=demand.model_copy(update={"assumptions": tuple(notes.lines)}),
        spread=spread_of(requirements),
        retraining_days=retraining,
        retention_days=retention,
        serve_gpu=serving_gpu(requirements, shape, model, demand.peak_rps),
        tokens_in=(use_case.tokens_in or TOKENS_IN) if rag else 0,
        tokens_out=(use_case.tokens_out or TOKENS_OUT) if rag else 0,
        latency_hard=is_hard(requirements.latency_ms) and bool(shape.path),
        availability_hard=is_said(requirements.availability) and bool(shape.path),
    )


def _demand(requirements: Requirements, kind: Kind, retraining: float, notes: Notes) -> Demand:
    shape, use_case, model = kind
    mean, peak = traffic_of(requirements, shape, use_case, notes)
    storage = notes.take(requirements.data_volume_gb, use_case.storage_gb, "Data kept in GB")
    usual_growth = round(storage * use_case.growth_gb_per_month / use_case.storage_gb, 1)
    rag = shape.id is Workload.RAG
    usual_documents = use_case.documents or DOCUMENTS
    gpu = training_gpu(requirements, model) and not rag
    return Demand(
        mean_rps=mean,
        peak_rps=peak,
        requests_per_month=round(mean * SECONDS_PER_MONTH),
        payload_kb=use_case.payload_kb,
        storage_gb=storage,
        growth_gb_per_month=notes.take(
            requirements.data_growth_gb_per_month, usual_growth, "Growth in GB a month"
        ),
        training_hours_per_month=0.0 if rag else round(training_hours(storage, retraining, model, gpu), 1),
        availability=notes.take(requirements.availability, shape.availability, "Availability"),
        latency_ms=requirements.latency_ms.value if requirements.latency_ms else shape.latency_ms,
        latency_percentile=notes.take(
            requirements.latency_percentile, shape.latency_percentile, "Latency percentile"
        ),
        gpu=gpu or (requirements.gpu is not None and requirements.gpu.value),
        devices=devices_of(requirements, shape, notes),
        documents=int(notes.take(requirements.context_documents, usual_documents, "Documents to answer from"))
        if rag
        else 0,
    )
