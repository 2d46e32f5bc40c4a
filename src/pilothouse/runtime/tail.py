"""The tail of journals: what is new is read once for all who watch, and handed to each in order.

Someone who joins reads what is there and then goes over to what the tail hands on, without a gap and without
a repeat; someone who falls behind goes back to reading.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Generic, TypeVar

import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.batch import Batcher
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.tail_pages import Line, Page

log = structlog.get_logger(__name__)

K = TypeVar("K")
P = TypeVar("P", bound=Any)

QUEUE = 256
"""What may lie ready for someone who watches; who has more to take goes back to reading the journal."""

GATHER = 0.01
"""Seconds between two reads of what is new: the first is at once, and under load each reads for many."""

AGAIN = 0.5
"""Seconds after which a database that did not answer is asked again."""

SOON, LATER = 0.01, 0.25
"""Seconds after which is looked again for what is committed and cannot be told yet: at first, and at most."""

JOINING = 32
"""Places that are caught up with by one statement."""

Told = Line | Delta
Read = Callable[[Sequence[tuple[K, P]]], Awaitable[Sequence[Page[P]]]]


class _Feed(Generic[P]):
    """One journal that is watched: how far it was read for all who do (None: not yet), and who they are."""

    __slots__ = ("again", "delay", "full", "place", "stirred", "views")

    def __init__(self) -> None:
        self.place: P | None = None
        self.full = False  # more can be read at once
        self.stirred = False  # something may be new since it is watched
        self.delay = SOON
        self.again = False  # it is looked again after `delay`
        self.views: set[View[Any, P]] = set()


class Tail(Generic[K, P]):
    """What is new in journals of one sort: runs by their ids, or tenants by their names.

    `ahead` reads what is new and `behind` what those who join have not seen; both take places, each of
    which is the last one that was seen in a journal.
    """

    def __init__(self, ahead: Read[K, P], behind: Read[K, P]) -> None:
        """Nothing is read before somebody watches."""
        self._ahead = ahead
        self._behind: Batcher[tuple[K, P], Page[P]] = Batcher(behind, JOINING)
        self._feeds: dict[K, _Feed[P]] = {}
        self._stirred: set[K] = set()
        self._stir = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._away_since: float | None = None

    @property
    def watched(self) -> dict[K, P | None]:
        """What is watched, and how far it was read for all."""
        return {key: feed.place for key, feed in self._feeds.items()}

    @property
    def away(self) -> float:
        """For how many seconds the database has not answered; 0 where it does."""
        since = self._away_since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    async def open(self, key: K, after: P, *, silence: float, patience: float = math.inf) -> View[K, P]:
        """Watch what follows `after` in the journal `key`; the first page is read when this returns.

        An empty batch comes after `silence` seconds without anything. A database that goes away
        afterwards is waited for, for `patience` seconds. Raises `DatabaseUnavailable`.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._read_on())
        view = View(self, key, after, silence, patience)
        self._feeds.setdefault(key, _Feed()).views.add(view)
        try:
            await view.begin()
        except BaseException:
            view.close()
            raise
        return view

    async def close(self) -> None:
        """End every view and stop reading."""
        for feed in list(self._feeds.values()):
            for view in list(feed.views):
                view.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._behind.close()

    def stir(self, keys: Iterable[K]) -> None:
        """There may be something new in these journals, of which some may be watched."""
        for key in keys:
            feed = self._feeds.get(key)
            if feed is None:
                continue
            if feed.place is None:
                feed.stirred = True
            else:
                self._stirred.add(key)
                self._stir.set()

    def stir_all(self) -> None:
        """There may be something new in any journal."""
        if self._feeds:
            self.stir(self._feeds)

    def hand(self, key: K, item: Told) -> None:
        """Hand something to all who watch `key`."""
        feed = self._feeds.get(key)
        if feed is not None:
            self._hand(feed, (item,))

    def gone(self, key: K) -> None:
        """End all that watch `key`: there is no such journal any more."""
        for view in list(feed.views) if (feed := self._feeds.get(key)) else ():
            view.close()

    def answered(self, *, well: bool) -> None:
        """Record whether the database answers."""
        if well:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = asyncio.get_running_loop().time()

    async def page(self, key: K, after: P) -> Page[P]:
        """What is there behind `after`: read with what others ask for at the same time."""
        return await self._behind.put((key, after))

    def feed(self, key: K) -> _Feed[P]:
        """The journal that somebody watches."""
        return self._feeds[key]

    def leave(self, view: View[K, P]) -> None:
        """A view has ended."""
        feed = self._feeds.get(view.key)
        if feed is not None:
            feed.views.discard(view)
            if not feed.views:
                del self._feeds[view.key]
                self._stirred.discard(view.key)

    async def _read_on(self) -> None:
        """Read what is new, as long as this lives."""
        while True:
            await self._stir.wait()
            self._stir.clear()
            stirred, self._stirred = self._stirred, set()
            asks = [(key, self._feeds[key].place) for key in stirred if key in self._feeds]
            known = [(key, place) for key, place in asks if place is not None]
            try:
                pages = await self._ahead(known) if known else ()
                self.answered(well=True)
            except DatabaseUnavailable as error:
                log.warning("tail_not_read", reason=str(error))
                self.answered(well=False)
                self.stir(stirred)
                await asyncio.sleep(AGAIN)
                continue
            except Exception:
                log.exception("tail_not_read")
                self.stir(stirred)
                await asyncio.sleep(AGAIN)
                continue
            for (key, _), page in zip(known, pages, strict=True):
                self._arrived(key, page)
            await asyncio.sleep(GATHER)

    def _arrived(self, key: K, page: Page[P]) -> None:
        feed = self._feeds.get(key)
        if feed is None or feed.place is None or page.reached < feed.place:
            return
        feed.place, feed.full = page.reached, page.full
        if page.lines:
            feed.delay = SOON
            self._hand(feed, page.lines)
        if page.full:
            self.stir((key,))
        elif page.soon and not feed.again:
            feed.again = True
            asyncio.get_running_loop().call_later(feed.delay, self._again, key, feed)
            feed.delay = min(feed.delay * 2, LATER)

    def _again(self, key: K, feed: _Feed[P]) -> None:
        """What could not be told before may be told now."""
        feed.again = False
        self.stir((key,))

    @staticmethod
    def _hand(feed: _Feed[P], items: Sequence[Told]) -> None:
        for view in feed.views:
            view.put(items)


