"""What a person is asked, and what an answer to it must look like."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from pilothouse.errors import InvalidInput
from pilothouse.kit.money import Money
from pilothouse.runtime.governing import Requirement

MAX_ANSWER = 10_000
"""Characters an answer may have."""

ROLE_NAME = r"[a-z][a-z0-9_-]{0,62}"
"""What approvers may be named, as in approver:finance."""


class QuestionKind(StrEnum):
    """Why a person is asked."""

    QUESTION = "question"
    UNKNOWN_OUTCOME = "unknown_outcome"
    APPROVAL = "approval"


class Approval(BaseModel):
    """The action that an approval is about, as it will run: `digest` is its name, `arguments` JSON text.

    `requirement` is what it is to meet, whoever is asked: the role it names, another one that it was
    `escalated` to, or whom an approver has delegated it to. `requesters` asked for the run. `before` are the
    arguments of the version that `edited_by` changed; `note` says why a later change was not taken.
    """

    model_config = ConfigDict(frozen=True)

    digest: str
    tool: str
    step: str
    arguments: str
    cost: Money | None = None
    workflow: str
    agent: str | None = None
    principal: str = ""
    marks: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    version: str | None = None
    requirement: Requirement
    requesters: tuple[str, ...] = ()
    escalated: bool = False
    delegated_by: str | None = None
    before: str | None = None
    edited_by: str | None = None
    note: str = ""


class ApprovalVerdict(StrEnum):
    """What an approver does about an action."""

    APPROVE = "approve"
    EDIT = "edit"
    REFUSE = "refuse"
    DELEGATE = "delegate"


class Given(BaseModel):
    """What an approver decided of the action that `digest` names, in answer to the `question` of that key.

    `arguments` are an edit's, as canonical JSON text; `to_role` or `to_assignee` (a principal) is whom it is
    delegated to. `role` is who was asked: a role of approvers, or None where it was somebody by name.
    """

    model_config = ConfigDict(frozen=True)

    verdict: ApprovalVerdict
    digest: str
    question: str
    reason: str = ""
    arguments: str | None = None
    to_role: str | None = None
    to_assignee: str | None = None
    role: str | None = None


class Question(BaseModel):
    """A question: its text, why it matters, what may be answered and what holds without an answer.

    `default_assumes` says what taking the default means. Without `choices` any text is an answer; with
    `free` it is one beside them. `role` names the approvers who may answer; without it, whoever answers
    questions may, or only the principal that `assignee` names. With `untrusted` the answer is data from
    outside. An `approval` is about an action, and is given or refused, not answered.
    """

    model_config = ConfigDict(frozen=True)

    kind: QuestionKind = QuestionKind.QUESTION
    prompt: str
    why: str = ""
    choices: tuple[str, ...] = ()
    free: bool = False
    default: str | None = None
    default_assumes: str = ""
    role: str | None = None
    assignee: str | None = None
    untrusted: bool = False
    approval: Approval | None = None

    @model_serializer(mode="wrap")
    def _as_before_without_what_is_new(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What is not said is not written, as before there was any, so that earlier journals still replay."""
        told: dict[str, Any] = handler(self)
        for name in ("role", "assignee", "untrusted", "approval"):
            if not getattr(self, name):
                told.pop(name, None)
        return told

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


def approvers(role: str) -> str:
    """`role` as the name of approvers; raises `InvalidInput` where none can be named so."""
    if re.fullmatch(ROLE_NAME, role) is None:
        raise InvalidInput(
            f"{role[:80]!r} cannot be the role of a question.",
            hint="Name them as in finance, without a prefix: up to 63 of a-z, 0-9, _ and -, a letter first.",
        )
    return role


class Reply(BaseModel):
    """An answer as the journal keeps it; `marks` are those that a guard gave it."""

    model_config = ConfigDict(frozen=True)

    answer: Any
    by: str = ""
    approval: Given | None = None
    marks: tuple[str, ...] = ()

    @model_serializer(mode="wrap")
    def _as_before_without_what_is_new(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        told: dict[str, Any] = handler(self)
        for name in ("approval", "marks"):
            if not getattr(self, name):
                told.pop(name, None)
        return told
