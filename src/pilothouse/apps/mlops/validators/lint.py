"""Runs ruff on the generated repository, with the rules the repository itself sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import ruff  # type: ignore[import-untyped]  # it publishes no types
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
STOPPED = "ruff-stopped"
"""The rule of a finding that says that ruff itself failed."""

_CONFIGURATION = ("ruff.toml", ".ruff.toml", "pyproject.toml")


def start_ruff(files: Mapping[str, bytes], folder: Path, home: Path) -> tuple[Tool, ...]:
    """Start the linter and the formatter's check; without a configuration in the repository none is used."""
    isolated = [] if any(name in files for name in _CONFIGURATION) else ["--isolated"]
    common = ["--no-cache", "--quiet", "--output-format", "json", *isolated, "."]
    binary = ruff.find_ruff_bin()
    return tuple(Tool([binary, *kind, *common], folder, home) for kind in (["check"], ["format", "--check"]))


def result_of_ruff(tools: Sequence[Tool], files: Mapping[str, bytes]) -> ValidatorResult:
    """Wait for ruff and read its findings."""
    linted, formatted = (_findings(tool) for tool in tools)
    broken = bool(linted)  # the formatter cannot read what the linter has found unreadable
    findings = linted + [item for item in formatted if not (broken and item.rule == STOPPED)]
    count = sum(path.endswith((".py", ".pyi")) for path in files)
    return ValidatorResult.of(
        "ruff", findings, f"{counted(count, 'Python file')} and their formatting checked"
    )


def _findings(tool: Tool) -> list[Finding]:
    """What one run found; a run that did not come to its end is a finding too."""
    outcome = tool.finish()
    if outcome.code not in {0, 1}:
        told = " ".join((outcome.errors or outcome.output or "it was ended at its deadline").split())
        message = f"ruff did not run to its end: {told[:300]}"
        return [Finding(path="pyproject.toml", line=1, rule=STOPPED, message=message)]
    return [
        Finding(
            path=Path(item.filename).as_posix(),
            line=max(item.location.row, 1) if item.location else 1,
            rule=item.code or item.name or "syntax",
            message=item.message,
        )
        for item in _VIOLATIONS.validate_json(outcome.output or "[]")
    ]
