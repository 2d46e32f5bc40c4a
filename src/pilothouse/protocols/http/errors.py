"""What can be wrong with an HTTP request before anybody looks at what it asks for."""

from __future__ import annotations

from pilothouse.errors import Category, PilothouseError, Severity


class _BadRequest(PilothouseError):
    """The request cannot be served."""

    category = Category.USER
    severity = Severity.INFO


class Misdirected(_BadRequest):
    """The request is for another host."""

    code = "misdirected_request"
    status = 421
    severity = Severity.WARNING


class Direct(Misdirected):
    """This server takes requests from its proxies only."""

    code = "direct_request"


class CrossOrigin(_BadRequest):
    """The request comes from a page of another origin."""

    code = "cross_origin"
    status = 403
    severity = Severity.WARNING


class MethodNotAllowed(_BadRequest):
    """This cannot be done to the thing at this path."""

    code = "method_not_allowed"
    status = 405


class NotAcceptable(_BadRequest):
    """There is no answer of a type that the client accepts."""

    code = "not_acceptable"
    status = 406


class RequestTimeout(_BadRequest):
    """The request did not come in time."""

    code = "request_timeout"
    status = 408
    retryable = True


class BodyTooLarge(_BadRequest):
    """The body is too large."""

    code = "body_too_large"
    status = 413


class UnsupportedMediaType(_BadRequest):
    """The body is of a type that is not understood here."""

    code = "unsupported_media_type"
    status = 415

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        """`headers` say what would be understood."""
        super().__init__(message, hint=hint)
        self.headers: dict[str, str] = {}


class HeadTooLarge(_BadRequest):
    """The head of the request is too large."""

    code = "head_too_large"
    status = 431
