"""Counts and distributions that cost next to nothing to add to, and are shown by prometheus-client.

A counter of prometheus-client takes a lock and a histogram goes through its buckets one by one, which is
several microseconds a run. These are added to by one thread only, the one of the event loop.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

OTHER = "other"
"""What stands for every name beyond the greatest number of them."""

SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds in seconds for requests, statements and appends."""
LONG = (0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0)
"""Bounds in seconds for waits, steps, turns and runs."""


Cell = list[float]
"""What is added to: a count alone, or the counts of a distribution's buckets with the sum behind them."""


class Names:
    """At most `most` different names; those that come later are `OTHER`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """`name`, or `OTHER`."""
        known = self._known.get(name)
        if known is None:
            known = name if len(self._known) < self._most else OTHER
            if known is not OTHER:
                self._known[name] = known
        return known


class Count:
    """A counter by labels. `name` is without the `_total` that it is shown with."""

    def __init__(self, name: str, text: str, labels: Sequence[str] = ()) -> None:
        self.name, self.text, self.labels = name, text, tuple(labels)
        self._cells: dict[tuple[str, ...], Cell] = {} if labels else {(): [0]}

    def add(self, labels: tuple[str, ...] = (), by: float = 1) -> None:
        """Count `by` more."""
        self.cell(labels)[0] += by

    def cell(self, labels: tuple[str, ...]) -> Cell:
        """The count itself, for those who add to it often: one number."""
        found = self._cells.get(labels)
        if found is None:
            found = self._cells[labels] = [0]
        return found

    @property
    def values(self) -> dict[tuple[str, ...], float]:
        """The counts that have begun, by their labels."""
        return {labels: cell[0] for labels, cell in list(self._cells.items()) if cell[0] or not self.labels}

    def families(self) -> Iterator[Metric]:
        """As prometheus-client shows it."""
        family = CounterMetricFamily(self.name, self.text, labels=self.labels)
        for labels, value in self.values.items():
            family.add_metric(labels, value)
        yield family


class Distribution:
    """A histogram of seconds by labels, with fixed bounds."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str] = (), bounds: Sequence[float] = LONG
    ) -> None:
        self.name, self.text, self.labels = name, text, tuple(labels)
        self._bounds = tuple(bounds)
        self._cells: dict[tuple[str, ...], Cell] = {}

    def observe(self, labels: tuple[str, ...], seconds: float) -> None:
        """Count one more that took `seconds`."""
        cell = self.cell(labels)
        cell[bisect_left(self._bounds, seconds)] += 1
        cell[-1] += seconds

    def cell(self, labels: tuple[str, ...]) -> Cell:
        """The counts themselves, for those who add to them often, as `observe` does."""
        found = self._cells.get(labels)
        if found is None:
            found = self._cells[labels] = [0] * (len(self._bounds) + 2)
        return found

    def families(self) -> Iterator[Metric]:
        """As prometheus-client shows it."""
        family = HistogramMetricFamily(self.name, self.text, labels=self.labels)
        for labels, cell in list(self._cells.items()):
            if not any(cell) and self.labels:
                continue  # it has not begun
            below, buckets = 0.0, list[tuple[str, float]]()
            for bound, count in zip((*self._bounds, float("inf")), cell, strict=False):
                below += count
                buckets.append(("+Inf" if bound == float("inf") else str(bound), below))
            family.add_metric(labels, buckets, cell[-1])
        yield family
