"""What can be wrong with a request to the gateway, and how errors are told: as OpenAI's clients read them."""

from __future__ import annotations

import math

import orjson
from starlette.responses import Response

from pilothouse.errors import Category, Forbidden, InvalidInput, PilothouseError, Severity, Unavailable
from pilothouse.kit.problems import headers_of, title_of

MEDIA_TYPE = "application/json"

_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    408: "timeout_error",
    409: "conflict_error",
    429: "rate_limit_error",
}
"""What OpenAI calls the kinds of errors, by status; the rest is by whose turn it is."""
_CODES = {
    "model_unknown": "model_not_found",
    "unauthenticated": "invalid_api_key",
    "overloaded": "overloaded",
}
"""Codes by which OpenAI's clients know an error, where they have one of their own."""
FINAL = frozenset({"budget_exhausted", "price_unknown", "blocked_by_guard"})
"""Errors that another attempt would meet again, whatever their status says: clients are told so."""


class WrongRequest(InvalidInput):
    """The request is not one that a model can be asked."""

    code = "invalid_request"

    def __init__(self, message: str, param: str | None = None, *, hint: str | None = None) -> None:
        """Say what is wrong with the parameter `param`."""
        super().__init__(message, hint=hint)
        self.param = param


class Untranslated(WrongRequest):
    """The request says what cannot be said to the model that is asked; another one may understand it."""

    code = "not_translated"


class ModelForbidden(Forbidden):
    """The key may not use this model."""

    code = "model_not_allowed"


class StreamCut(PilothouseError):
    """The provider ended a stream before its end."""

    code = "stream_cut"
    status = 502
    category = Category.EXTERNAL
    severity = Severity.WARNING
    retryable = True


class AnswerUntold(PilothouseError):
    """The model's answer cannot be told in the language of whoever asked."""

    code = "answer_not_translated"
    status = 502
    category = Category.EXTERNAL
    severity = Severity.WARNING
    retryable = True


class RunWaits(PilothouseError):
    """The run waits for a person."""

    code = "run_waiting"
    status = 409
    category = Category.BUSINESS
    severity = Severity.INFO


class RunFailed(PilothouseError):
    """The run has failed."""

    code = "run_failed"
    status = 502
    category = Category.SYSTEM


def told(error: PilothouseError) -> tuple[str, str]:
    """What is said of an error, and its code.

    Of a part that does not answer only its kind is told: the reason stands in the log.
    """
    title = title_of(type(error))
    said = " ".join(filter(None, (title, error.hint))) if isinstance(error, Unavailable) else str(error)
    return said, _CODES.get(error.code, error.code)


def shape(error: PilothouseError) -> dict[str, object]:
    """An error as OpenAI's clients read it: message, type, param and code."""
    fallback = "server_error" if error.status >= 500 else "invalid_request_error"
    kind = "insufficient_quota" if error.code == "budget_exhausted" else _TYPES.get(error.status, fallback)
    message, code = told(error)
    return {"error": {"message": message, "type": kind, "param": getattr(error, "param", None), "code": code}}


def headers_told(error: PilothouseError) -> dict[str, str]:
    """The headers of an answer that tells an error: among them whether, and when, to ask again."""
    headers = headers_of(error)
    after = getattr(error, "retry_after", None)
    if after is not None and error.status in {429, 503}:
        headers["retry-after"] = f"{max(1, math.ceil(after))}"
    if error.code in FINAL:
        headers["x-should-retry"] = "false"  # OpenAI's own clients, and Anthropic's, go by it
        headers.pop("retry-after", None)
    return headers


def response_of(error: PilothouseError, _path: str, _request_id: str) -> Response:
    """The answer that tells an error."""
    return Response(orjson.dumps(shape(error)), error.status, headers_told(error), media_type=MEDIA_TYPE)


def event_of(error: PilothouseError) -> bytes:
    """The event that tells an error within a stream, as OpenAI's clients raise it."""
    return b"data: " + orjson.dumps(shape(error)) + b"\n\n"
