"""The variables of the catalogue's formulas, set for one brief, one place and one level of usage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pilothouse.apps.mlops.planner.brief import SECONDS_PER_MONTH, Brief
from pilothouse.apps.mlops.planner.estimates import CORES_PER_ACCELERATOR
from pilothouse.apps.mlops.requirements import Workload

UTILISATION = 0.6
"""Share of a serving unit's capacity that peak traffic may use, so that queues stay short."""

CACHE_HIT = 0.3
"""Share of lookups that a cache answers (design assumption)."""

CHUNKS_PER_DOCUMENT = 8
VECTOR_KB = 1024 * 4 / 1000 * 1.5
"""1,024 dimensions of 4 bytes, and half as much again for the index (design assumption)."""

GPU_BATCH = 4.0
"""Requests that an accelerator answers together in hardly more than the time of one (design assumption)."""

TOKENS_PER_CHUNK = 400
TOKENS_PER_SECOND_AND_GPU = 800.0
"""Tokens a second that one 24 GB accelerator writes for a model of 8 billion parameters, requests batched."""

LOGGED_RPS = 50.0
"""Access logs are sampled above this rate; decisions are kept in full in the object store."""


class Level(StrEnum):
    """How much of the expected usage comes."""

    LOW = "low"
    EXPECTED = "expected"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Posture:
    """How much redundancy: zones in each region, and whether a second region stands by."""

    zones: int
    standby: bool = False

    @property
    def words(self) -> str:
        """The posture as people say it."""
        zones = "one zone" if self.zones == 1 else f"{self.zones} zones"
        return f"{zones} and a standby region" if self.standby else zones


@dataclass(frozen=True, slots=True)
class Place:
    """One region of a design: how much of the traffic it takes and what it must be able to take."""

    region: str
    share: float
    peak_share: float
    standby: bool = False


def sheet(
    brief: Brief,
    posture: Posture,
    place: Place,
    *,
    regions: int = 1,
    cached: bool = False,
    host: str = "",
    level: Level = Level.EXPECTED,
) -> dict[str, float]:
    """Every variable of `catalogue.variables`, as numbers."""
    factor = {Level.LOW: brief.spread.low, Level.EXPECTED: 1.0, Level.HIGH: brief.spread.high}[level]
    values: dict[str, float] = {
        "zones": posture.zones,
        "regions": regions,
        "standby": float(place.standby),
        "host_aws": float(host == "aws"),
        "host_gcp": float(host == "gcp"),
        "host_azure": float(host == "azure"),
        "cache_hit": CACHE_HIT if cached else 0.0,
        "retention_days": brief.retention_days,
        "devices": brief.demand.devices,
    }
    values |= _traffic(brief, place, factor, values["cache_hit"])
    values |= _data(brief, factor)
    values |= _serving(brief, place)
    values |= _batch(brief, factor)
    values |= _training(brief, factor)
    return values


def _traffic(brief: Brief, place: Place, factor: float, cache_hit: float) -> dict[str, float]:
    demand = brief.demand
    requests = demand.requests_per_month * place.share * factor
    mean = demand.mean_rps * place.share
    peak = demand.peak_rps * place.peak_share
    streaming = brief.shape.id is Workload.STREAMING
    writes = 0.5 if streaming else 0.2 if brief.use_case.fresh_features else 0.05
    answer_kb = 0.5 if streaming else 3.0 if brief.shape.id is Workload.RAG else 2.0
    return {
        "mean_rps": mean,
        "peak_rps": peak,
        "requests": requests,
        "payload_kb": demand.payload_kb,
        "data_gb": requests * demand.payload_kb / 1e6,
        "response_gb": requests * answer_kb / 1e6,
        "consumed": 0.0 if streaming else requests,
        "feature_reads": requests * (1 - cache_hit),
        "feature_writes": demand.requests_per_month * factor * writes,  # every region holds all features
        "peak_reads": peak * (1 - cache_hit),
        "peak_writes": demand.peak_rps * writes,
        "log_gb": 5.0 + min(mean * factor, LOGGED_RPS) * SECONDS_PER_MONTH * 0.5 / 1e6,
        "metrics": 30.0,
        "alarms": 12.0,
        "tokens_in": brief.tokens_in,
        "tokens_out": brief.tokens_out,
        "generation_gpus": peak * (brief.tokens_out + brief.tokens_in / 10) / TOKENS_PER_SECOND_AND_GPU
        / UTILISATION,
    }  # fmt: skip


