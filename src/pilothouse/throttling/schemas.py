"""What is allowed how often, who asks, and what the answer is."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

from pilothouse.errors import LimitExceeded, Severity

MINUTE, HOUR = 60, 3_600


class TooManyRequests(LimitExceeded):
    """There were too many requests."""

    code = "too_many_requests"
    severity = Severity.INFO

    def __init__(self, message: str, *, headers: dict[str, str], hint: str | None = None) -> None:
        """Say in `headers` when to try again."""
        super().__init__(message, hint=hint)
        self.headers = headers


@dataclass(frozen=True)
class Rate:
    """`amount` requests in each `window` seconds, of which `burst` may come at once.

    Who exceeds it is refused for `block` seconds at least. `name` is what clients are told.
    """

    name: str
    amount: int
    window: int
    burst: int
    block: int = 0

    @property
    def per_second(self) -> float:
        """Requests a second, in the long run."""
        return self.amount / self.window


@dataclass(frozen=True)
class Claim:
    """One request that counts against the rate of `key`: an address, a principal, a tenant."""

    key: str
    rate: Rate


@dataclass(frozen=True)
class Verdict:
    """Whether a request may be served, by the rate that leaves the least.

    `remaining` requests may come now, `reset` is the number of seconds until all of the burst may, and
    `retry_after` those until one may.
    """

    allowed: bool
    rate: Rate
    remaining: int
    reset: float
    retry_after: float = 0.0

    def headers(self) -> dict[str, str]:
        """The fields of the IETF's draft, and those of its older form, which most clients read today."""
        rate, left, reset = self.rate, self.remaining, math.ceil(self.reset)
        told = {
            "ratelimit-policy": f'"{rate.name}";q={rate.amount};w={rate.window}',
            "ratelimit": f'"{rate.name}";r={left};t={reset}',
            "ratelimit-limit": str(rate.burst),
            "ratelimit-remaining": str(left),
            "ratelimit-reset": str(reset),
        }
        if not self.allowed:
            told["retry-after"] = str(max(1, math.ceil(self.retry_after)))
        return told


class Absence(StrEnum):
    """What holds while Redis is away: this process counts by itself, everything passes, or nothing does."""

    LOCAL = "local"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Rates:
    """The rates of an installation; None: unlimited."""

    address: Rate | None = None
    user: tuple[Rate, ...] = ()
    key: Rate | None = None
    tenant: Rate | None = None
    costly: Rate | None = None


@dataclass
class Tally:
    """What was counted since the process began."""

    asked: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        """One more request was looked at."""
        self.asked += 1
        if not verdict.allowed:
            name = verdict.rate.name
            self.refused[name] = self.refused.get(name, 0) + 1
