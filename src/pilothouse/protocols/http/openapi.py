"""The OpenAPI document: what FastAPI derives from the code, with our errors in place of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from pilothouse.kit.problems import MEDIA_TYPE, Problem, documented

Document = dict[str, Any]
"""An OpenAPI document as JSON, which is all that FastAPI makes of it, too."""

ANY_ERROR = {
    "description": "Any other error.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

EVERYWHERE = (400, 401, 403, 421, 429, 431, 503)
"""What may be answered before an operation is reached, to a public one as well: a head that is malformed or
too large, a credential that does not hold, a foreign origin or host, a limit, overload."""
WITH_PATH = (404,)
"""What may be answered besides where the path names something."""
WITH_BODY = (408, 413, 415)
"""What may be answered besides where there is a body."""

SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, an access token, or the token of this machine.",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "ph_session",
        "description": "A browser's session; under TLS the cookie is called __Host-ph_session. Whatever "
        "changes something needs the session's token as X-CSRF-Token besides.",
    },
}
"""The ways to say who comes. A request has one of them."""


def operation_id(route: APIRoute) -> str:
    """The name of an operation: that of its function."""
    return f"head_{route.name}" if route.methods == {"HEAD"} else route.name


def document(api: FastAPI, *others: type[BaseModel], public: Collection[str]) -> Document:
    """The OpenAPI document of `api`: every error is a problem document, and invalid input a 400.

    `others` are models that are referred to besides those of requests and responses; `public` are the
    names of the operations that need no credential.
    """
    found = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
    used: set[int] = set()
    for path, operation in _operations(found):
        responses = operation["responses"]
        responses.pop("422", None)
        for status in _everywhere(path, operation):
            if str(status) not in responses:
                responses[str(status)] = {"$ref": f"#/components/responses/{status}"}
                used.add(status)
        responses["default"] = ANY_ERROR
        if operation["operationId"].removeprefix("head_") in public:
            operation["security"] = []
    found["security"] = [{name: []} for name in SCHEMES]
    components = found.setdefault("components", {})
    components["securitySchemes"] = SCHEMES
    components["responses"] = {str(status): said for status, said in documented(*sorted(used)).items()}
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    models: tuple[type[BaseModel], ...] = (Problem, *others)
    for model in models:
        described = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
    return found


def _everywhere(path: str, operation: Document) -> Iterator[int]:
    yield from EVERYWHERE
    if "{" in path:
        yield from WITH_PATH
    if "requestBody" in operation:
        yield from WITH_BODY


def _operations(found: Document) -> Iterator[tuple[str, Document]]:
    for path, item in found["paths"].items():
        for operation in item.values():
            yield path, operation
