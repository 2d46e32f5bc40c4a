"""Threads for plain functions: a bounded number, and none of them keeps the process from ending."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """Runs functions in at most `most` daemon threads. Safe for use from several threads.

    Python cannot stop a thread. One that was left (its step took too long, or its run was cancelled) is not
    counted any more, so that functions that hang do not use up the threads for good; and as a daemon it
    ends with the process, which the standard library's pool would wait for.
    """

    def __init__(self, most: int, name: str) -> None:
        """No thread is started before it is needed."""
        self._most = most
        self._name = name
        self._changed = threading.Condition()
        self._queue: deque[tuple[Future[Any], Callable[[], Any]]] = deque()
        self._started = 0
        self._idle = 0
        self._closed = False

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Run `function` as soon as a thread is free; raises `RuntimeError` after `close`."""
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RuntimeError("The engine is closed: it runs no function any more.")
            self._queue.append((future, function))
            self._changed.notify()
            self._grow()
        return future

    def leave(self, future: Future[Any]) -> None:
        """Nobody waits for `future` any more: drop it, or do not count its thread until it ends."""
        if future.cancel() or future.done():
            return
        with self._changed:
            self._most += 1
            self._grow()
        future.add_done_callback(self._ended)

    def close(self) -> None:
        """Drop what waits, and end the threads as they become free."""
        with self._changed:
            self._closed = True
            while self._queue:
                self._queue.popleft()[0].cancel()
            self._changed.notify_all()

    def _grow(self) -> None:
        """Start a thread where more waits than idle threads will take, and there may be another one."""
        if len(self._queue) > self._idle and self._started < self._most:
            self._started += 1
            threading.Thread(target=self._work, name=f"{self._name}-{self._started}", daemon=True).start()

    def _ended(self, _: Future[Any]) -> None:
        with self._changed:
            self._most -= 1

    def _work(self) -> None:
        while (item := self._next()) is not None:
            _run(*item)
            del item  # an idle thread holds on to nothing

    def _next(self) -> tuple[Future[Any], Callable[[], Any]] | None:
        """What to run next, as soon as there is something; None where this thread is to end."""
        with self._changed:
            while self._started <= self._most and not self._closed:
                if self._queue:
                    return self._queue.popleft()
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            self._started -= 1
            return None


def _run(future: Future[Any], function: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = function()
    except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
        future.set_exception(error)
    else:
        future.set_result(result)
