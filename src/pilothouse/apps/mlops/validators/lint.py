"""Runs ruff on the generated repository, with the rules the repository itself sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import ruff  # type: ignore[import-untyped]
from pydantic import BaseModel, TypeAdapter

from pilothouse.apps.mlops.validators.model import Finding, ValidatorResult, counted
from pilothouse.apps.mlops.validators.process import Tool


class _Location(BaseModel):
    row: int


class _Violation(BaseModel):
    """One entry of ruff's JSON output (https://docs.astral.sh/ruff/settings/#output-format)."""

    filename: str
    code: str | None = None
    name: str | None = None
    message: str
    location: _Location | None = None


_VIOLATIONS = TypeAdapter(list[_Violation])
_CONFIGURATION = ("ruff.toml", ".ruff.toml", "pyproject.toml")


def start_ruff(files: Mapping[str, bytes], folder: Path, home: Path) -> Tool:
    """Start `ruff check`; without a configuration in the repository none from above is used either."""
    isolated = [] if any(name in files for name in _CONFIGURATION) else ["--isolated"]
    command = ["check", "--no-cache", "--quiet", "--output-format", "json", *isolated, "."]
    return Tool([ruff.find_ruff_bin(), *command], folder, home)


def result_of_ruff(tool: Tool, files: Mapping[str, bytes]) -> ValidatorResult:
    """Wait for ruff and read its findings."""
    outcome = tool.finish()
    count = sum(path.endswith((".py", ".pyi")) for path in files)
    note = f"{counted(count, 'Python file')} checked"
    if outcome.code not in {0, 1}:
        told = " ".join((outcome.errors or outcome.output or "it was ended at its deadline").split())
        message = f"ruff did not run to its end: {told[:300]}"
        return ValidatorResult.of(
            "ruff", [Finding(path="pyproject.toml", line=1, rule="ruff", message=message)]
        )
    violations = _VIOLATIONS.validate_json(outcome.output or "[]")
    findings = [
        Finding(
            path=Path(item.filename).as_posix(),
            line=max(item.location.row, 1) if item.location else 1,
            rule=item.code or item.name or "syntax",
            message=item.message,
        )
        for item in violations
    ]
    return ValidatorResult.of("ruff", findings, note)
