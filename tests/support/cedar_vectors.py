"""Texts that Cedar itself reads or refuses, for the console's tests: run it to write them where these are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cedarpy

STORED = Path(__file__).parents[2] / "console/src/features/policies/vectors.json"
HEAD = "permit (principal, action, resource)"
CONDITIONS = (
    "context.a == 1",
    "1 +",
    "context.facts has order.version",
    'context has "x y"',
    'context["x"] == "y"',
    'context.a like "*.b"',
    "context.a like 3",
    "principal is Person",
    'principal is Person in App::"x"',
    "principal is",
    "if context.a then 1 == 1 else false && true",
    "true && if true then false else true",
    "1 < 2 < 3",
    "(1 < 2) == true",
    "!!!!true",
    "!!!!!true",
    "-1 < 9223372036854775807",
    "[1, 2,].contains(2)",
    '{a: 1, "b": 2}.a == 1',
    'ip("1.1.1.1").isLoopback()',
    "foo(1)",
    "A",
    "context['x']",
    "",
    ";",
    '"unended',
    "1 % 2 == 2",
    "1 * context.x == 2",
    'Shop::Order::"h-1" == resource',
    'context.a == "line\nline"',
    "context.a == ",
    "context..a",
    "(context.a",
    "context.a)",
    "context.a && || context.b",
    "true false",
    "// a comment\ntrue",
    "context.a.contains(1)",
    "principal in [principal, resource]",
)
TEXTS = (
    "",
    "// only a comment",
    HEAD,
    f"{HEAD};",
    f"{HEAD};;",
    f'@id("a") {HEAD};',
    f"@id {HEAD};",
    f'@id("a") @id("b") {HEAD};',
    f"@id(a) {HEAD};",
    "allow (principal, action, resource);",
    "permit (action, principal, resource);",
    "permit (principal, action);",
    "permit (principal, action, resource,);",
    "permit principal, action, resource;",
    'permit (principal == Person::"anna", action == Action::"pay", resource is Tool in App::"shop");',
    'permit (principal in [Person::"anna"], action, resource);',
    'permit (principal, action in [Action::"a", Action::"b"], resource);',
    "permit (principal, action in [], resource);",
    "permit (principal, action is Action, resource);",
    "permit (principal is Person, action, resource);",
    f"{HEAD} when {{ true }} unless {{ false }};",
    f"{HEAD} whenever {{ true }};",
    f"{HEAD} when true;",
    *(f"{HEAD} when {{ {condition} }};" for condition in CONDITIONS),
)


def made() -> list[dict[str, Any]]:
    """Each text, and whether Cedar reads it."""
    return [{"text": text, "reads": _reads(text)} for text in TEXTS]


def _reads(text: str) -> bool:
    try:
        cedarpy.policies_to_json_str(text)
    except ValueError:
        return False
    return True


if __name__ == "__main__":
    STORED.write_text(json.dumps(made(), indent=1) + "\n")
