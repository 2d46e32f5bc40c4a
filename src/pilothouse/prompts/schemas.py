"""What a prompt is: its head, its versions, what is chosen of it and what comes out when it is rendered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from math import ceil
from typing import Annotated, Literal, NamedTuple, Protocol, Self

from jsonschema import Draft202012Validator, SchemaError
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from pilothouse.kit.canonical import rfc8785
from pilothouse.kit.numbers import Whole
from pilothouse.prompts.variables import Variable, VariableName

PRODUCTION = "production"
"""The label that counts where nothing else is said."""
FILE = "file"
"""What names the version that an application ships."""
OF_MODELS = "model:"
"""What experiments between models are about: this, and the alias."""
SHORT = 12
"""Digits of a digest that name a shipped version."""
BYTES_PER_TOKEN = 4
"""OpenAI's rule of thumb: a token is about four characters of English. For bounds, not for bills."""

NAME_PATTERN = r"^[a-z0-9][a-z0-9_\-]{0,49}(/[a-z0-9][a-z0-9_\-]{0,49}){0,3}$"
LABEL_PATTERN = r"^[a-z][a-z0-9_\-]{0,49}$"
MODEL_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.\-]{0,99}(:[A-Za-z0-9][A-Za-z0-9_.\-/:@]{0,199})?$"

PromptName = Annotated[str, Field(pattern=NAME_PATTERN, examples=["support/triage"])]
Label = Annotated[str, Field(pattern=LABEL_PATTERN, examples=[PRODUCTION])]
ModelName = Annotated[str, Field(pattern=MODEL_PATTERN)]
"""An alias of the settings, or `provider:model`."""
Stop = Annotated[str, Field(min_length=1, max_length=200)]


class PromptSettings(BaseModel):
    """What a model is asked with; what is not said is the provider's own. The list is closed.

    `timeout` is in seconds. Not every provider knows each of them; what one does not know is left out there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000), Whole] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=1, le=10_000), Whole] | None = None
    stop: Annotated[tuple[Stop, ...], Field(max_length=16)] = ()
    seed: Annotated[int, Field(ge=0, le=2**63 - 1), Whole] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    timeout: Annotated[float, Field(gt=0, le=3_600)] | None = None

    @field_validator("stop", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given


class Example(BaseModel):
    """A few-shot example: a text or the variables of the user's part, and what the model should answer.

    An `output` that is no text is written as JSON.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: str | dict[VariableName, JsonValue]
    output: JsonValue


class PromptTest(BaseModel):
    """One test: what a rendering with these variables has to hold and must not, and how long it may be.

    `error` is the code of the error that these variables lead to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    variables: dict[str, JsonValue] = {}
    contains: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    at_most_tokens: Annotated[int, Field(ge=1), Whole] | None = None
    error: str | None = None

    @field_validator("contains", "lacks", mode="before")
    @classmethod
    def _listed(cls, given: object) -> object:
        return [given] if isinstance(given, str) else given


class PromptHead(BaseModel):
    """What stands above a prompt's body. `output` is the name of a type, or a JSON schema (2020-12)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Annotated[str, Field(max_length=1_000)] = ""
    variables: Annotated[dict[VariableName, Variable], Field(max_length=200)] = {}
    model: ModelName | None = None
    settings: PromptSettings = PromptSettings()
    output: (
        Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.]{0,199}$")] | dict[str, JsonValue] | None
    ) = None
    examples: Annotated[tuple[Example, ...], Field(max_length=50)] = ()
    tests: Annotated[tuple[PromptTest, ...], Field(max_length=500)] = ()

    @model_validator(mode="after")
    def _with_schema(self) -> Self:
        if isinstance(self.output, dict):
            try:
                Draft202012Validator.check_schema(self.output)
            except SchemaError as error:
                message = f"`output` is no JSON schema: {error.message}"
                raise ValueError(message) from None
        return self


class PromptVersion(BaseModel):
    """One version of a prompt, which never changes. Without a `number` it is the one that a file holds.

    `digest` is the SHA-256 of head and body, without the tests: versions with the same one ask a model alike.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    number: int | None = None
    digest: str
    body: str
    description: str = ""
    variables: Mapping[str, Variable] = {}
    model: str | None = None
    settings: PromptSettings = PromptSettings()
    output: str | dict[str, JsonValue] | None = None
    examples: tuple[Example, ...] = ()
    tests: tuple[PromptTest, ...] = ()

    @classmethod
    def of(cls, name: str, head: PromptHead, body: str, number: int | None = None) -> Self:
        """The version with this head and body."""
        said = {field: getattr(head, field) for field in PromptHead.model_fields}
        return cls(name=name, number=number, digest=digest_of(head, body), body=body, **said)

    @property
    def id(self) -> str:
        """What names it among the versions of its prompt: `3`, or `file:` and the digest's first digits."""
        return f"{FILE}:{self.digest[:SHORT]}" if self.number is None else str(self.number)


def digest_of(head: PromptHead, body: str) -> str:
    """The SHA-256, in hexadecimal, of the canonical JSON (RFC 8785) of what a model can see of a prompt."""
    said = head.model_dump(mode="json", exclude_defaults=True, exclude={"tests"})
    return hashlib.sha256(rfc8785({"head": said, "body": body})).hexdigest()


class Subjects(NamedTuple):
    """For whom a prompt is chosen: an experiment splits by one of these ids; empty where there is none."""

    run: str
    user: str
    tenant: str


class Assigned(NamedTuple):
    """The arm of an experiment that a call is in. Without `version` or `model` it goes as it would otherwise.

    The version is a number, a digest or a label.
    """

    experiment: str
    arm: str
    version: str | None = None
    model: str | None = None


class Assigner(Protocol):
    """Assigns those who take part in an experiment to its arms."""

    async def assign(self, tenant_id: str, prompt: str, subjects: Subjects) -> Assigned | None:
        """The arm of these subjects; None where no experiment is under way."""
        ...


class Chosen(BaseModel):
    """The version to be used, and why: `experiment` and `arm` where one has decided.

    `model` is what the arm asks for in place of the version's own.
    """

    model_config = ConfigDict(frozen=True)

    version: PromptVersion
    experiment: str | None = None
    arm: str | None = None
    model: str | None = None


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(frozen=True)

    role: Literal["user", "assistant"]
    text: str


class Rendered(BaseModel):
    """What a model is to be sent: the system's part, then examples and the other parts as messages.

    `digest` is the SHA-256 of all of it: what renders alike has the same one.
    """

    model_config = ConfigDict(frozen=True)

    system: str
    messages: tuple[Message, ...] = ()
    digest: str

    @cached_property
    def text(self) -> str:
        """All parts, one below the other."""
        return "\n\n".join([self.system, *(message.text for message in self.messages)])

    @property
    def tokens(self) -> int:
        """About how many tokens it has; see `BYTES_PER_TOKEN`."""
        return ceil(len(self.text.encode("utf-8", "replace")) / BYTES_PER_TOKEN)


class Differences(BaseModel):
    """Two versions by their ids, and unified diffs, empty where nothing differs."""

    model_config = ConfigDict(frozen=True)

    before: str
    after: str
    head: str
    body: str


class TestedPrompt(BaseModel):
    """How a test went: `failure` is what differs from what was expected, None where nothing does."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    name: str
    failure: str | None = None
    tokens: int | None = None
