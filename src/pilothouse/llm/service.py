"""What other domains use of models."""

from pilothouse.llm.asking import (
    About,
    Asking,
    Calls,
    Direct,
    Line,
    Question,
    answered,
    asked_once,
    response_of,
)
from pilothouse.llm.call import MODEL_TOOL, TOOL, ModelCall, Reply
from pilothouse.llm.catalogue import Catalogue, Route, key_of
from pilothouse.llm.conversation import Conversation, Exchange, Said, Told
from pilothouse.llm.errors import (
    AnswerInvalid,
    ModelUnknown,
    ProviderBusy,
    ProviderClosed,
    ProviderFailed,
    ProviderMissing,
    ProviderRefused,
    StreamCut,
    TooManyRequests,
)
from pilothouse.llm.failing import outcome_of, told
from pilothouse.llm.guarded import GuardedCalls
from pilothouse.llm.providers import Providers

__all__ = [
    "MODEL_TOOL",
    "TOOL",
    "About",
    "AnswerInvalid",
    "Asking",
    "Calls",
    "Catalogue",
    "Conversation",
    "Direct",
    "Exchange",
    "GuardedCalls",
    "Line",
    "ModelCall",
    "ModelUnknown",
    "ProviderBusy",
    "ProviderClosed",
    "ProviderFailed",
    "ProviderMissing",
    "ProviderRefused",
    "Providers",
    "Question",
    "Reply",
    "Route",
    "Said",
    "StreamCut",
    "Told",
    "TooManyRequests",
    "answered",
    "asked_once",
    "key_of",
    "outcome_of",
    "response_of",
    "told",
]