def _data(brief: Brief, factor: float) -> dict[str, float]:
    demand = brief.demand
    vectors = demand.documents * CHUNKS_PER_DOCUMENT
    days = min(max(brief.retraining_days, 1 / 24), 30.0)
    return {
        "storage_gb": demand.storage_gb + demand.growth_gb_per_month * 6 * factor,
        "growth_gb": demand.growth_gb_per_month * factor,
        "features_gb": min(max(0.01 * demand.storage_gb, 1.0), 200.0),
        "documents": demand.documents,
        "vectors": vectors,
        "vector_gb": vectors * VECTOR_KB / 1e6,
        "embedding_tokens": vectors * TOKENS_PER_CHUNK * 0.1 * factor
        + demand.requests_per_month * 30 * factor * (1 if demand.documents else 0),
        "runs": 30.0 + 30.4 / days,
    }


def _serving(brief: Brief, place: Place) -> dict[str, float]:
    model, peak = brief.model, brief.demand.peak_rps * place.peak_share
    inference = model.gpu_ms if brief.serve_gpu else model.cpu_ms
    return {
        "serve_gpu": float(brief.serve_gpu),
        "model_mb": model.model_mb,
        "model_memory_gb": model.memory_gb,
        "cpu_rps": 1000 / model.cpu_ms,
        "gpu_rps": GPU_BATCH * 1000 / model.gpu_ms,
        "serving_vcpu": 0.0 if brief.serve_gpu else peak * model.cpu_ms / 1000 / UTILISATION,
        "serving_gpus": peak * model.gpu_ms / 1000 / GPU_BATCH / UTILISATION if brief.serve_gpu else 0.0,
        "inference_p50": inference,
        "inference_p99": inference * model.p99_factor,
        "edge_p50": model.edge_ms,
        "edge_p99": model.edge_ms * model.p99_factor,
    }


def _batch(brief: Brief, factor: float) -> dict[str, float]:
    """Half as much again as the predictions alone take, for reading and writing data."""
    milliseconds = brief.demand.requests_per_month * factor * 1.5
    return {
        "batch_vcpu_hours": 0.0 if brief.serve_gpu else milliseconds * brief.model.cpu_ms / 3.6e6,
        "batch_gpu_hours": milliseconds * brief.model.gpu_ms / GPU_BATCH / 3.6e6 if brief.serve_gpu else 0.0,
    }


def _training(brief: Brief, factor: float) -> dict[str, float]:
    """One training is to finish in a day, or where that takes over 64 units in half its period."""
    hours = brief.demand.training_hours_per_month
    days = max(brief.retraining_days, 1 / 24)
    trainings = 30.4 / days
    each = hours / trainings
    half = days * 12
    window = max(min(24.0, half), min(each / 64, half))
    units = each / window
    gpu = brief.demand.gpu
    return {
        "gpu": float(gpu),
        "trainings": trainings,
        "train_vcpu": 0.0 if gpu else units,
        "train_gpu": units if gpu else 0.0,
        "train_memory_gb": min(max(16.0, brief.demand.storage_gb / 20), 64.0),
        "train_vcpu_hours": 0.0 if gpu else hours * factor,
        "train_gpu_hours": hours * factor if gpu else 0.0,
    }


__all__ = ["CORES_PER_ACCELERATOR", "Level", "Place", "Posture", "sheet"]
