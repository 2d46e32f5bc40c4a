"""Problem documents (RFC 9457): how every error is told to a client."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilothouse.errors import InvalidInput, PilothouseError, Unavailable

MEDIA_TYPE = "application/problem+json"

RETRY_AFTER = 2
"""Seconds after which a client may try again, where nothing better is known."""


class Fault(BaseModel):
    """One thing that is wrong. `name` is a JSON pointer (RFC 6901) in a body, else the name of the part."""

    model_config = ConfigDict(frozen=True)

    where: Literal["body", "query", "path", "header", "component"]
    name: str
    detail: str


class Problem(BaseModel):
    """What went wrong, to what, and what to do. `code` is stable: branch on it, not on the texts."""

    model_config = ConfigDict(frozen=True)

    type: str = Field(description="A URN made of the code.", examples=["urn:pilothouse:error:not_found"])
    title: str = Field(description="The kind of problem.")
    status: int = Field(ge=400, le=599)
    detail: str = Field(description="What happened here, and what to do about it.")
    instance: str = Field(description="The path that was asked for.")
    code: str
    request_id: str = Field(description="The id of the request in the server's log.")
    retryable: bool = Field(description="Whether the same request can succeed later.")
    errors: tuple[Fault, ...] = ()


class InvalidFields(InvalidInput):
    """The input is not valid."""

    code = "invalid_input"

    def __init__(self, message: str, faults: Iterable[Fault], *, hint: str | None = None) -> None:
        """Say what is wrong as a whole in `message`, and each thing in `faults`."""
        super().__init__(message, hint=hint)
        self.faults = tuple(faults)


def pointer(*parts: str | int) -> str:
    """A JSON pointer (RFC 6901) of these members and positions, from the outermost in."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def faults_of(error: ValidationError, *inside: str | int) -> list[Fault]:
    """What a validation found wrong, at most 20 things, each with its place below `inside` in the body."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        Fault(
            where="body",
            name=pointer(*inside, *item["loc"]),
            detail=item["msg"].removeprefix("Value error, "),
        )
        for item in found[:20]
    ]


def title_of(kind: type[PilothouseError]) -> str:
    """What a class of errors says of itself."""
    return inspect.cleandoc(kind.__doc__ or kind.code).splitlines()[0]


def problem_of(error: PilothouseError, *, instance: str, request_id: str) -> Problem:
    """The document for an error; its attribute `faults`, if it has one, becomes `errors`.

    Of a part that does not answer only its kind is told: the reason may name hosts and paths, and
    stands in the log.
    """
    title = title_of(type(error))
    told = " ".join(filter(None, (title, error.hint))) if isinstance(error, Unavailable) else str(error)
    return Problem(
        type=f"urn:pilothouse:error:{error.code}",
        title=title,
        status=error.status,
        detail=told,
        instance=instance,
        code=error.code,
        request_id=request_id,
        retryable=error.retryable,
        errors=getattr(error, "faults", ()),
    )


def headers_of(error: PilothouseError) -> dict[str, str]:
    """The response headers that belong to an error: its own, when to try again, and what would be taken."""
    headers: dict[str, str] = dict(getattr(error, "headers", {}))
    if error.status in {429, 503}:
        headers.setdefault("retry-after", str(RETRY_AFTER))
    if error.status == 401:
        headers.setdefault("www-authenticate", "Bearer")
    return headers


_SAID = {
    400: "The input is not valid.",
    401: "Nobody has signed in.",
    403: "The principal may not do this.",
    404: "There is no such thing here.",
    406: "Nothing that is accepted can be answered.",
    408: "The body did not come in time.",
    409: "The state of the thing does not allow this.",
    410: "What was there is gone, and does not come back.",
    412: "The thing was changed meanwhile.",
    413: "The body is too large.",
    415: "The body is of a type that is not understood here.",
    416: "The range lies outside the content.",
    421: "The server does not answer under this host name.",
    429: "A limit was reached.",
    431: "The head of the request is too large.",
    503: "A part that is needed does not answer.",
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What FastAPI is told of the problems that an endpoint may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _SAID[status], "content": content} for status in statuses}
