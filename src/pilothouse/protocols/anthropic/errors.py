"""How errors are told to Anthropic's clients."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson
from starlette.responses import Response

from pilothouse.errors import PilothouseError
from pilothouse.protocols.openai import errors as chat

TYPES: Mapping[int, str] = MappingProxyType(
    {
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        408: "timeout_error",
        413: "request_too_large",
        429: "rate_limit_error",
        503: "overloaded_error",
        504: "timeout_error",
        529: "overloaded_error",
    }
)
"""What Anthropic calls the kinds of errors, by status; the rest is by whose turn it is."""


def shape(status: int, message: str, code: str, request_id: str) -> dict[str, object]:
    """An error as Anthropic's clients read it. What is to be branched on is `error.details.error_code`."""
    kind = TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    error = {"type": kind, "message": message, "details": {"error_code": code}}
    return {"type": "error", "error": error, "request_id": request_id}


def response_of(error: PilothouseError, _path: str, request_id: str) -> Response:
    """The answer that tells an error."""
    headers = chat.headers_told(error) | {"request-id": request_id}
    body = orjson.dumps(shape(error.status, *chat.told(error), request_id))
    return Response(body, error.status, headers, media_type=chat.MEDIA_TYPE)
