"""What settings say of models: providers, the names that applications use for models, and ladders."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

PROVIDER_NAME = r"^[a-z][a-z0-9_-]{0,62}$"
"""How a provider is called: `provider/<name>` is the secret with its key."""

ProviderName = Annotated[str, Field(pattern=PROVIDER_NAME)]
ModelId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}:[!-~]{1,200}$", examples=["openai:gpt-5.2"])]
"""A provider and its name for a model, as `openai:gpt-5.2`."""
Alias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,62}$", examples=["default", "fast", "cheap"])]


class ProviderKind(StrEnum):
    """Which wire format a provider speaks; `compatible` is OpenAI's at an address of one's own."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    BEDROCK = "bedrock"
    COMPATIBLE = "compatible"


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        message = "is no address such as https://api.example.com/v1"
        raise ValueError(message)
    if parts.username or parts.password or parts.query or parts.fragment:
        message = "holds more than an address: keys are secrets, see docs/guides/secrets.md"
        raise ValueError(message)
    return url.rstrip("/")


class ProviderTerms(BaseModel):
    """A provider of models. Its key is the secret `provider/<name>`.

    `url` is where it is, where that is not the usual place. One that is `keyless` takes no key, as Ollama on
    one's own machine. At most `concurrency` calls are made at once, `requests_per_second` and
    `tokens_per_minute` bound how often; `region` is Bedrock's, `api` which of OpenAI's is asked.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ProviderKind = ProviderKind.COMPATIBLE
    url: Annotated[str, AfterValidator(_address)] | None = None
    keyless: bool = False
    api: Literal["chat", "responses"] = "chat"
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z0-9]+)+$")] | None = None
    concurrency: Annotated[int, Field(ge=1, le=100_000)] = 256
    requests_per_second: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        if self.kind is ProviderKind.COMPATIBLE and self.url is None:
            message = "a compatible provider needs a url"
            raise ValueError(message)
        if self.region is not None and self.kind is not ProviderKind.BEDROCK:
            message = "only bedrock has a region"
            raise ValueError(message)
        if self.api == "responses" and self.kind is not ProviderKind.OPENAI:
            message = "only openai has the responses api"
            raise ValueError(message)
        return self


class RungTerms(BaseModel):
    """One rung of a ladder: what it tries, and for how many seconds at most.

    A `model` rung tries the models of an alias, or one model, each as a rung of its own. `cache` gives the
    answer that a model gave to the same input within `fresh` seconds, `expert` is the agent's own body, and
    `person` asks whoever has `role`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rung: Literal["model", "cache", "expert", "person"]
    model: ModelId | Alias = "default"
    deadline: Annotated[float, Field(gt=0, le=86_400)] = 30.0
    fresh: Annotated[float, Field(gt=0, le=365 * 86_400)] = 7 * 86_400.0
    role: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")] | None = None


DEFAULT_LADDER = (RungTerms(rung="model"), RungTerms(rung="cache"), RungTerms(rung="expert"))


class LadderTerms(BaseModel):
    """In which order an agent tries its rungs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rungs: Annotated[tuple[RungTerms, ...], Field(min_length=1, max_length=10)] = DEFAULT_LADDER


class PriceTerms(BaseModel):
    """What a model costs: US dollars for a million tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$", examples=["2.50"])]
    output: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$", examples=["10"])]
    cache_read: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")] | None = None
    cache_write: Annotated[str, Field(pattern=r"^[0-9]{1,9}(\.[0-9]{1,9})?$")] | None = None


class SemanticTerms(BaseModel):
    """How questions that say nearly the same are found.

    `model` is the model of embeddings that says where they lie. Two are the same where the cosine of the
    angle between them is at least `threshold`. Without pgvector, the `recent` ones made last are compared.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelId | Alias
    threshold: Annotated[float, Field(ge=0.5, le=1)] = 0.95
    recent: Annotated[int, Field(ge=1, le=10_000)] = 1_000


class GatewayTerms(BaseModel):
    """How clients of models (OpenAI's, Anthropic's, AWS's) are served by the gateway.

    A body has at most `max_body_bytes`, and at most `calls_at_once` requests wait for models. A model has
    `deadline` seconds for a whole answer, or for the first piece of a stream, and `silence` seconds between
    two pieces. `answer_tokens` are reserved for an answer where the request names no maximum.

    Answers are kept for `cache_seconds`: of `deterministic` requests (embeddings, and what is asked at
    temperature 0), of `all`, or of none (`off`), in the database or in Redis. With `semantic` an answer is
    also found by a question that says nearly the same.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_body_bytes: Annotated[int, Field(ge=1_024, le=1 << 30)] = 20_000_000
    calls_at_once: Annotated[int, Field(ge=1, le=100_000)] = 2_000
    deadline: Annotated[float, Field(gt=0, le=86_400)] = 120.0
    silence: Annotated[float, Field(gt=0, le=3_600)] = 60.0
    answer_tokens: Annotated[int, Field(ge=1, le=10_000_000)] = 4_096
    cache: Literal["off", "deterministic", "all"] = "deterministic"
    cache_seconds: Annotated[int, Field(ge=1, le=365 * 86_400)] = 3_600
    cache_store: Literal["database", "redis"] = "database"
    semantic: SemanticTerms | None = None
