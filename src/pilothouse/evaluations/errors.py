"""What can go wrong with evaluations."""

from __future__ import annotations

from decimal import Decimal

from pilothouse.errors import Category, InvalidInput, PilothouseError, Severity


class SetInvalid(InvalidInput):
    """The evaluation set cannot be read."""

    code = "evaluation_set_invalid"


class CheckInvalid(InvalidInput):
    """The check cannot be used."""

    code = "check_invalid"


class ResultsInvalid(InvalidInput):
    """The file holds no results of an evaluation."""

    code = "evaluation_results_invalid"


class NeedsRun(InvalidInput):
    """The expert uses verbs of a run, and an evaluation has none."""

    code = "expert_needs_run"


class NotJudged(PilothouseError):
    """A judge model gave no judgement. `cost` is what it took, in US dollars."""

    code = "not_judged"
    category = Category.EXTERNAL
    severity = Severity.WARNING

    def __init__(self, message: str, cost: Decimal = Decimal(0)) -> None:
        """Keep what was spent."""
        super().__init__(message)
        self.cost = cost


class AllSpent(PilothouseError):
    """What it may cost is spent before it came to an end."""

    code = "evaluation_spent"
    category = Category.BUSINESS
    severity = Severity.WARNING
