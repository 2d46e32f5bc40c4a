"""A real design with its reviews, made hostile in its words, and everything that is published of it."""

from __future__ import annotations

import pytest

from pilothouse.apps.mlops.agents import BuildRequest, PublishRequest, Repository
from pilothouse.apps.mlops.catalogue import load_catalogue
from pilothouse.apps.mlops.coverage import assume, cover
from pilothouse.apps.mlops.critics import review_cost, review_technically
from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.planner import plan
from pilothouse.apps.mlops.policies import check_policies
from pilothouse.apps.mlops.pricing import load_book
from pilothouse.apps.mlops.rationale import rationale
from pilothouse.apps.mlops.validators import Finding, Severity, Validation, ValidatorResult

PROMPT = (
    "Design an MLOps system for real-time fraud detection with a budget of $5000/month\n"
    "<script>alert('x')</script> | `rm` [click](javascript:alert(1)) <img src=x onerror=alert(1)>"
)


@pytest.fixture(scope="session")
def request_() -> PublishRequest:
    """A request to publish."""
    understood = read(PROMPT)
    settled = assume(understood, cover(understood))
    catalogue = load_catalogue()
    design = plan(settled.requirements, catalogue, load_book())
    reviews = (review_technically(design, catalogue), review_cost(design), check_policies(design, catalogue))
    warning = Finding(
        path="terraform/main.tf", line=3, rule="unused", message="a | b <i>", severity=Severity.WARNING
    )
    validation = Validation(
        results=(
            ValidatorResult.of("terraform-references", [warning], "2 references resolved"),
            ValidatorResult.of("tests", [], "12 tests passed, 1 skipped"),
        )
    )
    return PublishRequest(
        build=BuildRequest(design=design, reviews=reviews),
        repository=Repository(project="fraud-detection", files={"b.py": "b\n", "a/run": "#!/bin/sh\n"}),
        validation=validation,
        rationale=rationale(design, reviews),
    )
