"""Small makers of checks and objections, so that every critic reports in the same form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pilothouse.apps.mlops.design import Check, Objection, Review, Verdict
from pilothouse.apps.mlops.requirements import Constraint


@dataclass(frozen=True, slots=True)
class Finding:
    """A check and, where it sends the design back, what the planner is to do."""

    check: Check
    directive: str | None = None


def figure(value: float, unit: str) -> Constraint[float]:
    """A measured number or a limit, with its unit."""
    return Constraint[float](value=value, unit=unit)


def review(critic: str, findings: Iterable[Finding]) -> Review:
    """All findings as one review; a failed check with a directive becomes an objection."""
    found = tuple(findings)
    objections = tuple(
        Objection(
            critic=critic,
            check=finding.check.id,
            reason=finding.check.detail,
            directive=finding.directive,
            component=finding.check.component,
        )
        for finding in found
        if finding.directive is not None and finding.check.verdict is Verdict.FAIL
    )
    return Review(critic=critic, checks=tuple(finding.check for finding in found), objections=objections)
