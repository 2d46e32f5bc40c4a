"""How long slow clients are waited for, and how many may wait with us: those idle longest leave first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pilothouse.settings import Settings


@dataclass(frozen=True)
class Patience:
    """Seconds for a head, for a body's beginning, and for a client that does not read what it is sent.

    After `body` seconds a body has to have come at `rate` bytes a second since its beginning. At most `idle`
    connections are open without a request, `idle_of_one` of them from one address.
    """

    head: float = 10.0
    body: float = 20.0
    rate: int = 10_000
    write: float = 30.0
    idle: int = 2_000
    idle_of_one: int = 256


class Idling(Protocol):
    """A connection that has no request."""

    def dismiss(self) -> None:
        """Close it now."""
        ...


class Lobby:
    """The connections of a process that have no request yet, or no more. Use it within one event loop.

    Where there are too many, the one that waits longest is closed: of its address, or of all. Addresses that
    `speaks_for_many` names, such as proxies, are bound by the greater number only.
    """

    def __init__(
        self, patience: Patience, speaks_for_many: Callable[[str], bool] = lambda _address: False
    ) -> None:
        self.patience = patience
        self.dismissed = 0
        self._exempt = speaks_for_many
        self._all: OrderedDict[Idling, str] = OrderedDict()
        self._of: dict[str, OrderedDict[Idling, None]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def enter(self, one: Idling, address: str) -> None:
        """A connection from `address` has no request."""
        self.leave(one)
        self._all[one] = address
        same = self._of.setdefault(address, OrderedDict())
        same[one] = None
        if len(same) > self.patience.idle_of_one and not self._exempt(address):
            self._dismiss(next(iter(same)))
        elif len(self._all) > self.patience.idle:
            self._dismiss(next(iter(self._all)))

    def leave(self, one: Idling) -> None:
        """A connection has a request, or is gone."""
        address = self._all.pop(one, None)
        if address is not None:
            same = self._of[address]
            del same[one]
            if not same:
                del self._of[address]

    def _dismiss(self, one: Idling) -> None:
        self.leave(one)
        self.dismissed += 1
        one.dismiss()


def patience_of(settings: Settings) -> Patience:
    """As the settings say."""
    return Patience(
        settings.head_timeout,
        settings.body_timeout,
        settings.body_rate,
        settings.write_timeout,
        settings.idle_connections,
        settings.idle_connections_per_address,
    )
