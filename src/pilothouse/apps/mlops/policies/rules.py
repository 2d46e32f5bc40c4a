"""The rules of the policy check as typed values, read from `rules.toml` beside this file."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from pathlib import Path

from pydantic import Field, ValidationError

from pilothouse.apps.mlops.design import Role, Verdict
from pilothouse.apps.mlops.requirements import Frozen, Regime

FILE = Path(__file__).parent / "rules.toml"


class RuleError(ValueError):
    """The rules file is not valid."""


class Probe(StrEnum):
    """What a rule asks; each is a function in `policies.probes`."""

    FACT = "fact"
    ATTESTED = "attested"
    RESIDENCY = "residency"
    AREA = "area"
    RETENTION = "retention"
    RETENTION_AT_LEAST = "retention_at_least"
    CAPABILITY = "capability"
    TAGS = "tags"
    EXPOSURE = "exposure"
    OVERSIGHT = "oversight"
    FILLED = "filled"


class When(StrEnum):
    """A condition on the requirements under which a rule applies."""

    PERSONAL_DATA = "personal_data"
    DECIDES_ABOUT_PEOPLE = "decides_about_people"


class Rule(Frozen):
    """One rule: its text and source, where it applies, what it tests, and what a breach counts as."""

    id: str
    title: str
    text: str
    source: str = Field(pattern="^https://")
    test: Probe
    severity: Verdict
    regimes: tuple[Regime, ...] = ()
    when: tuple[When, ...] = ()
    roles: tuple[Role, ...] = ()
    fact: str = ""
    capabilities: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    area: str = ""
    number: int = 0


class _File(Frozen):
    rule: tuple[Rule, ...]


def load_rules(path: Path = FILE) -> tuple[Rule, ...]:
    """The rules of `path`. Raises `RuleError` naming the rule and what is wrong with it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(tables).rule
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{path.name}: not valid TOML: {error}.") from error
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        )
        raise RuleError(f"{path.name}: {problems}.") from error
