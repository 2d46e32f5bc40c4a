"""The results of an evaluation as a file, so that two of them can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pilothouse.evaluations.comparing import difference
from pilothouse.evaluations.errors import ResultsInvalid
from pilothouse.evaluations.schemas import Case, Difference, Sheet
from pilothouse.kit.canonical import rfc8785

LARGEST = 1 << 30
"""Bytes of a file that is read."""


class Results(BaseModel):
    """What an evaluation found. `cases` holds a digest of each case by its id: what was asked and expected.

    It is not `complete` where it was interrupted: the sheets hold what was there by then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Annotated[int, Field(ge=1, le=1)] = 1
    complete: bool
    checks: tuple[str, ...]
    cases: dict[str, str]
    sheets: tuple[Sheet, ...]


def digests(cases: Sequence[Case]) -> dict[str, str]:
    """A digest of each case, by its id: 16 hexadecimal digits of the SHA-256 of what it says."""
    return {case.id: _digest(case) for case in cases}


def save(path: Path, results: Results) -> None:
    """Write a file. Raises `ResultsInvalid` where that cannot be."""
    try:
        path.write_text(results.model_dump_json(indent=1), "utf-8")
    except OSError as error:
        raise ResultsInvalid(f"{path} cannot be written: {error.strerror or error}.") from None


def load(path: Path) -> Results:
    """Read a file. Raises `ResultsInvalid`."""
    try:
        if path.stat().st_size > LARGEST:
            raise ResultsInvalid(f"{path} has more than {LARGEST:,} bytes.")
        return Results.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ResultsInvalid(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise ResultsInvalid(
            f"{path} holds no results of an evaluation: {place}: {first['msg']}.",
            hint="`pilothouse eval SET --prompt NAME --save results.json` writes such a file.",
        ) from None


def changes(before: Results, after: Results) -> list[Difference]:
    """How each version of `after` differs from the same one of `before`, on the cases that are the same.

    The same is: of that name with that model; else of that name; else the only one there is. Raises
    `ResultsInvalid` where no case, or no version, is in both.
    """
    same = {case for case, digest in after.cases.items() if before.cases.get(case) == digest}
    if not same:
        raise ResultsInvalid(
            "The results have no case in common.", hint="Compare results of the same evaluation set."
        )
    pairs = [(sheet, _counterpart(sheet, before, after)) for sheet in after.sheets]
    found = [
        difference(_only(sheet, same, "after"), _only(other, same, "before"))
        for sheet, other in pairs
        if other is not None
    ]
    if not found:
        raise ResultsInvalid("The results have no version in common.")
    return found


def _counterpart(sheet: Sheet, before: Results, after: Results) -> Sheet | None:
    named = [other for other in before.sheets if other.version == sheet.version]
    exact = [other for other in named if other.model == sheet.model]
    if exact:
        return exact[0]
    if len(named) == 1:
        return named[0]
    alone = len(before.sheets) == len(after.sheets) == 1
    return before.sheets[0] if alone else None


def _only(sheet: Sheet, cases: set[str], when: str) -> Sheet:
    trials = tuple(trial for trial in sheet.trials if trial.case in cases)
    shown = f"{sheet.version} ({sheet.id})" if sheet.id and sheet.id != sheet.version else sheet.version
    return Sheet(f"{when}, {shown}", sheet.model, trials)


def _digest(case: Case) -> str:
    told = {"variables": case.variables, "expected": case.expected}
    return hashlib.sha256(rfc8785(told)).hexdigest()[:16]
