"""Compares what was read with what a table of cases says must be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pilothouse.apps.mlops.requirements import Budget, Constraint, Intake, Origin

Case = dict[str, Any]
HERE = Path(__file__).parent


def cases(name: str) -> list[Case]:
    """The cases of a table of this folder."""
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


def stated(intake: Intake, field: str) -> Constraint[Any] | None:
    """The constraint on `field` if it was said rather than inferred."""
    constraint = getattr(intake.requirements, field)
    return constraint if constraint is not None and constraint.origin is Origin.STATED else None


def plain(value: object) -> object:
    """A value as the tables write it."""
    if isinstance(value, Budget):
        return f"{value.monthly} {value.currency}"
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return getattr(value, "value", value)


def assert_case(intake: Intake, case: Case) -> None:
    """What the case says of stated constraints, absent ones and contradictions holds."""
    for field, wanted in case.get("get", {}).items():
        constraint = stated(intake, field)
        assert constraint is not None, f"nothing was read about {field}"
        found = plain(constraint.value)
        if isinstance(wanted, int | float) and not isinstance(wanted, bool):
            assert found == pytest.approx(wanted, rel=1e-3), field
        else:
            assert found == wanted, field
    for field in case.get("absent", ()):
        assert stated(intake, field) is None, f"{field} was read from nothing"
    if "clash" in case:
        assert ["+".join(item.fields) for item in intake.contradictions] == case["clash"]
