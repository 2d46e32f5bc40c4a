"""What an error says of the dependency: whether it has failed, whether a retry can help, and when.

Errors of other people's clients are read by what most of them carry: an HTTP status and headers, on the error
or on its response; botocore's `response` is a dictionary.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from pilothouse.errors import Category, PilothouseError
from pilothouse.resilience.errors import Refused

AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses after which the same request may succeed; 529 is Anthropic's for overload."""

THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
    | {"LimitExceededException", "ProvisionedThroughputExceededException", "RequestThrottledException"}
)
"""Codes by which AWS says so with a status of 400."""


OURS = frozenset({"NoCredentialsError", "PartialCredentialsError", "NoRegionError", "ParamValidationError"})
"""Errors of botocore that no service has made."""


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error carries, if it does."""
    response: Any = getattr(error, "response", None)
    found: Any = None
    if isinstance(response, Mapping):
        if response.get("Error", {}).get("Code") in THROTTLED:
            return 429
        found = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    for place, name in ((error, "status_code"), (response, "status_code"), (error, "status")):
        if found is None:
            found = getattr(place, name, None)
    return found if isinstance(found, int) and 100 <= found <= 599 else None


def is_failure(error: BaseException) -> bool:
    """Whether the dependency has failed: not where it has answered that the request is wrong."""
    if isinstance(error, PilothouseError):
        return error.retryable or error.category in {Category.SYSTEM, Category.EXTERNAL}
    if type(error).__name__ in OURS:
        return False
    status = status_of(error)
    return status is None or status >= 500 or status in AGAIN


def is_retryable(error: BaseException) -> bool:
    """Whether asking again can help. What was refused on this side is not asked for again: it costs time."""
    if isinstance(error, Refused):
        return False
    if isinstance(error, PilothouseError):
        return error.retryable
    status = status_of(error)
    if status is not None:
        return status in AGAIN
    if isinstance(error, OSError | asyncio.IncompleteReadError):  # TimeoutError is one, too
        return True
    return "Timeout" in type(error).__name__ or "Connect" in type(error).__name__


def retry_after_of(error: BaseException, now: dt.datetime) -> float | None:
    """The seconds after which the dependency wants to be asked again; None where it does not say."""
    said: Any = getattr(error, "retry_after", None)
    if isinstance(said, int | float) and not isinstance(said, bool):
        return max(0.0, float(said))
    response: Any = getattr(error, "response", None)
    headers: Any = getattr(error, "headers", None) or getattr(response, "headers", None)
    if isinstance(response, Mapping):
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders")
    if not hasattr(headers, "get"):
        return None
    found = headers.get("retry-after") or headers.get("Retry-After")
    return parsed_retry_after(found, now) if isinstance(found, str) else None


def parsed_retry_after(text: str, now: dt.datetime) -> float | None:
    """The seconds that a `Retry-After` header names (RFC 9110, 10.2.3: a number or a date); None: neither."""
    text = text.strip()
    if text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) <= 12:
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return max(0.0, (moment - now).total_seconds())
