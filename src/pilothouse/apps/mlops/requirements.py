"""What a customer wants: some 30 typed constraints, each with the words it was read from."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")
Fraction = Annotated[float, Field(ge=0, le=1)]


class Frozen(BaseModel):
    """A value that is parsed once and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class UseCase(StrEnum):
    """What the model is for."""

    FRAUD_DETECTION = "fraud_detection"
    RECOMMENDATION = "recommendation"
    FORECASTING = "forecasting"
    CHURN = "churn"
    CREDIT_SCORING = "credit_scoring"
    ANOMALY_DETECTION = "anomaly_detection"
    PREDICTIVE_MAINTENANCE = "predictive_maintenance"
    DOCUMENT_QA = "document_qa"
    CHATBOT = "chatbot"
    SEARCH = "search"
    DOCUMENT_PROCESSING = "document_processing"
    VISION_INSPECTION = "vision_inspection"
    MEDICAL_IMAGING = "medical_imaging"
    SPEECH = "speech"
    TEXT_CLASSIFICATION = "text_classification"
    PRICING = "pricing"
    ADVERTISING = "advertising"
    GENERAL = "general"


class Workload(StrEnum):
    """How predictions are made; decides the shape of the whole design."""

    BATCH = "batch"
    ONLINE = "online"
    STREAMING = "streaming"
    EDGE = "edge"
    RAG = "rag"
    TRAINING = "training"


class Cloud(StrEnum):
    """Where it runs. `KUBERNETES` is open source on any cluster, on-premises ones included."""

    AWS = "aws"
    GCP = "gcp"
    AZURE = "azure"
    KUBERNETES = "kubernetes"


class ModelFamily(StrEnum):
    """The kind of model, as far as it decides compute and serving."""

    GRADIENT_BOOSTING = "gradient_boosting"
    LINEAR = "linear"
    DEEP_LEARNING = "deep_learning"
    TRANSFORMER = "transformer"
    LLM = "llm"
    TIME_SERIES = "time_series"
    COMPUTER_VISION = "computer_vision"
    GRAPH = "graph"
    RECOMMENDER = "recommender"


class Regime(StrEnum):
    """A named compliance regime."""

    GDPR = "gdpr"
    HIPAA = "hipaa"
    PCI_DSS = "pci_dss"
    SOC2 = "soc2"
    EU_AI_ACT = "eu_ai_act"
    ISO_27001 = "iso_27001"
    FEDRAMP = "fedramp"
    CCPA = "ccpa"


class Skill(StrEnum):
    """What the team that will run the system can do."""

    NOVICE = "novice"
    INTERMEDIATE = "intermediate"
    EXPERT = "expert"


class Origin(StrEnum):
    """How a value came to be known."""

    STATED = "stated"
    INFERRED = "inferred"
    ANSWERED = "answered"
    ASSUMED = "assumed"


class Span(Frozen):
    """Characters `start` (inclusive) to `end` (exclusive) of the prompt, and what stands there."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str


class Constraint(Frozen, Generic[T]):
    """One value with its unit, how sure we are of it (0 to 1) and the words it was read from.

    `low` and `high` are set where the text gave a range; `value` is then the one to design for.
    """

    value: T
    unit: str | None = None
    confidence: Fraction = 1.0
    origin: Origin = Origin.STATED
    span: Span | None = None
    low: float | None = None
    high: float | None = None
    note: str = ""


class Budget(Frozen):
    """Money per month. `stated_*` keep what the customer wrote (say 60,000 EUR a year)."""

    monthly: Decimal = Field(gt=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    stated_amount: Decimal
    stated_period: str = "month"


class Requirements(Frozen):
    """Everything the design must meet. None means: not known (yet)."""

    prompt: str
    use_case: Constraint[UseCase] | None = None
    workload: Constraint[Workload] | None = None
    latency_ms: Constraint[float] | None = None
    latency_percentile: Constraint[float] | None = None  # 50 to 99.99
    throughput_rps: Constraint[float] | None = None  # mean requests or events per second
    peak_factor: Constraint[float] | None = None  # peak divided by mean, at least 1
    users: Constraint[int] | None = None
    data_volume_gb: Constraint[float] | None = None
    data_growth_gb_per_month: Constraint[float] | None = None
    sources: Constraint[tuple[str, ...]] | None = None
    data_kinds: Constraint[tuple[str, ...]] | None = None  # tabular, text, image, audio, video, time_series
    model_family: Constraint[ModelFamily] | None = None
    retraining_days: Constraint[float] | None = None  # days between trainings; 1 is daily
    availability: Constraint[float] | None = None  # 0.999
    regions: Constraint[tuple[str, ...]] | None = None  # "eu", "us", "eu-central-1", "germany"
    cloud: Constraint[Cloud] | None = None
    excluded_clouds: Constraint[tuple[Cloud, ...]] | None = None
    on_premises: Constraint[bool] | None = None
    budget: Constraint[Budget] | None = None
    compliance: Constraint[tuple[Regime, ...]] | None = None
    personal_data: Constraint[bool] | None = None
    explainability: Constraint[bool] | None = None
    human_review: Constraint[bool] | None = None
    team_size: Constraint[int] | None = None
    team_skill: Constraint[Skill] | None = None
    existing_stack: Constraint[tuple[str, ...]] | None = None  # lower case: "kafka", "postgresql"
    excluded_technologies: Constraint[tuple[str, ...]] | None = None  # lower case: "kubernetes", "serverless"
    open_source_only: Constraint[bool] | None = None
    gpu: Constraint[bool] | None = None
    deadline_weeks: Constraint[float] | None = None
    retention_days: Constraint[int] | None = None
    offline: Constraint[bool] | None = None  # must work without a network (edge)
    devices: Constraint[int] | None = None  # edge devices
    context_documents: Constraint[int] | None = None  # documents a RAG system answers from


class Contradiction(Frozen):
    """Two statements that cannot both hold, and what to ask about them."""

    fields: tuple[str, ...]
    spans: tuple[Span, ...]
    explanation: str
    question: str
    choices: tuple[str, ...] = ()


class Intake(Frozen):
    """What intake returns: the constraints read and the contradictions found."""

    requirements: Requirements
    contradictions: tuple[Contradiction, ...] = ()
    language: str = "en"

    def about(self, prompt: str) -> Intake:
        """The same with the whole prompt, which a model leaves out of its answer."""
        if self.requirements.prompt == prompt:
            return self
        return self.model_copy(
            update={"requirements": self.requirements.model_copy(update={"prompt": prompt})}
        )


class Inquiry(Frozen):
    """A question worth asking, about one field of `Requirements` (or a contradiction)."""

    key: str  # the field's name, or "contradiction:<fields joined by +>"
    text: str
    why: str
    choices: tuple[str, ...] = ()
    default: str
    default_assumes: str
    value: Fraction = 0.0  # expected value for the design, the greatest first


class Coverage(Frozen):
    """How much of what a design needs is known: a weighted score in [0, 1]."""

    score: Fraction
    known: tuple[str, ...]
    missing: tuple[str, ...]
    weights: dict[str, float]
    inquiries: tuple[Inquiry, ...] = ()
