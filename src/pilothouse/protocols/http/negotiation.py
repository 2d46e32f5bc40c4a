"""Content negotiation: whether a client accepts what an endpoint answers with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request

from pilothouse.protocols.http.errors import NotAcceptable


def answers_with(*media_types: str) -> Callable[[Request], Awaitable[None]]:
    """A dependency that raises `NotAcceptable` where a request's `Accept` excludes all of these types."""

    async def check(request: Request) -> None:
        accepted = ",".join(request.headers.getlist("accept"))
        if accepted and not any(accepts(accepted, media_type) for media_type in media_types):
            raise NotAcceptable(
                f"This is told as {' or '.join(media_types)}, and the client accepts {accepted[:100]!r}."
            )

    return check


def accepts(header: str, media_type: str) -> bool:
    """Whether an `Accept` header (RFC 9110, 12.5.1) allows `media_type`: the closest range decides."""
    group = media_type.partition("/")[0]
    weights: dict[str, float] = {}
    for item in header.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        weights[kind] = _quality(parameters)
    for kind in (media_type, f"{group}/*", "*/*"):
        if kind in weights:
            return weights[kind] > 0
    return False


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 1.0
    return 1.0
