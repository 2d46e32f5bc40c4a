"""What a run of the architect returns: the design, how it was judged, and where its files are."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from pilothouse import Artifact
from pilothouse.apps.mlops.design import Design, Objection, Review, Verdict
from pilothouse.apps.mlops.requirements import Coverage, Frozen


class Round(Frozen):
    """One pass through planner and critics, and what was objected to."""

    number: int
    objections: tuple[Objection, ...] = ()


class Cost(Frozen):
    """The monthly cost in US dollars, as decimal strings; `within_budget` is None without a budget."""

    low: str
    expected: str
    high: str
    budget: str | None
    within_budget: bool | None
    unknown_lines: int


class MlopsResult(Frozen):
    """The outcome in one document.

    `checks` counts passed, warned and failed checks of the last round; `files` has the first 16 digits of
    the SHA-256 of each generated file.
    """

    cloud: str
    region: str
    workload: str
    coverage: float
    components: dict[str, str]
    cost: Cost
    checks: dict[str, int]
    rounds: tuple[Round, ...]
    artifacts: tuple[Artifact, ...]
    files: dict[str, str]
    design: Design

    @classmethod
    def of(
        cls,
        coverage: Coverage,
        design: Design,
        reviews: Sequence[Review],
        rounds: Sequence[Round],
        files: Mapping[str, str],
        artifacts: Sequence[Artifact],
    ) -> MlopsResult:
        """Put the result together."""
        checks = [check for review in reviews for check in review.checks]
        bill = design.bill
        return cls(
            cloud=design.cloud.value,
            region=design.region,
            workload=design.workload.value,
            coverage=coverage.score,
            components={choice.role.value: choice.component for choice in design.choices},
            cost=Cost(
                low=f"{bill.low:.2f}",
                expected=f"{bill.expected:.2f}",
                high=f"{bill.high:.2f}",
                budget=None if bill.budget_usd is None else f"{bill.budget_usd:.2f}",
                within_budget=bill.within_budget,
                unknown_lines=len(bill.unknown),
            ),
            checks={verdict.value: sum(check.verdict is verdict for check in checks) for verdict in Verdict},
            rounds=tuple(rounds),
            artifacts=tuple(artifacts),
            files={path: hashlib.sha256(text.encode()).hexdigest()[:16] for path, text in files.items()},
            design=design,
        )
