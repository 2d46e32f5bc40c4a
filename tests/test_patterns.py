"""No regular expression of the source can be made slow: each is found by itself and attacked.

Those of schemas are attacked, too, although Pydantic's own engine does not backtrack: a client's may.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from re import _constants as kinds
from re import _parser as parser
from types import FrameType
from typing import Any

import pytest

from pilothouse.apps.support.reading.cues import cues

SOURCE = Path(__file__).parents[1] / "src" / "pilothouse"
OPENAPI = Path(__file__).parents[1] / "docs" / "reference" / "openapi.json"
CALLS = frozenset({"compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
LENGTH = 3_000
SLOW = 0.25
"""Seconds that one pattern may take on `LENGTH` hostile characters; quadratic ones take a few hundredths."""


BUILT_LATER = {
    "apps/mlops/validators/structure.py": "what the schemas that come with the package say of keys",
    "apps/support/checking/wish.py": "a value of an answer, escaped",
    "apps/support/picking.py": "the name of an option, escaped",
    "apps/support/reading/cues.py": "phrases of a file, which `of_files` yields",
    "backups/programs.py": "an escaped name within a plain line",
    "usage/pricing.py": "how genai-prices knows the addresses of providers, matched with those of settings",
    "throttling/operations.py": "the paths of the API's own routes, escaped",
}
"""Where a pattern depends on a value that is known within a function only, and what that is."""


class BuiltLater(Exception):
    """A pattern cannot be known before a function runs."""


def patterns() -> Iterator[tuple[str, str | bytes, int]]:
    """Place, pattern and flags of every pattern of the source: of `re`, and of the schemas' `pattern=`."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        tree = ast.parse(path.read_text())
        others = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "re"]
        assert others == [], f"{place} imports from re: its patterns would not be found"
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                for said, flags in written(node):
                    try:
                        yield f"{place}:{node.lineno}", text_of(said, path), flags
                    except BuiltLater:
                        assert place in BUILT_LATER, f"{place}:{node.lineno} is looked at by nobody"


def of_files() -> Iterator[tuple[str, str, int]]:
    """Place, pattern and flags of what is written in files of data."""
    for group, meanings in cues().groups.items():
        for meaning, pattern in meanings.items():
            yield f"cues.toml:{group}.{meaning}", pattern.pattern, pattern.flags


def written(node: ast.Call) -> Iterator[tuple[ast.expr, int]]:
    """The patterns that a call is given, with their flags."""
    called = node.func
    if isinstance(called, ast.Attribute) and called.attr in CALLS and node.args:
        if isinstance(called.value, ast.Name) and called.value.id == "re":
            yield node.args[0], flags_of(node)
    elif called_as(called) in {"Field", "Query", "Path", "Header", "StringConstraints", "Body", "Cookie"}:
        yield from ((word.value, 0) for word in node.keywords if word.arg == "pattern")


def called_as(called: ast.expr) -> str:
    return called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def text_of(node: ast.expr, path: Path) -> str | bytes:
    """The pattern: as it is written, or as the module's own names make it; raises `BuiltLater`."""
    if isinstance(node, ast.Constant):
        found = node.value
    else:
        parts = ("pilothouse", *path.relative_to(SOURCE).with_suffix("").parts)
        module = importlib.import_module(".".join(parts).removesuffix(".__init__"))
        try:
            found = eval(compile(ast.Expression(node), str(path), "eval"), vars(module))  # noqa: S307 - our source
        except NameError as error:
            raise BuiltLater from error
    assert isinstance(found, str | bytes), (path, found)
    return found


def flags_of(node: ast.Call) -> int:
    said = ast.unparse(ast.Tuple([*node.args[1:], *(word.value for word in node.keywords)], ast.Load()))
    return sum({getattr(re, name).value for name in re.findall(r"re\.([A-Z]+)", said)})


def example(parsed: Any) -> str:
    """A text that fits a parsed pattern, more or less."""
    out = ""
    for kind, value in parsed:
        if kind is kinds.LITERAL:
            out += chr(value)
        elif kind is kinds.IN:
            out += member(value)
        elif kind is kinds.ANY:
            out += "a"
        elif kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT}:
            out += example(value[2]) * max(value[0], 1 if value[1] else 0) if value[0] < 100 else ""
        elif kind is kinds.SUBPATTERN:
            out += example(value[3])
        elif kind is kinds.BRANCH:
            out += example(value[1][0])
        elif kind is kinds.ATOMIC_GROUP:
            out += example(value)
    return out


