"""Reads evaluation sets: JSON lines, a case on each. Every wrong line is named at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from pilothouse.evaluations.errors import SetInvalid
from pilothouse.evaluations.schemas import Case

LONGEST_LINE, MOST_CASES, TOLD = 1_000_000, 100_000, 5
"""Bytes of a line, cases of a set, and wrong lines that are told one by one."""


def read_set(path: Path) -> tuple[Case, ...]:
    """The cases of a file. Raises `SetInvalid`, which names the lines that are wrong and why."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise SetInvalid(f"{path} cannot be read: {error.strerror or error}.") from None
    cases, wrong, seen = list[Case](), list[str](), dict[str, int]()
    for number, line in _written(lines):
        try:
            case = _case(line, number)
        except ValueError as error:
            wrong.append(f"line {number}: {error}")
            continue
        if case.id in seen:
            wrong.append(f"line {number}: the id {case.id!r} is that of line {seen[case.id]}")
        seen.setdefault(case.id, number)
        cases.append(case)
    if wrong:
        more = f"; and {len(wrong) - TOLD} more" if len(wrong) > TOLD else ""
        raise SetInvalid(
            f"{path} is no evaluation set: {'; '.join(wrong[:TOLD])}{more}.",
            hint='A line reads {"id": "late-parcel", "variables": {"ticket": "..."}, "expected": {...}}.',
        )
    if not 1 <= len(cases) <= MOST_CASES:
        raise SetInvalid(f"{path} holds {len(cases):,} cases; it takes 1 to {MOST_CASES:,}.")
    return tuple(cases)


def _written(lines: list[bytes]) -> Iterator[tuple[int, bytes]]:
    """The lines with something on them, by number from 1."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, line


def _case(line: bytes, number: int) -> Case:
    """The case on a line; raises `ValueError` that says what is wrong."""
    if len(line) > LONGEST_LINE:
        message = f"{len(line):,} bytes are more than {LONGEST_LINE:,}"
        raise ValueError(message)
    try:
        case = Case.model_validate_json(line)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, found["loc"]))
        raise ValueError(f"{place}: {found['msg']}" if place else found["msg"]) from None
    return case if case.id else case.model_copy(update={"id": f"line-{number}"})
