"""Connections that a test leaves open: Python tells of one when it collects it, in whatever test that is."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg


class _Opened(NamedTuple):
    """Where a connection was opened, and the event loop that it needs."""

    stack: traceback.StackSummary
    loop: asyncio.AbstractEventLoop


_opened: WeakKeyDictionary[psycopg.AsyncConnection[Any], _Opened] = WeakKeyDictionary()
"""Every connection of this process that is not collected yet."""


def watch() -> None:
    """Remember from now on where connections are opened."""
    plain = psycopg.AsyncConnection.__init__

    def opened(self: psycopg.AsyncConnection[Any], *given: Any, **said: Any) -> None:
        plain(self, *given, **said)
        stack = traceback.StackSummary.extract(traceback.walk_stack(None), lookup_lines=False)
        _opened[self] = _Opened(stack, asyncio.get_running_loop())

    psycopg.AsyncConnection.__init__ = opened  # type: ignore[method-assign]  # psycopg has no hook for it


def insist_on_none() -> None:
    """Raise `AssertionError` where a connection is open that nobody can close: its event loop is closed."""
    left = [(one, found) for one, found in _opened.items() if found.loop.is_closed() and not one.closed]
    for one, _ in left:
        one.pgconn.finish()  # or it would be told of again, in another test
    assert not left, "\n".join(f"{one} was left open; it was opened at\n{_shown(at)}" for one, at in left)


def _shown(opened: _Opened) -> str:
    return "".join(reversed(opened.stack.format()))
