"""What is accepted as an answer."""

from __future__ import annotations

import pytest

from pilothouse.errors import InvalidInput
from pilothouse.runtime.questions import MAX_ANSWER, Question

OPEN = Question(prompt="?")
CHOICES = Question(prompt="?", choices=("Red", "Blue", "blue "), default="Red")
FREE = Question(prompt="?", choices=("Red",), free=True)


@pytest.mark.parametrize(
    ("question", "given", "understood"),
    [
        (OPEN, "  any text ", "any text"),
        (OPEN, "x" * MAX_ANSWER, "x" * MAX_ANSWER),
        (CHOICES, "RED", "Red"),
        (CHOICES, "", "Red"),
        (CHOICES, "  ", "Red"),
        (FREE, "red", "Red"),
        (FREE, "Green", "Green"),
        (Question(prompt="?", choices=("a", "A")), "A", "A"),
        (Question(prompt="?", choices=("straße",)), "STRASSE", "straße"),
    ],
)
def test_an_answer_is_understood(question: Question, given: str, understood: str) -> None:
    assert question.accept(given) == understood


@pytest.mark.parametrize(
    ("question", "given", "told"),
    [
        (OPEN, " ", "no default"),
        (CHOICES, "green", "not one of the choices"),
        (OPEN, "x" * (MAX_ANSWER + 1), "at most"),
    ],
)
def test_an_answer_that_is_none_is_refused(question: Question, given: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        question.accept(given)
