"""What validators return: findings with file and line, a result per validator, and the failure of a run."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from pilothouse.apps.mlops.requirements import Frozen


class Severity(StrEnum):
    """Whether a finding fails its validator."""

    ERROR = "error"
    WARNING = "warning"


class Finding(Frozen):
    """One thing that is wrong: where (`line` counts from 1), by which rule, and what to do about it."""

    path: str
    line: int = Field(ge=1)
    rule: str
    message: str
    severity: Severity = Severity.ERROR

    @property
    def place(self) -> str:
        """The file and line as editors and terminals understand them."""
        return f"{self.path}:{self.line}"


class ValidatorResult(Frozen):
    """What one validator found. `notes` say what it looked at ("12 tests passed, 1 skipped").

    Holds no durations and no paths of this machine, so that the same files give the same bytes.
    """

    name: str
    passed: bool
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, findings: list[Finding], *notes: str) -> ValidatorResult:
        """A result that passes where no finding is an error; findings are ordered by place."""
        ordered = sorted(findings, key=lambda item: (item.path, item.line, item.rule, item.message))
        failed = any(item.severity is Severity.ERROR for item in ordered)
        return cls(name=name, passed=not failed, findings=tuple(ordered), notes=notes)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 file", "2 files"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Validation(Frozen):
    """The results of all validators, in a fixed order."""

    results: tuple[ValidatorResult, ...]

    @property
    def passed(self) -> bool:
        """Whether every validator passed."""
        return all(result.passed for result in self.results)


class ValidationFailed(ValueError):
    """A generated repository is not fit to hand out; the message names validator, file and line."""


SHOWN = 2
"""How many errors of each validator the failure's message lists before it says how many more there are."""


def require_passed(validation: Validation) -> None:
    """Raise `ValidationFailed` unless every validator passed."""
    failed = [result for result in validation.results if not result.passed]
    if failed:
        raise ValidationFailed(f"The generated repository is not fit to use. {' '.join(map(_told, failed))}")


def _told(result: ValidatorResult) -> str:
    """The first errors of one validator, with file and line."""
    errors = [item for item in result.findings if item.severity is Severity.ERROR]
    told = "; ".join(f"{item.place}: {item.message.rstrip('.')} [{item.rule}]" for item in errors[:SHOWN])
    more = f"; and {len(errors) - SHOWN} more" if len(errors) > SHOWN else ""
    return f"{result.name}: {told}{more}."
