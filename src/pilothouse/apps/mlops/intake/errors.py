"""What intake refuses to read, and answers that it cannot use."""

from __future__ import annotations

from typing import Literal

PromptFault = Literal[
    "empty_prompt",
    "prompt_too_long",
    "control_characters",
    "not_unicode",
    "no_letters",
    "negative_budget",
    "zero_budget",
]


class InvalidPrompt(ValueError):
    """The prompt cannot be designed from, whatever is assumed.

    `code` is stable and meant for programs; `message` says what was found, where, and what to write
    instead. A prompt that merely says too little is not invalid: coverage asks about it.
    """

    def __init__(self, code: PromptFault, message: str) -> None:
        self.code: PromptFault = code
        self.message = message
        super().__init__(message)


class UnusableAnswer(ValueError):
    """The answer says nothing about the field (or contradiction) `key` that was asked about."""

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        self.message = message
        super().__init__(message)
