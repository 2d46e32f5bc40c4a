"""Lists are asked for page by page, by a server and here in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pilothouse.cli.client import PAGE, every
from pilothouse.kit.pagination import MAX_LIMIT, Page


@pytest.mark.parametrize(
    ("most", "limits"),
    [(None, [200, 200, 200]), (450, [200, 200, 50]), (200, [200]), (3, [3]), (9_999, [200, 200, 200])],
)
async def test_pages_are_asked_for_until_there_are_no_more_or_enough(
    most: int | None, limits: list[int]
) -> None:
    asked: list[tuple[int, object]] = []

    async def page(which: Mapping[str, Any]) -> Page[int]:
        first, limit = int(which.get("cursor", 0)), which["limit"]
        asked.append((limit, which.get("cursor")))
        last = min(first + limit, 500)
        return Page(items=list(range(first, last)), next_cursor=str(last) if last < 500 else None)

    assert await every(page, most) == list(range(min(most or 500, 500)))
    assert [limit for limit, _ in asked] == limits
    assert asked[0][1] is None


def test_as_much_is_asked_for_at_once_as_a_page_may_have() -> None:
    assert PAGE == MAX_LIMIT
