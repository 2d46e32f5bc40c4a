"""Makes the throttle of a process, as the settings say."""

from __future__ import annotations

from pilothouse.kit.clock import Clock
from pilothouse.settings import Settings
from pilothouse.throttling.local import LocalBuckets
from pilothouse.throttling.schemas import HOUR, MINUTE, Absence, Rate, Rates
from pilothouse.throttling.service import KeyRate, Throttle, burst_of


def rates_of(settings: Settings) -> Rates:
    """The rates that the settings name; 0 is unlimited."""
    said = settings
    user = [
        _rate("user", said.limit_user, MINUTE, said.limit_user_burst),
        _rate("user-hour", said.limit_user_hour, HOUR, said.limit_user_hour),
    ]
    return Rates(
        address=_rate("address", said.limit_address, MINUTE, said.limit_address_burst),
        user=tuple(rate for rate in user if rate is not None),
        key=_rate("key", said.limit_key, MINUTE, burst_of(said.limit_key)),
        tenant=_rate("tenant", said.limit_tenant, MINUTE, burst_of(said.limit_tenant)),
        costly=_rate("costly", said.limit_costly, MINUTE, said.limit_costly, said.limit_costly_block),
    )


def open_throttle(settings: Settings, clock: Clock, key_rate: KeyRate = lambda _scope: None) -> Throttle:
    """The throttle; `close` it. Nothing is connected before the first request."""
    url = settings.redis_url
    shared = None
    if url is not None:
        from pilothouse.throttling.shared import SharedWindows  # which brings a client of Redis

        shared = SharedWindows(url.get_secret_value(), clock)
    absence = Absence(settings.limits_without_redis)
    return Throttle(rates_of(settings), LocalBuckets(clock), shared, absence=absence, key_rate=key_rate)


def _rate(name: str, amount: int, window: int, burst: int, block: int = 0) -> Rate | None:
    return Rate(name, amount, window, max(burst, 1), block) if amount else None
