"""Structure of text and JSON: how long, how repetitive, how encoded, how deep, and whether it fits a schema.

What is wrong is a finding and never an exception; every check is linear in the text, and JSON is not parsed
before its depth and number of keys are known to be within bounds.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import BaseModel, TypeAdapter, ValidationError
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from pilothouse.errors import InvalidInput
from pilothouse.guards.findings import Act, Finding, Severity

Schema = type[BaseModel] | TypeAdapter[Any] | Mapping[str, Any]
"""A Pydantic model, a type adapter, or a JSON Schema (2020-12)."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_WORD = re.compile(r"[^\W\d_]{2,40}")
_TOKEN = re.compile(r"\S{1,100}")
_SAME = re.compile(r"([^\s\-=_*#.])\1{63,}")  # without the rules of tables and headings
_MARKS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]:]', re.DOTALL)
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")  # whose letters imitate each other


@dataclass(frozen=True)
class Limits:
    """What a text may be: `characters`, JSON `depth` (of an empty list 1), and `keys` of all objects.

    `repetition` is the share of words, in [0, 1], that may be the same pair of words again, counted from
    `MANY_WORDS` words on.
    """

    characters: int = 100_000
    depth: int = 32
    keys: int = 10_000
    repetition: float = 0.6


MANY_WORDS = 40


class StructureGuard:
    """Checks texts against `limits`; with `json_expected`, or a `schema`, what is not JSON is a finding too.

    Types of findings: `too_long`, `repetition`, `control_characters`, `invalid_surrogate`, `mixed_scripts`,
    `json_invalid`, `json_too_deep`, `json_too_many_keys`, `schema`. Raises `InvalidInput` at once for a JSON
    Schema that is none itself, or whose references lead outside it: nothing is fetched.
    """

    def __init__(
        self, limits: Limits | None = None, *, schema: Schema | None = None, json_expected: bool = False
    ) -> None:
        self._limits = limits or Limits()
        self._schema = schema
        self._json = json_expected or schema is not None
        if isinstance(schema, Mapping):
            _check_schema(schema)

    def scan(self, text: str) -> list[Finding]:
        """What is wrong with a text, at most one finding of each type, in the order of the types above."""
        found: list[Finding] = []
        if len(text) > self._limits.characters:
            found.append(_found("too_long", self._limits.characters, len(text), Severity.MEDIUM, Act.BLOCK))
            text = text[: self._limits.characters]  # the rest is not looked at
        found += _encoding(text, self._limits)
        if self._json and not any(one.type == "too_long" for one in found):
            found += self._json_findings(text)
        return found

    def _json_findings(self, text: str) -> list[Finding]:
        depth, keys, deepest = extent(text)
        if depth > self._limits.depth:
            return [_found("json_too_deep", deepest, deepest + 1, Severity.HIGH, Act.BLOCK)]
        if keys > self._limits.keys:
            return [_found("json_too_many_keys", 0, len(text), Severity.HIGH, Act.BLOCK)]
        try:
            value = json.loads(text, parse_constant=_refused)
        except (ValueError, RecursionError) as error:
            at = min(getattr(error, "pos", 0), len(text))
            return [_found("json_invalid", at, len(text), Severity.MEDIUM, Act.BLOCK)]
        if self._schema is None or _fits(self._schema, value):
            return []
        return [_found("schema", 0, len(text), Severity.MEDIUM, Act.BLOCK)]


def _found(
    kind: str, start: int, end: int, severity: Severity, action: Act, confidence: float = 1.0
) -> Finding:
    return Finding(kind, start, end, confidence, severity, action)


def _encoding(text: str, limits: Limits) -> list[Finding]:
    """Repetition, control characters, lone surrogates, and words of several scripts."""
    found: list[Finding] = []
    repeated = _repetition(text, limits.repetition)
    if repeated is not None:
        found.append(_found("repetition", *repeated, Severity.LOW, Act.FLAG))
    control = _CONTROL.search(text)
    if control:
        found.append(_found("control_characters", *control.span(), Severity.MEDIUM, Act.FLAG))
    surrogate = None if text.isascii() else _SURROGATE.search(text)
    if surrogate:
        found.append(_found("invalid_surrogate", *surrogate.span(), Severity.MEDIUM, Act.BLOCK))
    mixed = None if text.isascii() else _mixed(text)
    if mixed is not None:
        found.append(_found("mixed_scripts", *mixed, Severity.MEDIUM, Act.FLAG, confidence=0.8))
    return found


def _repetition(text: str, most: float) -> tuple[int, int] | None:
    """Where a text repeats itself: one character 64 times, or pairs of words again and again."""
    same = _SAME.search(text)
    if same:
        return same.span()
    words = _TOKEN.findall(text)
    if len(words) < MANY_WORDS:
        return None
    pairs = list(pairwise(words))
    return (0, len(text)) if 1 - len(set(pairs)) / len(pairs) > most else None


def _mixed(text: str) -> tuple[int, int] | None:
    """The first word that has letters of two scripts that imitate each other."""
    for word in _WORD.finditer(text):
        if not word[0].isascii():
            scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word[0]}
            if len(scripts.intersection(_SCRIPTS)) > 1:
                return word.span()
    return None


def extent(text: str) -> tuple[int, int, int]:
    """Depth, number of keys, and where the deepest bracket stands, without building anything."""
    depth = deepest = keys = place = 0
    for mark in _MARKS.finditer(text):
        sign = mark[0]
        if sign in "{[":
            depth += 1
            if depth > deepest:
                deepest, place = depth, mark.start()
        elif sign in "}]":
            depth -= 1
        elif sign == ":":
            keys += 1
    return deepest, keys, place


def _refused(constant: str) -> None:
    """NaN and the infinities, which Python reads and JSON does not know."""
    message = f"{constant} is no JSON"
    raise ValueError(message)


def _check_schema(schema: Mapping[str, Any]) -> None:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InvalidInput(
            f"The JSON Schema is none: {error.message}. Correct it at {error.json_path}."
        ) from error
    resolver = Registry().resolver_with_root(
        Resource.from_contents(dict(schema), default_specification=DRAFT202012)
    )
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable as error:
            message = f"The JSON Schema refers to {reference}, which is not in it. Put it under $defs."
            raise InvalidInput(message) from error


def _references(part: object) -> Iterator[str]:
    """Every `$ref` of a schema."""
    if isinstance(part, Mapping):
        reference = part.get("$ref")
        if isinstance(reference, str):
            yield reference
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def _fits(schema: Schema, value: object) -> bool:
    """Whether a value that was read from JSON fits the schema."""
    if isinstance(schema, Mapping):
        return bool(Draft202012Validator(schema).is_valid(value))
    adapter = schema if isinstance(schema, TypeAdapter) else TypeAdapter(schema)
    try:
        adapter.validate_json(json.dumps(value))
    except ValidationError:
        return False
    return True
