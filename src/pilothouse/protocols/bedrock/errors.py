"""How errors are told to clients of Bedrock's runtime: by a name in a header, as all of AWS does."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import orjson
from starlette.responses import Response

from pilothouse.errors import PilothouseError
from pilothouse.protocols.openai import errors as chat
from pilothouse.protocols.openai.sending import Header

NAMES: Mapping[int, str] = MappingProxyType(
    {
        401: "UnrecognizedClientException",
        403: "AccessDeniedException",
        404: "ResourceNotFoundException",
        408: "ModelTimeoutException",
        429: "ThrottlingException",
        502: "ModelErrorException",
        503: "ServiceUnavailableException",
        504: "ModelTimeoutException",
    }
)
"""What Bedrock calls errors, by status; the rest is by whose turn it is."""
IN_STREAMS: Mapping[int, str] = MappingProxyType(
    {
        429: "throttlingException",
        502: "modelStreamErrorException",
        503: "serviceUnavailableException",
        504: "modelStreamErrorException",
    }
)
"""As `NAMES`, for the errors that a stream knows."""
FINAL = "ServiceQuotaExceededException"
"""What is told instead of throttling where another attempt meets the same: no client of AWS repeats it."""


def name_of(status: int, code: str) -> str:
    """What Bedrock calls an error."""
    if status == 429 and code in chat.FINAL:
        return FINAL
    return NAMES.get(status, "InternalServerException" if status >= 500 else "ValidationException")


def name_in_stream(status: int) -> str:
    """What Bedrock calls an error within a stream."""
    return IN_STREAMS.get(status, "internalServerException" if status >= 500 else "validationException")


def refused(status: int, message: str, code: str) -> tuple[bytes, tuple[Header, ...]]:
    """The body and the headers of an answer that tells an error. Our code is a header of our own."""
    name = name_of(status, code).encode()
    headers = (b"x-amzn-errortype", name), (b"x-pilothouse-error", code.encode("latin-1", "replace"))
    return orjson.dumps({"message": message}), headers


def response_of(error: PilothouseError, _path: str, request_id: str) -> Response:
    """The answer that tells an error."""
    body, named = refused(error.status, *chat.told(error))
    headers = chat.headers_told(error) | {"x-amzn-requestid": request_id}
    headers |= {name.decode(): value.decode("latin-1") for name, value in named}
    return Response(body, error.status, headers, media_type=chat.MEDIA_TYPE)
