"""Validators: parse, lint, test and scan a generated repository, and say where it is wrong."""

from __future__ import annotations

from collections.abc import Mapping

from pilothouse.apps.mlops.validators.model import (
    Finding,
    Severity,
    Validation,
    ValidationFailed,
    ValidatorResult,
    require_passed,
)

__all__ = [
    "Finding",
    "Severity",
    "Validation",
    "ValidationFailed",
    "ValidatorResult",
    "require_passed",
    "validate",
]


def validate(files: Mapping[str, bytes]) -> Validation:
    """Check a generated repository: paths relative to its root, and their content.

    Raises ValueError on a path that leads out of the repository.
    """
    from pilothouse.apps.mlops.validators.running import validate as run

    return run(files)
