"""What a person is asked, and what an answer to it must look like."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict

from pilothouse.errors import InvalidInput

MAX_ANSWER = 10_000
"""Characters an answer may have."""


class QuestionKind(StrEnum):
    """Why a person is asked."""

    QUESTION = "question"
    UNKNOWN_OUTCOME = "unknown_outcome"


class Question(BaseModel):
    """A question: its text, why it matters, what may be answered and what holds without an answer.

    `default_assumes` says what taking the default means. Without `choices` any text is an answer; with
    `free` it is one beside them.
    """

    model_config = ConfigDict(frozen=True)

    kind: QuestionKind = QuestionKind.QUESTION
    prompt: str
    why: str = ""
    choices: tuple[str, ...] = ()
    free: bool = False
    default: str | None = None
    default_assumes: str = ""

    def accept(self, answer: str) -> str:
        """The answer as one of the choices; raises `InvalidInput` that lists them where it is none."""
        text = answer.strip()
        if len(text) > MAX_ANSWER:
            raise InvalidInput(f"The answer has {len(text)} characters, at most {MAX_ANSWER} are accepted.")
        if not text:
            if self.default is None:
                raise InvalidInput("The answer is empty and the question has no default.")
            return self.default
        if not self.choices:
            return text
        alike = [choice for choice in self.choices if choice.casefold() == text.casefold()]
        found = [text] if text in alike else alike
        if not found and self.free:
            return text
        if not found:
            raise InvalidInput(
                f"{text[:80]!r} is not one of the choices.", hint=f"Choose one of: {', '.join(self.choices)}."
            )
        return found[0]


class Reply(BaseModel):
    """An answer as the journal keeps it."""

    model_config = ConfigDict(frozen=True)

    answer: Any
    by: str = ""
