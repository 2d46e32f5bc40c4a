"""Turns what FastAPI and Starlette raise into our own errors, which all become problem documents."""

from __future__ import annotations

from typing import Any, Literal, NoReturn, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from pilothouse.errors import InvalidInput, NotFound, PilothouseError
from pilothouse.kit.problems import Fault, InvalidFields, pointer
from pilothouse.protocols.http.errors import BodyTooLarge, MethodNotAllowed

MOST_FAULTS = 20
"""Faults that are told of one request; the rest is told once these are right."""

Where = Literal["body", "query", "path", "header"]
_OF_STATUS: dict[int, type[PilothouseError]] = {404: NotFound, 405: MethodNotAllowed, 413: BodyTooLarge}


def translate_errors(api: FastAPI) -> None:
    """Have `api` raise our own errors for what it finds wrong itself."""
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _refused)


async def _invalid(_request: Request, error: Exception) -> NoReturn:
    found = cast("RequestValidationError", error).errors()
    faults = [_fault(item) for item in found[:MOST_FAULTS]]
    told = "; ".join(f"{fault.where} {fault.name}: {fault.detail}" for fault in faults[:3])
    more = f" (and {len(found) - 3} more)" if len(found) > 3 else ""
    raise InvalidFields(f"The request is not valid: {told}{more}.", faults) from None


def _fault(item: dict[str, Any]) -> Fault:
    where, *inside = item["loc"]
    detail = str(item["msg"]).removeprefix("Value error, ")
    if where == "body":
        return Fault(where="body", name=pointer(*inside), detail=detail)
    name = ".".join(map(str, inside))
    return Fault(where=cast("Where", where), name=name, detail=detail)


async def _refused(request: Request, error: Exception) -> NoReturn:
    refused = cast("HTTPException", error)
    kind = _OF_STATUS.get(refused.status_code, InvalidInput if refused.status_code < 500 else PilothouseError)
    told = {
        404: f"There is nothing at {request.url.path[:200]}.",
        405: f"{request.method} is not possible at {request.url.path[:200]}.",
    }.get(refused.status_code, str(refused.detail))
    ours = kind(told)
    ours.__dict__["headers"] = {name.lower(): value for name, value in (refused.headers or {}).items()}
    if refused.status_code == 405:
        ours.__dict__["headers"]["allow"] = _allowed(request)
    raise ours from None


def _allowed(request: Request) -> str:
    """What can be done at a path; the router names the methods of the first route only.

    Of the templates that fit a path the first is meant: /runs/cancel is no run whose id is `cancel`.
    """
    meant: str | None = None
    found: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.path and compile_path(route.path)[0].match(request.url.path):
            meant = meant or route.path
            if route.path == meant and getattr(route, "include_in_schema", True):
                found |= set(route.methods)
    return ", ".join(sorted(found))
