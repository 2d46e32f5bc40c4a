"""Evaluates the part of Terraform's expressions that test files use: literals, references, simple loops.

A reference to another resource stays a token, "@TYPE.NAME#ATTRIBUTE", which the reader resolves later.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

REFERENCE = re.compile(r"^([a-z][\w-]*)\.([\w-]+)((?:\[[^\]]*\])?(?:\.[\w.\[\]\"*]+)?)$")
INTERPOLATION = re.compile(r"\$\{([^{}]*)\}")
TOKEN = re.compile(r"@([\w-]+\.[\w-]+)(?:#(\w*))?")
LOOP = re.compile(r"^\{\s*for\s+(\w+)\s+in\s+(.+?)\s*:\s*(\w+)\s*=>\s*(\w+)\s*\}$", re.DOTALL)
NUMBERS = re.compile(r"^[\d\s.*+()/-]+$")


@dataclass(frozen=True)
class Scope:
    """What names mean at one place: variables, locals and, inside a loop, each and count."""

    variables: Mapping[str, JsonValue] = field(default_factory=dict)
    locals: Mapping[str, JsonValue] = field(default_factory=dict)
    each: tuple[str, JsonValue] | None = None
    count: int | None = None


def evaluate(value: JsonValue, scope: Scope) -> JsonValue:
    """The plain value of what the HCL parser returned; what cannot be evaluated becomes None."""
    if isinstance(value, dict):
        return {
            _unquote(key): evaluate(inner, scope) for key, inner in value.items() if not key.startswith("__")
        }
    if isinstance(value, list):
        return [evaluate(inner, scope) for inner in value]
    if not isinstance(value, str):
        return value
    if value.startswith('"') and value.endswith('"') and len(value) > 1:
        return _template(value[1:-1], scope)
    if value.startswith("${") and value.endswith("}"):
        return _expression(value[2:-1].strip(), scope)
    return value


def _unquote(key: str) -> str:
    return key[1:-1] if key.startswith('"') and key.endswith('"') else key


def _template(value: str, scope: Scope) -> JsonValue:
    def replace(match: re.Match[str]) -> str:
        found = _expression(match.group(1).strip(), scope)
        return "" if found is None else str(found)

    return INTERPOLATION.sub(replace, value)


def _path(value: JsonValue, rest: str) -> JsonValue:
    for part in re.findall(r"[\w-]+", rest):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def _named(text: str, scope: Scope) -> tuple[bool, JsonValue]:
    """(whether `text` is a known name, its value)."""
    head, _, rest = text.partition(".")
    if head == "var":
        return True, _path(dict(scope.variables), rest)
    if head == "local":
        name = re.match(r"[\w-]+", rest)
        held = scope.locals.get(name.group(0)) if name else None
        return True, _path(evaluate(held, scope), rest[name.end() :] if name else "")
    if head == "each" and scope.each is not None:
        key, value = scope.each
        return True, key if rest == "key" else _path(value, rest.removeprefix("value"))
    if text == "count.index":
        return True, scope.count
    return False, None


def _literal(text: str, scope: Scope) -> tuple[bool, JsonValue]:
    words: dict[str, JsonValue] = {"true": True, "false": False, "null": None}
    if text in words:
        return True, words[text]
    if text.startswith('"') and text.endswith('"'):
        return True, _template(text[1:-1], scope)
    if text.startswith("[") and text.endswith("]"):
        try:
            found: JsonValue = json.loads(text)
        except ValueError:
            return True, None
        return True, found
    return False, None


def _arithmetic(text: str) -> JsonValue:
    parts = [part.strip() for part in text.split("*")]
    total = 1.0
    for part in parts:
        try:
            total *= float(part)
        except ValueError:
            return None
    return int(total) if total.is_integer() else total


def _expression(text: str, scope: Scope) -> JsonValue:
    for reader in (_literal, _named):
        known, value = reader(text, scope)
        if known:
            return value
    loop = LOOP.match(text)
    if loop and loop.group(1) == loop.group(3) == loop.group(4):
        source = _expression(loop.group(2), scope)
        return {str(item): item for item in source} if isinstance(source, list) else None
    if text.startswith("toset(") and text.endswith(")"):
        source = _expression(text[6:-1].strip(), scope)
        return {str(item): item for item in source} if isinstance(source, list) else None
    if NUMBERS.match(text):
        return _arithmetic(text)
    reference = REFERENCE.match(text)
    if reference:
        attribute = reference.group(3).rpartition(".")[2].strip("[]")
        return f"@{reference.group(1)}.{reference.group(2)}#{attribute}"
    return None
