"""Renders a version of a prompt: a pure function of the version and its variables."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from pydantic import JsonValue

from pilothouse.kit.canonical import rfc8785
from pilothouse.prompts.errors import PromptInvalid, RenderFailed, VariablesInvalid
from pilothouse.prompts.schemas import Example, Message, PromptVersion, Rendered
from pilothouse.prompts.templates import Compiled, Work
from pilothouse.prompts.variables import Kind, Variable, checked

LARGEST_BODY = 200_000
"""Characters of a prompt's body."""
FENCE = 20
"""Hexadecimal digits of a fence: 80 bits."""
COMPILED = 256
"""Bodies that a process keeps compiled."""

Role = Literal["system", "user", "assistant"]

_ROLES: Mapping[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}
_MARKER = re.compile(r"<!--[ \t]*(?P<role>[a-z]+)[ \t]*-->[ \t]*")
_CLOSED = frozenset({Kind.ENUM, Kind.BOOLEAN, Kind.INTEGER, Kind.NUMBER, Kind.DATE, Kind.DATETIME})
"""Types of which nothing can be read as an instruction."""


class Part(NamedTuple):
    """One part of a body, whose text begins in line `line` of the body."""

    role: Role
    source: str
    line: int


def render(version: PromptVersion, variables: Mapping[str, JsonValue]) -> Rendered:
    """What a model is to be sent for these variables.

    Raises `VariableMissing`, `VariableUnknown`, `VariableWrong`, and `RenderFailed` or `RenderTooLarge`.
    """
    parts, compiled = _compiled(version)
    given = {name: value for name, value in variables.items() if value is not None}
    values = checked(version.name, version.variables, given)
    work = Work(_fence(version, given))
    texts = [template.render(values, work).strip() for template in compiled]
    roles = [part.role for part in parts]
    system = texts[0] if roles and roles[0] == "system" else ""
    said = [
        Message(role=role, text=text) for role, text in zip(roles, texts, strict=True) if role != "system"
    ]
    shown = [message for example in version.examples for message in _shown(version, example)]
    messages = (*shown, *said)
    told = {"system": system, "messages": [[one.role, one.text] for one in messages]}
    return Rendered(system=system, messages=messages, digest=hashlib.sha256(rfc8785(told)).hexdigest())


def validate(version: PromptVersion, first_line: int = 1) -> None:
    """Raise `PromptInvalid` where the body, which begins in line `first_line` of its file, cannot be used.

    So it is where an example does not fit the variables.
    """
    if len(version.body) > LARGEST_BODY:
        raise PromptInvalid(found=[f"the body has more than {LARGEST_BODY:,} characters"])
    for part in parts_of(version.body, first_line):
        _compile(part, version.variables, first_line)
    for place, example in enumerate(version.examples, 1):
        try:
            _shown(version, example)
        except VariablesInvalid as error:
            raise PromptInvalid(found=[f"example {place}: {error}"]) from None


def parts_of(body: str, first_line: int = 1) -> tuple[Part, ...]:
    """The parts of a body: what stands before the first marker is the system's. Raises `PromptInvalid`.

    A marker is a line of its own: `<!-- system -->`, `<!-- user -->` or `<!-- assistant -->`.
    """
    found: list[tuple[Role, list[str], int]] = [("system", [], 1)]
    for number, line in enumerate(body.split("\n"), 1):
        marker = _MARKER.fullmatch(line)
        if marker is None:
            found[-1][1].append(line)
            continue
        role, where = _ROLES.get(marker["role"]), f"line {number + first_line - 1}"
        if role is None:
            told = f"there is no part `{marker['role']}`: system, user or assistant"
            raise PromptInvalid(found=[f"{where}: {told}"])
        if role == "system" and (len(found) > 1 or any(text.strip() for text in found[0][1])):
            raise PromptInvalid(found=[f"{where}: the system's part comes first, and once"])
        if role == "system":
            found = [("system", [], number + 1)]
        else:
            found.append((role, [], number + 1))
    parts = [Part(role, "\n".join(lines), line) for role, lines, line in found]
    kept = tuple(part for part in parts if part.source.strip())
    if not kept:
        raise PromptInvalid(found=["the body is empty"])
    return kept


def _fence(version: PromptVersion, given: Mapping[str, JsonValue]) -> str:
    """What quotes are fenced with: no text that is given holds it, and none can be made to."""
    told = rfc8785({"version": version.digest, "variables": dict(given)})
    fence = hashlib.sha256(told).hexdigest()[:FENCE]
    while fence.encode() in told:
        fence = hashlib.sha256(fence.encode() + told).hexdigest()[:FENCE]
    return fence


def _shown(version: PromptVersion, example: Example) -> tuple[Message, Message]:
    """An example as the two messages that it is."""
    output = example.output
    answer = output if isinstance(output, str) else json.dumps(output, ensure_ascii=False)
    if isinstance(example.input, str):
        text = example.input
    else:
        parts, compiled = _compiled(version)
        asked = [place for place, part in enumerate(parts) if part.role == "user"]
        if not asked:
            raise RenderFailed(
                "The body has no user's part that an example's variables could be put into.",
                hint="Write the example's input as a text, or add a line `<!-- user -->`.",
            )
        values = checked(version.name, version.variables, example.input)
        work = Work(_fence(version, example.input))
        text = compiled[asked[-1]].render(values, work).strip()
    return Message(role="user", text=text), Message(role="assistant", text=answer)


def _compiled(version: PromptVersion) -> tuple[tuple[Part, ...], tuple[Compiled, ...]]:
    unquoted = frozenset(_unquoted(version.variables))
    return _kept(version.body, frozenset(version.variables), unquoted)


@lru_cache(maxsize=COMPILED)
def _kept(
    body: str, known: frozenset[str], unquoted: frozenset[str]
) -> tuple[tuple[Part, ...], tuple[Compiled, ...]]:
    parts = parts_of(body)
    made = (Compiled(part.source, known=known, unquoted=unquoted, first_line=part.line) for part in parts)
    return parts, tuple(made)


def _compile(part: Part, variables: Mapping[str, Variable], first_line: int) -> Compiled:
    line = part.line + first_line - 1
    return Compiled(part.source, known=variables, unquoted=_unquoted(variables), first_line=line)


def _unquoted(variables: Mapping[str, Variable]) -> list[str]:
    """The variables that have to be quoted: untrusted ones, unless their type says all that they can."""
    return [name for name, kind in variables.items() if kind.untrusted and kind.type not in _CLOSED]
