"""The brief fills in what was not given, and says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pilothouse.apps.mlops.catalogue import Catalogue
from pilothouse.apps.mlops.planner.brief import SECONDS_PER_MONTH, Brief, make_brief
from pilothouse.apps.mlops.requirements import (
    Constraint,
    ModelFamily,
    Origin,
    Requirements,
    UseCase,
    Workload,
)


@pytest.fixture
def brief(ask: Callable[..., Requirements], catalogue: Catalogue) -> Callable[..., Brief]:
    return lambda **given: make_brief(ask(**given), catalogue)


def test_the_workload_follows_the_use_case_where_it_was_not_said(brief: Callable[..., Brief]) -> None:
    assert brief(use_case=UseCase.CHATBOT).shape.id is Workload.RAG
    assert brief(use_case=UseCase.CHATBOT, workload=Workload.BATCH).shape.id is Workload.BATCH
    assert brief().shape.id is Workload.ONLINE


@pytest.mark.parametrize(
    ("given", "mean", "peak"),
    [
        ({"throughput_rps": 30.0, "peak_factor": 5.0}, 30, 150),
        ({"use_case": UseCase.FRAUD_DETECTION}, 50, 200),
        ({"users": 86_400, "peak_factor": 2.0}, 10, 20),
        ({"workload": Workload.EDGE, "devices": 600, "peak_factor": 1.0}, 10, 10),
        ({"throughput_rps": 30.0, "peak_factor": 0.5}, 30, 30),
    ],
)
def test_traffic_is_taken_from_what_is_known(
    given: dict[str, object], mean: float, peak: float, brief: Callable[..., Brief]
) -> None:
    demand = brief(**given).demand
    assert demand.mean_rps == pytest.approx(mean)
    assert demand.peak_rps == pytest.approx(peak)
    assert demand.requests_per_month == pytest.approx(mean * SECONDS_PER_MONTH)


def test_a_range_of_throughput_sets_the_peak_and_the_spread(catalogue: Catalogue) -> None:
    throughput = Constraint[float](value=100.0, low=50.0, high=900.0)
    made = make_brief(
        Requirements(prompt="", throughput_rps=throughput, peak_factor=Constraint(value=2.0)), catalogue
    )
    assert made.demand.peak_rps == 900
    assert (made.spread.low, made.spread.high) == (0.5, 9.0)


def test_an_assumed_throughput_spreads_wider_than_a_stated_one(brief: Callable[..., Brief]) -> None:
    stated = brief(throughput_rps=10.0).spread
    assert (stated.low, stated.high) == (0.8, 1.25)
    for assumed in (brief().spread, brief(throughput_rps=(10.0, Origin.ASSUMED)).spread):
        assert (assumed.low, assumed.high) == (0.5, 2.0)


def test_training_follows_data_volume_interval_and_accelerator(brief: Callable[..., Brief]) -> None:
    weekly = brief(data_volume_gb=100.0, retraining_days=7.0).demand.training_hours_per_month
    daily = brief(data_volume_gb=100.0, retraining_days=1.0).demand.training_hours_per_month
    assert daily == pytest.approx(7 * weekly, rel=0.01)
    vision = {"model_family": ModelFamily.COMPUTER_VISION, "data_volume_gb": 100.0, "retraining_days": 7.0}
    on_gpu, on_cpu = brief(**vision).demand, brief(**vision, gpu=False).demand
    assert on_gpu.gpu
    assert not on_cpu.gpu
    assert on_cpu.training_hours_per_month == pytest.approx(12 * on_gpu.training_hours_per_month, rel=0.05)
    trees = {"model_family": ModelFamily.GRADIENT_BOOSTING, "data_volume_gb": 100.0, "retraining_days": 7.0}
    forced, usual = brief(**trees, gpu=True).demand, brief(**trees).demand
    assert forced.training_hours_per_month == pytest.approx(usual.training_hours_per_month / 12, rel=0.05)
    assert brief(workload=Workload.RAG).demand.training_hours_per_month == 0


@pytest.mark.parametrize(
    ("given", "served"),
    [
        ({"model_family": ModelFamily.GRADIENT_BOOSTING, "gpu": True}, False),
        ({"model_family": ModelFamily.TRANSFORMER, "gpu": True}, True),
        ({"model_family": ModelFamily.TRANSFORMER, "gpu": False, "latency_ms": 20.0}, False),
        ({"model_family": ModelFamily.TRANSFORMER, "latency_ms": 100.0}, True),
        ({"model_family": ModelFamily.TRANSFORMER, "latency_ms": 1000.0, "throughput_rps": 5.0}, False),
        ({"model_family": ModelFamily.TRANSFORMER, "latency_ms": 1000.0, "throughput_rps": 5000.0}, True),
        ({"model_family": ModelFamily.TRANSFORMER, "workload": Workload.BATCH}, False),
        ({"model_family": ModelFamily.TRANSFORMER, "workload": Workload.RAG, "gpu": True}, False),
    ],
)
def test_an_accelerator_serves_where_it_is_asked_for_or_cores_do_not_do(
    given: dict[str, object], served: bool, brief: Callable[..., Brief]
) -> None:
    assert brief(**given).serve_gpu is served


def test_assumed_limits_are_goals_and_stated_or_inferred_ones_are_hard(brief: Callable[..., Brief]) -> None:
    assert not brief(latency_ms=(100.0, Origin.ASSUMED)).latency_hard
    assert brief(latency_ms=(100.0, Origin.INFERRED)).latency_hard
    assert brief(availability=0.999).availability_hard
    assert not brief().availability_hard
    assert not brief(workload=Workload.TRAINING, latency_ms=1.0).latency_hard


def test_documents_and_tokens_belong_to_rag_alone(brief: Callable[..., Brief]) -> None:
    rag = brief(workload=Workload.RAG, context_documents=5)
    assert (rag.demand.documents, rag.tokens_in, rag.tokens_out) == (5, 3000, 400)
    assert rag.model.id is ModelFamily.LLM
    assert brief().demand.documents == 0
