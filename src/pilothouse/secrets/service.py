"""The secrets of a process: looked up along a chain of places, remembered for minutes, made where none is.

A place that does not answer is no reason to stop: what was read last goes on to be used, and that is said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import structlog

from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import elapsed
from pilothouse.kit.secret import Secret
from pilothouse.secrets.catalogue import kind_of, new_value, read
from pilothouse.secrets.errors import SecretMissing, SecretsUnavailable
from pilothouse.secrets.providers.port import Held, Keeper, Provider

log = structlog.get_logger(__name__)

FRESH = 300.0
"""Seconds for which what was read is believed."""
AGAIN = 10.0
"""Seconds after which a place that did not answer is asked again."""
GLANCE = 1.0
"""Seconds between two looks at whether a place that can tell so has changed."""
PATIENCE = 0.25
"""Seconds that a caller waits for what is only read anew; then it goes on with what there was."""

_COPY = (
    "Copy it from there (docs/guides/secrets.md), or forget the lost one: `pilothouse secrets forget {name}`."
)


class Ledger(Protocol):
    """Remembers, for all machines of an installation, which secrets there are, but not what they are."""

    async def note(self, secrets: Sequence[Secret]) -> None:
        """Remember these versions of a secret.

        Raises `SecretMismatch` where another one is known by the name and version of one of them.
        """
        ...

    async def knows(self, name: str) -> bool:
        """Whether any version of a secret is remembered."""
        ...


@dataclass
class _Known:
    """What was read of one secret, and until when it is believed."""

    held: Sequence[Held] = ()
    secrets: Sequence[Secret] = ()
    until: float = 0.0
    reading: asyncio.Task[None] | None = None
    noted: set[str] = field(default_factory=set)
    renewed: bool = False
    stamps: Sequence[object] = ()
    stamped: float = 0.0


class Secrets:
    """Implements `SecretSource`. Use it within one event loop.

    The first of `providers` that has a secret is believed, with all the versions it has. Where none has it,
    `maker` makes those that Pilothouse may make, and `own` those of this machine only. `fresh` is in seconds.
    """

    def __init__(
        self,
        providers: Sequence[Provider],
        *,
        maker: Keeper | None = None,
        own: Keeper | None = None,
        ledger: Ledger | None = None,
        fresh: float = FRESH,
    ) -> None:
        """Nothing is read before it is asked for."""
        self.providers = providers
        self.failures = 0
        self.stale: dict[str, str] = {}
        self._maker, self._own = maker, own
        self._ledger = ledger
        self._fresh = fresh
        self._known: dict[str, _Known] = {}
        self._readings = set[asyncio.Task[None]]()

    async def versions(self, name: str) -> Sequence[Secret]:
        """The versions of a secret in use, the newest first.

        Raises `SecretMissing` where there is none and none may be made, `SecretInvalid` where it is none,
        `SecretMismatch` where other machines have another one, and `SecretsUnavailable` where it was never
        read and its place does not answer.
        """
        return (await self._read(name)).secrets

    async def held(self, name: str) -> Sequence[Held]:
        """As `versions`, with where each is kept and since when."""
        return (await self._read(name)).held

    def forget(self, name: str) -> None:
        """Read a secret anew when it is asked for next, and wait for that."""
        known = self._known.get(name, _Known())
        self._known[name] = replace(known, until=0.0, reading=None, renewed=True)

    async def provider_of(self, name: str) -> Provider | None:
        """The place that has a secret; None where none has. Raises `SecretsUnavailable`."""
        for provider in self._chain(name):
            if await provider.read(name):
                return provider
        return None

    def first_keeper(self, name: str) -> Keeper | None:
        """Where the first version of a secret would be written: the first place that can be written to."""
        if not kind_of(name).shared and self._own is not None:
            return self._own
        return next((place for place in self.providers if isinstance(place, Keeper)), None)

    async def settle(self) -> None:
        """Wait until nothing is being read any more: what a process leaves half read, it leaves half open."""
        while self._readings:
            await asyncio.wait(self._readings)

    async def _read(self, name: str) -> _Known:
        known = self._known.setdefault(name, _Known())
        if elapsed() < known.until and not self._changed(name, known):
            return known
        if known.reading is None or known.reading.done():
            known.reading = asyncio.create_task(self._refresh(name, known))
            self._readings.add(known.reading)
            known.reading.add_done_callback(self._readings.discard)
            known.reading.add_done_callback(_seen)
        if known.renewed or not known.secrets:
            await asyncio.shield(known.reading)
        else:
            await asyncio.wait({known.reading}, timeout=PATIENCE)
        return known

    def _changed(self, name: str, known: _Known) -> bool:
        """Whether a place has changed since the secret was read, as far as it tells."""
        now = elapsed()
        if now < known.stamped + GLANCE:
            return False
        known.stamped = now
        return known.stamps != self._stamps(name)

    def _stamps(self, name: str) -> Sequence[object]:
        return [place.stamp() for place in self._chain(name)]

    async def _refresh(self, name: str, known: _Known) -> None:
        """Read a secret; what goes wrong matters only where nothing was read before."""
        stamps = self._stamps(name)
        try:
            held = await self._look(name)
            secrets = [Secret(name, item.version, read(name, item.raw)) for item in held]
            if (
                {item.version for item in held} - known.noted
                and self._ledger is not None
                and kind_of(name).shared
            ):
                await self._ledger.note(secrets)
        except PilothouseError as error:
            if not known.secrets:
                raise
            known.renewed = False
            self.failures += 1
            self.stale[name] = error.message
            known.until = elapsed() + min(AGAIN, self._fresh)
            log.warning("secret_stale", name=name, reason=error.message, versions=len(known.secrets))
            return
        if self.stale.pop(name, None) is not None:
            log.info("secret_fresh_again", name=name)
        known.held, known.secrets, known.renewed = held, secrets, False
        known.noted = {item.version for item in held}
        known.stamps, known.stamped = stamps, elapsed()
        known.until = elapsed() + self._fresh

    async def _look(self, name: str) -> Sequence[Held]:
        for provider in self._chain(name):
            found = await provider.read(name)
            if found:
                return found
        return [await self._make(name)]

    def _chain(self, name: str) -> Sequence[Provider]:
        """Where a secret is looked for. One of this machine is kept by it, whatever the others have."""
        return self.providers if kind_of(name).shared or self._own is None else [self._own]

    async def _make(self, name: str) -> Held:
        kind = kind_of(name)
        maker = self._maker if kind.shared else self._own
        if not kind.made or maker is None:
            places = ", ".join(provider.where for provider in self.providers)
            raise SecretMissing(
                f"The secret {name} ({kind.summary}) is missing: it is not in {places}.",
                hint="`pilothouse secrets init` makes what may be made; see docs/guides/secrets.md.",
            )
        if self._ledger is not None and kind.shared and await self._ledger.knows(name):
            raise SecretMissing(
                f"The secret {name} ({kind.summary}) is missing here; this installation has one elsewhere.",
                hint=_COPY.format(name=name),
            )
        made = await maker.add(name, new_value(kind), first=True)
        if made is None:  # another process was quicker
            return (await maker.read(name))[0]
        log.info("secret_made", name=name, version=made.version, where=maker.where)
        return made


def _seen(reading: asyncio.Task[None]) -> None:
    """Whoever waited for a failure was told; nobody may have."""
    if not reading.cancelled():
        reading.exception()


def unavailable_of(secrets: Secrets) -> SecretsUnavailable | None:
    """That secrets are used which could not be read again; None where all are fresh."""
    if not secrets.stale:
        return None
    reasons = "; ".join(f"{name}: {reason}" for name, reason in sorted(secrets.stale.items()))
    return SecretsUnavailable(f"Secrets could not be read again and are used as they were: {reasons}")
