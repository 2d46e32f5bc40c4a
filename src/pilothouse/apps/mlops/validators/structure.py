"""Holds GitHub workflows and Compose files against their JSON schemas, and checks the names used in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files as resource_files
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import JsonValue

from pilothouse.apps.mlops.validators.documents import Document, Documents, Key
from pilothouse.apps.mlops.validators.model import Finding, ValidatorResult, counted

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_COMPOSE = re.compile(r"(docker-)?compose([.-][\w.-]+)?\.ya?ml$")


def check_workflows(read: Documents) -> ValidatorResult:
    """Check everything in .github/workflows: its schema, and that `needs` names jobs that exist."""
    documents = [item for path in read.by_path if _is_workflow(path) for item in read.by_path[path]]
    findings = [item for document in documents for item in _violations(document, "github-workflow")]
    findings += [item for document in documents for item in _needs(document)]
    return ValidatorResult.of(
        "workflows", findings, f"{counted(len(documents), 'workflow')} checked against the schema"
    )


def check_compose(read: Documents) -> ValidatorResult:
    """Check every Compose file: its schema, and that services, volumes, networks and secrets exist."""
    paths = [path for path in read.by_path if _COMPOSE.fullmatch(PurePosixPath(path).name)]
    documents = [item for path in paths for item in read.by_path[path]]
    findings = [item for document in documents for item in _violations(document, "compose")]
    findings += [item for document in documents for item in _undeclared(document)]
    return ValidatorResult.of(
        "compose", findings, f"{counted(len(documents), 'Compose file')} checked against the schema"
    )


def _is_workflow(path: str) -> bool:
    return PurePosixPath(path).match(".github/workflows/*.y*ml")


@cache
def _schema(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    folder = resource_files("pilothouse.apps.mlops.validators") / "schemas"
    return Draft202012Validator(json.loads((folder / f"{name}.json").read_text()))


def _violations(document: Document, schema: str) -> Iterator[Finding]:
    for error in _schema(schema).iter_errors(document.value):
        precise = _most_precise(error)
        keys: list[Key] = list(precise.absolute_path)
        for member, message in _told(precise):
            place = ".".join(str(key) for key in keys) or "the top level"
            line = document.line(keys, member)
            yield Finding(path=document.path, line=line, rule="schema", message=f"At {place}: {message}")


def _most_precise(error: ValidationError) -> ValidationError:
    """Of failed alternatives, the error inside the one that was meant: the deepest that is not of type."""
    while error.context:
        meant = [item for item in error.context if item.validator not in {"type", "const", "enum"}]
        if not meant or _required(error.validator_value):
            return error
        error = max(meant, key=lambda item: len(item.absolute_path))
    return error


def _told(error: ValidationError) -> Iterator[tuple[str | None, str]]:
    """The key that is wrong (None: the value itself) and the message."""
    instance, schema = error.instance, error.schema
    if error.validator == "additionalProperties" and isinstance(instance, dict) and isinstance(schema, dict):
        patterns = [re.compile(text) for text in schema.get("patternProperties", {})]
        for key in instance:
            if key not in schema.get("properties", {}) and not any(
                pattern.search(key) for pattern in patterns
            ):
                yield key, f"{key!r} is not a key that is known here."
    elif error.validator in {"oneOf", "anyOf"} and (needed := _required(error.validator_value)):
        choices = " or ".join(needed)
        yield (
            None,
            f"exactly one of these is needed: {choices}."
            if error.validator == "oneOf"
            else f"needs {choices}.",
        )
    else:
        yield None, f"{' '.join(error.message.split())[:200]}."


def _required(alternatives: object) -> list[str]:
    """The keys each alternative needs, where that is all they say."""
    items = alternatives if isinstance(alternatives, list) else []
    return ["+".join(item["required"]) for item in items] if all("required" in item for item in items) else []


def _mapping(value: JsonValue | None) -> dict[str, JsonValue]:
    return value if isinstance(value, dict) else {}


def _names(value: JsonValue | None) -> list[str]:
    """The names in a string, a list of strings, or the keys of a mapping."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, (list, dict)) else []


def _needs(document: Document) -> Iterator[Finding]:
    jobs = _mapping(_mapping(document.value).get("jobs"))
    for name, job in jobs.items():
        for needed in _names(_mapping(job).get("needs")):
            if needed not in jobs:
                yield _missing(document, ("jobs", name, "needs"), f"{name!r} needs the job {needed!r}")


def _undeclared(document: Document) -> Iterator[Finding]:
    """Names that a service uses and the file does not declare."""
    top = _mapping(document.value)
    services = _mapping(top.get("services"))
    for name, value in services.items():
        service = _mapping(value)
        at = ("services", name)
        for other in _names(service.get("depends_on")):
            if other not in services:
                yield _missing(document, (*at, "depends_on"), f"{name!r} depends on the service {other!r}")
        for kind in ("networks", "secrets", "configs"):
            for other in _names(service.get(kind)):
                if other not in _mapping(top.get(kind)) and other != "default":
                    yield _missing(document, (*at, kind), f"{name!r} uses {other!r} of {kind}")
        for volume in _names(service.get("volumes")):
            source = volume.split(":")[0]
            named = ":" in volume and re.match(r"[A-Za-z0-9]", source)
            if named and source not in _mapping(top.get("volumes")):
                yield _missing(document, (*at, "volumes"), f"{name!r} mounts the volume {source!r}")


def _missing(document: Document, keys: Sequence[Key], what: str) -> Finding:
    message = f"{what}, which this file does not declare."
    return Finding(path=document.path, line=document.line(keys), rule="undeclared-name", message=message)
