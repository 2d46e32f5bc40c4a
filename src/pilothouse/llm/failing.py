"""What providers' failures become: errors of ours, which say what helps and show no key."""

from __future__ import annotations

import re

from pydantic_ai import exceptions

from pilothouse.errors import PilothouseError
from pilothouse.llm.errors import ProviderBusy, ProviderClosed, ProviderFailed, ProviderRefused

LONGEST = 300
"""Characters of a provider's own words that an error repeats."""

_KEYS = re.compile(
    r"\b(?:sk|pk|rk|key|ABSK)[-_][A-Za-z0-9_*\-]{4,}|\b(?:Bearer|x-api-key)[ :=]+\S+", re.IGNORECASE
)
_REFUSED = frozenset({400, 413, 422})
_CLOSED = frozenset({401, 402, 403, 404})


def told(error: Exception, model: str, key: str | None = None) -> PilothouseError:
    """The error of ours for what was raised while `model` was asked; `key` is left out of every text."""
    if isinstance(error, PilothouseError):
        return error
    if isinstance(error, exceptions.ModelHTTPError):
        return _of_status(error, model, key)
    if isinstance(error, (exceptions.ModelTimeoutError, TimeoutError)):
        return ProviderFailed(f"{model} did not answer in time.")
    if isinstance(error, exceptions.ModelAuthenticationError):
        return _closed(model, error, key)
    if isinstance(error, exceptions.ModelRequestRejectedError):
        return ProviderRefused(f"{model} refused the request: {_said(error, key)}")
    if isinstance(error, exceptions.UserError):  # what its model class cannot do, whatever is tried
        return ProviderRefused(f"{model} cannot be asked so: {_said(error, key)}")
    if isinstance(error, exceptions.UnexpectedModelBehavior):
        return ProviderFailed(f"{model} answered in a way that is none: {_said(error, key)}")
    return ProviderFailed(f"{model} could not be asked: {_said(error, key)}")


def outcome_of(error: BaseException) -> str:
    """What usage says of a request in which a framework, or a provider's own client, has raised an error."""
    if not isinstance(error, Exception):
        return "stopped"
    status = getattr(error, "status_code", None)
    if isinstance(error, (PilothouseError, exceptions.ModelHTTPError)) or not isinstance(status, int):
        return told(error, "").code
    return _kind_of(status).code


def _kind_of(status: int) -> type[ProviderFailed | ProviderRefused | ProviderClosed]:
    if status == 429:
        return ProviderBusy
    if status in _CLOSED:
        return ProviderClosed
    return ProviderRefused if status in _REFUSED else ProviderFailed


def _of_status(error: exceptions.ModelHTTPError, model: str, key: str | None) -> PilothouseError:
    status, after = error.status_code, error.retry_after
    if isinstance(error, exceptions.ModelNotFoundError):
        return _closed(model, error, key)
    kind = _kind_of(status)
    if kind is ProviderBusy:
        if isinstance(error, exceptions.ModelQuotaExceededError):
            return _closed(model, error, key)
        return ProviderBusy(f"{model} has been asked too often ({status}).", retry_after=after)
    if kind is ProviderClosed:
        return _closed(model, error, key)
    if kind is ProviderRefused:
        return ProviderRefused(
            f"{model} refused the request ({status}): {_said(error, key)}",
            hint="Another model would refuse it as well: see the prompt, its settings and the schema.",
        )
    return ProviderFailed(f"{model} failed ({status}): {_said(error, key)}", retry_after=after)


def _closed(model: str, error: exceptions.ModelAPIError, key: str | None) -> ProviderClosed:
    return ProviderClosed(
        f"{model} does not let us in: {_said(error, key)}",
        hint="See the secret provider/<name>, what the account may do, and the model's name in settings.",
    )


def _said(error: Exception, key: str | None) -> str:
    """A provider's own words, in short and without keys."""
    body = getattr(error, "body", None)
    inner = body.get("error", body) if isinstance(body, dict) else None
    text = inner.get("message") if isinstance(inner, dict) else None
    said = str(text or getattr(error, "message", None) or str(error) or type(error).__name__)
    return without_keys(said, key)[:LONGEST]


def without_keys(text: str, key: str | None = None) -> str:
    """The text without `key`, and without what looks like one."""
    if key:
        text = text.replace(key, "***")
    return _KEYS.sub("***", text)