class View(Generic[K, P]):
    """One who watches a journal: iterate over it for batches, in order, and close it when you stop.

    It has no end but that. `after` is the last place that was handed out; `more` tells that what follows
    it is there already.
    """

    def __init__(self, tail: Tail[K, P], key: K, after: P, silence: float, patience: float) -> None:
        """Made by `Tail.open`."""
        self.key = key
        self.after = after
        self.more = False
        self.first: Page[P] | None = None
        self._first_base: P | None = None
        self._tail = tail
        self._silence = silence
        self._patience = patience
        self._items: deque[Told] = deque()
        self._wake = asyncio.Event()
        self._base: P | None = None  # `_items` are all there is behind this place
        self._joined = self._overflowed = self._closed = False
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._beat: asyncio.TimerHandle | None = None
        self._due = False  # nothing was heard for too long

    def __aiter__(self) -> View[K, P]:
        return self

    async def __anext__(self) -> Sequence[Told]:
        while not self._closed:
            batch = self._take() if self._joined else await self._catch_up()
            if batch is not None:
                self._heard = self._loop.time()
                return batch
            if not self._joined:
                continue
            if await self._silent():
                self._heard = self._loop.time()
                return ()
        raise StopAsyncIteration

    async def begin(self) -> None:
        """Read the first page, so that what is wrong is known at once."""
        self._base = self._first_base = self._tail.feed(self.key).place
        self.first = await self._tail.page(self.key, self.after)

    def put(self, items: Sequence[Told]) -> None:
        """Take what the tail hands on."""
        if len(self._items) + len(items) > QUEUE:
            self._items.clear()
            self._overflowed = True
        elif not self._overflowed:
            self._items.extend(items)
        self._wake.set()

    def close(self) -> None:
        """End it; whoever iterates over it comes to the end."""
        self._closed = True
        self._wake.set()
        if self._beat is not None:
            self._beat.cancel()
        self._tail.leave(self)

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    def _take(self) -> Sequence[Told] | None:
        """What lies ready, but for what was read in the journal already."""
        if self._overflowed:
            self._items.clear()
            self._overflowed = self._joined = False
            self._base = self._tail.feed(self.key).place
            return None
        batch = []
        while self._items:
            item = self._items.popleft()
            if isinstance(item, Line):
                if item.place <= self.after:
                    continue
                self.after = item.place
            batch.append(item)
        self.more = self._tail.feed(self.key).full
        return batch or None

    async def _catch_up(self) -> Sequence[Told] | None:
        """The next page of the journal; after the last one the view has joined the tail."""
        page, base = self.first, self._first_base
        self.first = None
        if page is None:
            base = self._base
            try:
                page = await self._tail.page(self.key, self.after)
                self._tail.answered(well=True)
            except DatabaseUnavailable:
                self._tail.answered(well=False)
                if self._tail.away > self._patience:
                    raise
                await asyncio.sleep(AGAIN)
                return ()
        self.after, self.more = page.reached, page.full
        if not page.full and not self._closed:
            self._join(base)
        return page.lines or None

    def _join(self, base: P | None) -> None:
        """Go over to the tail, unless it has read on from a place that was not reached yet.

        `base` is where the tail stood when the last page was asked for: everything up to there was read.
        """
        feed = self._tail.feed(self.key)
        if base is not None:
            self.after = max(self.after, base)
        elif self._base is None:
            feed.place = self.after
            for view in feed.views:
                view.settle(self.after)
            if feed.stirred:
                feed.stirred = False
                self._tail.stir((self.key,))
        elif self.after < self._base:
            return
        self._joined = True

    def settle(self, place: P) -> None:
        """The tail begins to read at `place`."""
        if self._base is None:
            self._base = place

    async def _silent(self) -> bool:
        """Wait for something; whether nothing came in the time that a view may be silent."""
        if self._items or self._overflowed:
            return False
        self._wake.clear()
        self._due = False
        if self._beat is None:
            self._beat = self._loop.call_later(self._silence, self._beats)
        await self._wake.wait()
        if self._tail.away > self._patience:
            message = f"The database has not answered for {self._patience:g} s."
            raise DatabaseUnavailable(message, hint="`pilothouse doctor` shows why.")
        return self._due and not self._items and not self._overflowed

    def _beats(self) -> None:
        """Wake whoever waits where nothing was heard for too long; one timer lasts for many batches."""
        left = self._heard + self._silence - self._loop.time()
        if left <= 0:
            self._due = True
            self._wake.set()
            left = self._silence
        self._beat = None if self._closed else self._loop.call_later(left, self._beats)
