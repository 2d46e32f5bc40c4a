"""The OpenAPI document: what FastAPI derives from the code, with our errors in place of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel

from pilothouse.kit.problems import MEDIA_TYPE, Problem

Document = dict[str, Any]
"""An OpenAPI document as JSON, which is all that FastAPI makes of it, too."""

ANY_ERROR = {
    "description": "Any other error.",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def operation_id(route: APIRoute) -> str:
    """The name of an operation: that of its function."""
    return f"head_{route.name}" if route.methods == {"HEAD"} else route.name


def document(api: FastAPI, *others: type[BaseModel]) -> Document:
    """The OpenAPI document of `api`: every error is a problem document, and invalid input a 400.

    `others` are models that are referred to besides those of requests and responses.
    """
    found = get_openapi(title=api.title, version=api.version, description=api.description, routes=api.routes)
    for operation in _operations(found):
        responses = operation["responses"]
        responses.pop("422", None)
        responses["default"] = ANY_ERROR
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    models: tuple[type[BaseModel], ...] = (Problem, *others)
    for model in models:
        described = model.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
        schemas.update(described.pop("$defs", {}))
        schemas[model.__name__] = described
    return found


def _operations(found: Document) -> Iterator[Document]:
    for path in found["paths"].values():
        yield from path.values()
