"""The ways on which messages leave: Apprise and webhooks, each behind the same guard."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from pilothouse.errors import InvalidInput, PilothouseError
from pilothouse.kit.clock import Clock
from pilothouse.kit.outgoing import Guard, is_public
from pilothouse.notifications.apprising import Apprising
from pilothouse.notifications.errors import NotTaken
from pilothouse.notifications.schemas import Channel
from pilothouse.notifications.webhooks import Webhooks
from pilothouse.notifications.wording import Told
from pilothouse.resilience import BreakerOpen, BreakerTerms, Faults, Registry, Terms

PersonHere = Callable[[str, UUID], Awaitable[bool]]
"""Whether a tenant has a person who may come."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://", re.ASCII)
_PORTS = {"http": 80, "https": 443}


TERMS = Terms(deadline=None, retry=None, bulkhead=None, breaker=BreakerTerms(minimum=10, in_a_row=10))
"""Channels have times of their own, workers send few at once, and the outbox tries again, for a day.

One message, which is tried nine times at most, opens no breaker by itself.
"""


def _is_down(error: BaseException) -> bool:
    """Whether a target does not answer, or not as a service that works; one that refuses a message does."""
    if not isinstance(error, NotTaken):
        return isinstance(error, PilothouseError) and error.retryable
    if error.answered is None:
        return not error.final
    return error.answered >= 500 or error.answered == 429


FAULTS = Faults(recorded=_is_down)


class Channels:
    """Sends messages. Use it within one event loop, and close it there."""

    def __init__(self, allowed: Sequence[str], clock: Clock, resilience: Registry | None = None) -> None:
        """Reach the internet, and of other networks those that are `allowed` (10.1.0.0/16).

        A target that keeps failing is left alone for a while, by the breakers in `resilience`.
        """
        self._resilience = Registry(clock=clock) if resilience is None else resilience
        self._guard = Guard(allowed)
        self._webhooks = Webhooks(self._guard, clock)
        self._apprising = Apprising(allowed)

    async def checked(self, channel: Channel, url: str) -> str:
        """What an address is shown as, without what is secret of it.

        Raises `InvalidInput` for what is none, and `AddressForbidden` where nothing may be sent to it.
        """
        if channel is Channel.APPRISE:
            if _SCHEME.match(url) is None:
                raise InvalidInput("This is no Apprise URL.", hint="It begins as in slack:// or mailtos://.")
            return await self._apprising.shown(url)
        parts = self._guard.checked(url)
        host = parts.hostname or ""
        try:
            found = await self._guard.addresses(host, parts.port or _PORTS[parts.scheme])
        except (OSError, UnicodeError) as error:
            raise InvalidInput(
                f"There is no host {host[:100]}.", hint="Look at how it is written."
            ) from error
        public = any(is_public(ipaddress.ip_address(text.partition("%")[0])) for text in found)
        if parts.scheme == "http" and public:
            raise InvalidInput("A webhook on the internet is reached by https only.")
        port = "" if parts.port is None else f":{parts.port}"
        return f"{parts.scheme}://{host}{port}/…"

    async def deliver(
        self, target_id: UUID, channel: Channel, url: str, known: Sequence[str], delivery_id: UUID, told: Told
    ) -> int | None:
        """As `send`, through the breaker of the target. Raises `NotTaken`, also while that is open."""
        target = self._resilience.dependency(
            f"{channel.value}/{target_id}", TERMS, group=channel.value, faults=FAULTS
        )
        try:
            return await target.call(lambda: self.send(channel, url, known, delivery_id, told))
        except BreakerOpen as error:
            raise NotTaken(
                "The target has failed again and again: it is left alone.", again_after=error.retry_after
            ) from error

    async def send(
        self, channel: Channel, url: str, known: Sequence[str], delivery_id: UUID, told: Told
    ) -> int | None:
        """Send a message at once; what it was answered with, if that is known. Raises `NotTaken`."""
        if channel is Channel.WEBHOOK:
            return await self._webhooks.send(url, known, delivery_id, told)
        await self._apprising.send(url, told)
        return None

    async def close(self) -> None:
        """Close every connection."""
        await self._webhooks.close()
