"""The usage of a tenant as people and other domains look at it, and what those use who call models."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from pilothouse.errors import InvalidInput
from pilothouse.kit.clock import Clock
from pilothouse.kit.pagination import Page
from pilothouse.usage.booking import RequestBook
from pilothouse.usage.errors import PriceUnknown
from pilothouse.usage.pricing import Prices, estimated_tokens
from pilothouse.usage.recording import BILLIONTHS, UsageWriter, middle_of, recorded
from pilothouse.usage.repository import UsageRepository
from pilothouse.usage.schemas import (
    By,
    Call,
    CallQuery,
    Filters,
    Group,
    Produced,
    ShownCall,
    Sums,
    Tokens,
    UsageQuery,
    UsageReport,
)
from pilothouse.usage.tables import UsageRow

__all__ = [
    "Call",
    "PriceUnknown",
    "Prices",
    "RequestBook",
    "Tokens",
    "UsageBook",
    "UsageWriter",
    "estimated_tokens",
    "recorded",
]

USUALLY = dt.timedelta(days=30)
"""How far back a report goes where nothing is said."""
_COUNTED = (
    *("calls", "errors", "cached", "valid", "invalid", "repairs"),
    *("input_tokens", "output_tokens", "cache_read", "cache_write"),
)


class UsageBook:
    """The usage of a tenant."""

    def __init__(self, repository: UsageRepository, clock: Clock) -> None:
        """Read through `repository`."""
        self._repository = repository
        self._clock = clock

    async def report(self, query: UsageQuery) -> UsageReport:
        """The sums of calls by what is wanted. Raises `InvalidInput` for a time that ends before it begins.

        Groups by hour or day are in order of time, all others begin with the dearest.
        """
        since, until = self._times(query)
        by = list(dict.fromkeys(query.by))
        rows = await self._repository.classes(query, by, since, until)
        groups = [
            Group(key={part.value: _told(value) for part, value in zip(by, key, strict=True)}, **_sums(found))
            for key, found in _by_key(rows, len(by)).items()
        ]
        times = [part.value for part in by if part in {By.HOUR, By.DAY}]
        groups.sort(
            key=lambda group: (
                [group.key[name] for name in times],
                -group.cost,
                -group.calls,
                list(group.key.values()),
            )
        )
        return UsageReport(
            since=since,
            until=until,
            by=by,
            items=groups[: query.limit],
            total=Sums(**_sums(rows)),
            more=len(groups) > query.limit,
        )

    async def calls(self, query: CallQuery) -> Page[ShownCall]:
        """A page of calls, the newest first. Raises `InvalidInput` as `report` does."""
        rows = await self._repository.page(query, *self._times(query))
        return Page(items=[_shown(row) for row in rows.items], next_cursor=rows.next_cursor)

    async def of_prompt(self, prompt: str, since: dt.datetime | None = None) -> dict[str, Sums]:
        """What the calls of each version of a prompt took, by version."""
        query = UsageQuery(prompt=prompt, since=since, by=[By.PROMPT_VERSION], limit=1_000)
        return {group.key["prompt_version"]: group for group in (await self.report(query)).items}

    async def produced(self, run_id: UUID, step: str = "") -> Produced | None:
        """What has produced a step of a run: what answered last in it. None where no model with a prompt did.

        Without a step the whole run is meant; where several prompts have produced it, nobody can say.
        """
        found = await self._repository.produced(run_id, step)
        if not found or (len(found) > 1 and not step):
            return None
        return Produced(*found[0])

    def _times(self, filters: Filters) -> tuple[dt.datetime, dt.datetime]:
        until = filters.until or self._clock.now()
        since = filters.since or until - USUALLY
        if since > until:
            raise InvalidInput(
                "The time ends before it begins.", hint="Give a `since` that is earlier than `until`."
            )
        return since, until


def _by_key(rows: Iterable[Any], parts: int) -> dict[tuple[Any, ...], list[Any]]:
    found: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for row in rows:
        found[tuple(row[:parts])].append(row)
    return found


def _sums(rows: Sequence[Any]) -> dict[str, Any]:
    counted = {name: int(sum(getattr(row, name) for row in rows)) for name in _COUNTED}
    classes: dict[int, int] = defaultdict(int)
    for row in rows:
        classes[row.latency_class] += row.calls
    return {
        **counted,
        "cost": _dollars(sum((row.cost for row in rows), start=Decimal(0))),
        "latency_p50_ms": _percentile(classes, 0.50),
        "latency_p95_ms": _percentile(classes, 0.95),
    }


def _percentile(classes: dict[int, int], share: float) -> float | None:
    """The latency that `share` of the calls do not exceed; None where there are none."""
    wanted, seen = share * sum(classes.values()), 0
    for latency_class in sorted(classes):
        seen += classes[latency_class]
        if seen >= wanted:
            return round(middle_of(latency_class), 3)
    return None


def _dollars(billionths: Decimal | int) -> Decimal:
    found = (Decimal(billionths) / BILLIONTHS).normalize()
    return Decimal(f"{found:f}")


def _told(value: object) -> str:
    return f"{value.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, dt.datetime) else str(value)


def _shown(row: UsageRow) -> ShownCall:
    told = {name: getattr(row, name) for name in ShownCall.model_fields}
    return ShownCall.model_validate(told | {"cost": _dollars(row.cost)})
