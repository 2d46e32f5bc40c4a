"""A server that believes on whose behalf a request is made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.acting import believing


@pytest.fixture(autouse=True)
def _believing() -> Iterator[None]:
    with believing():
        yield
