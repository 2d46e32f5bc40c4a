"""What a guard reports: where in a text, of which type, how sure, how bad, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad it is if the found text reaches somebody it is not meant for."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Act(StrEnum):
    """What is done about a finding: nothing, replace it, refuse the text, or only say so."""

    ALLOW = "allow"
    MASK = "mask"
    BLOCK = "block"
    FLAG = "flag"


class Finding(NamedTuple):
    """One place of a text. `start` and `end` count its characters, as slices do; `confidence` is 0 to 1.

    It holds no part of the text, so that it can be logged and audited as it is. A tuple, because a dense text
    has dozens, and a frozen dataclass takes 1 us to make.
    """

    type: str
    start: int
    end: int
    confidence: float
    severity: Severity
    action: Act
