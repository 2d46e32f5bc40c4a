"""What can be put on the record."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from pilothouse import Option, Progress, ReasonCard


def test_a_card_survives_json() -> None:
    card = ReasonCard(
        decision="PostgreSQL",
        reasoning=("It is there.",),
        confidence=0.9,
        inputs={"load": [1, {"unit": "rps"}]},
        alternatives=(Option(name="SQLite", reason="One writer.", score=0.2),),
    )
    assert ReasonCard.model_validate_json(card.model_dump_json()) == card


@pytest.mark.parametrize("confidence", [-0.1, 1.1])
def test_confidence_is_between_zero_and_one(confidence: float) -> None:
    with pytest.raises(ValidationError):
        ReasonCard(decision="x", confidence=confidence)


def test_progress_needs_a_positive_total() -> None:
    with pytest.raises(ValidationError):
        Progress(done=0, total=0)
