"""Connections that a test leaves open: Python tells of one when it collects it, in whatever test that is."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakKeyDictionary

import psycopg

_opened: WeakKeyDictionary[psycopg.AsyncConnection[Any], traceback.StackSummary] = WeakKeyDictionary()
"""Every connection of this process that is not collected yet, and where it was opened."""


def watch() -> None:
    """Remember from now on where connections are opened."""
    plain = psycopg.AsyncConnection.__init__

    def opened(self: psycopg.AsyncConnection[Any], *given: Any, **said: Any) -> None:
        plain(self, *given, **said)
        _opened[self] = traceback.StackSummary.extract(traceback.walk_stack(None), lookup_lines=False)

    psycopg.AsyncConnection.__init__ = opened  # type: ignore[method-assign]  # psycopg has no hook for it


@contextmanager
def none_left() -> Iterator[None]:
    """Fail where a connection that was opened within the block is open at its end, and say who opened it."""
    before = set(_opened)
    yield
    left = [(one, stack) for one, stack in _opened.items() if one not in before and not one.closed]
    for one, _ in left:
        one.pgconn.finish()  # or it would be told of again, in another test
    assert not left, "\n".join(f"{one} is still open; opened at\n{_shown(stack)}" for one, stack in left)


def _shown(stack: traceback.StackSummary) -> str:
    return "".join(reversed(stack.format()))
