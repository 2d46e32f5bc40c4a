"""Resilience: what stands around each call to anything outside the process. Usable alone.

Nothing that is imported here needs a database, a web framework or Redis.
"""

from pilothouse.resilience.breaker import Breaker, Permit
from pilothouse.resilience.bulkhead import Bulkhead
from pilothouse.resilience.deadlines import Deadline, current_deadline, remaining, within
from pilothouse.resilience.dependency import Dependency
from pilothouse.resilience.errors import (
    BreakerOpen,
    BulkheadFull,
    DeadlineExceeded,
    RateExceeded,
    Refused,
)
from pilothouse.resilience.faults import is_failure, is_retryable, parsed_retry_after, retry_after_of
from pilothouse.resilience.rates import RateLimiter
from pilothouse.resilience.registry import Registry
from pilothouse.resilience.retrying import Retry, RetryBudget
from pilothouse.resilience.states import Counts, Event, Faults, Snapshot, State, Told
from pilothouse.resilience.streams import guarded
from pilothouse.resilience.terms import BreakerTerms, BulkheadTerms, RateTerms, RetryTerms, Terms
from pilothouse.resilience.windows import CountWindow, TimeWindow, Totals

__all__ = [
    "Breaker",
    "BreakerOpen",
    "BreakerTerms",
    "Bulkhead",
    "BulkheadFull",
    "BulkheadTerms",
    "CountWindow",
    "Counts",
    "Deadline",
    "DeadlineExceeded",
    "Dependency",
    "Event",
    "Faults",
    "Permit",
    "RateExceeded",
    "RateLimiter",
    "RateTerms",
    "Refused",
    "Registry",
    "Retry",
    "RetryBudget",
    "RetryTerms",
    "Snapshot",
    "State",
    "Terms",
    "TimeWindow",
    "Told",
    "Totals",
    "current_deadline",
    "guarded",
    "is_failure",
    "is_retryable",
    "parsed_retry_after",
    "remaining",
    "retry_after_of",
    "within",
]