def member(items: Any) -> str:
    if items[0][0] is kinds.NEGATE:
        return next((one for one in "a0 -/_\n" if re.match(rebuilt(items), one)), "a")
    kind, value = items[0]
    if kind is kinds.LITERAL:
        return chr(value)
    if kind is kinds.RANGE:
        return chr(value[0])
    return {kinds.CATEGORY_DIGIT: "0", kinds.CATEGORY_SPACE: " "}.get(value, "a")


def rebuilt(items: Any) -> str:
    inside = ""
    for kind, value in items[1:]:
        if kind is kinds.LITERAL:
            inside += re.escape(chr(value))
        elif kind is kinds.RANGE:
            inside += f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
        elif kind is kinds.CATEGORY:
            inside += {
                kinds.CATEGORY_DIGIT: r"\d",
                kinds.CATEGORY_SPACE: r"\s",
                kinds.CATEGORY_WORD: r"\w",
            }.get(value, "")
    return f"[^{inside}]"


def pumps(parsed: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """What leads to each repetition of a parsed pattern, and what it repeats."""
    for at, (kind, value) in enumerate(parsed):
        here = before + example(parsed[:at])
        if kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT}:
            if value[1] is kinds.MAXREPEAT or value[1] > 50:
                yield here, example(value[2])
            yield from pumps(value[2], here)
        elif kind is kinds.SUBPATTERN:
            yield from pumps(value[3], here)
        elif kind is kinds.BRANCH:
            for one in value[1]:
                yield from pumps(one, here)
        elif kind in {kinds.ASSERT, kinds.ASSERT_NOT}:
            yield from pumps(value[1], here)


def attacks(pattern: str | bytes, flags: int) -> Iterator[str]:
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    found = {("", "a"), ("", "0 ")}
    found |= {pump for pump in pumps(parser.parse(text, flags)) if pump[1]}
    for before, repeated in sorted(found):
        yield before + repeated * (LENGTH // len(repeated)) + "\x00"
        if before:
            yield (before + repeated) * (LENGTH // len(before + repeated)) + "\x00"


class TooSlow(Exception):
    """The pattern did not come back."""


def stop(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def slowest(pattern: str | bytes, flags: int) -> tuple[float, str]:
    """The longest time that a hostile text has taken, in seconds, and its beginning."""
    compiled, worst = re.compile(pattern, flags), (0.0, "")
    previous = signal.signal(signal.SIGVTALRM, stop)
    try:
        for attack in attacks(pattern, flags):
            text: Any = attack.encode("utf-8", "replace") if isinstance(pattern, bytes) else attack
            signal.setitimer(signal.ITIMER_VIRTUAL, 4 * SLOW)
            began = time.thread_time()
            for use in (compiled.search, compiled.fullmatch):
                use(text)
            worst = max(worst, (time.thread_time() - began, attack[:40]))
    except TooSlow:
        return float("inf"), attack[:40]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)
    return worst


def published(part: Any) -> Iterator[str]:
    """The patterns that a schema says."""
    if isinstance(part, dict):
        if isinstance(part.get("pattern"), str):
            yield part["pattern"]
        for value in part.values():
            yield from published(value)
    elif isinstance(part, list):
        for value in part:
            yield from published(value)


def test_no_pattern_of_the_source_can_be_made_slow() -> None:
    found = {(pattern, flags): place for place, pattern, flags in patterns()}
    found |= {(pattern, flags): place for place, pattern, flags in of_files()}
    for schema in (OPENAPI, *SOURCE.rglob("schemas/*.json")):
        found |= {(pattern, 0): schema.name for pattern in published(json.loads(schema.read_text()))}
    places = {place.partition(":")[0] for place in found.values()}
    assert {"keys/texts.py", "settings.py", "runtime/labels.py", "auth/tokens.py", "openapi.json"} <= places
    assert len(found) > 150
    slow = {
        place: worst
        for (pattern, flags), place in found.items()
        if (worst := slowest(pattern, flags))[0] > SLOW
    }
    assert slow == {}


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*b", r"(\w+\s?)*$", r"^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a_pattern_that_can_be_made_slow_is_noticed(pattern: str) -> None:
    assert slowest(pattern, 0)[0] > SLOW
