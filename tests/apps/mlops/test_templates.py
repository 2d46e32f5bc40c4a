"""What people can begin from: each is understood well, and asks nobody."""

from __future__ import annotations

import pytest

from pilothouse import Template
from pilothouse.apps.mlops.application import app
from pilothouse.apps.mlops.coverage import cover
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.requirements import UseCase, Workload

MEANT = {
    "fraud-detection": (UseCase.FRAUD_DETECTION, Workload.ONLINE),
    "demand-forecasting": (UseCase.FORECASTING, Workload.BATCH),
    "rag-assistant": (UseCase.DOCUMENT_QA, Workload.RAG),
    "edge-vision": (UseCase.VISION_INSPECTION, Workload.EDGE),
    "recommendations": (UseCase.RECOMMENDATION, Workload.ONLINE),
    "churn": (UseCase.CHURN, Workload.BATCH),
}


def test_there_are_six() -> None:
    assert [template.id for template in app.templates] == list(MEANT)


@pytest.mark.parametrize("template", app.templates, ids=lambda template: template.id)
def test_each_is_understood_as_it_is_meant_and_leaves_nothing_to_ask(template: Template) -> None:
    understood = read(template.input)
    known = understood.requirements
    assert known.use_case is not None
    assert known.workload is not None
    assert (known.use_case.value, known.workload.value) == MEANT[template.id]
    assert known.budget is not None
    coverage = cover(understood)
    assert coverage.score >= 0.8
    assert coverage.inquiries == ()
    assert understood.contradictions == ()
