"""Hides personal data and secrets in JSON values: for who may see what it is about, and not whose it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pydantic import JsonValue

from pilothouse.guards.detector import Detector
from pilothouse.guards.masking import PLACEHOLDER
from pilothouse.guards.passing import placeholder_key, restore
from pilothouse.guards.values import MaskedValue, mask_value
from pilothouse.kit.masking import MASK, is_secret
from pilothouse.kit.sealing import Sealer


class Hide:
    """Hides data of one tenant. One text has one placeholder everywhere, also where guards have masked it."""

    def __init__(self, detector: Detector, key: bytes) -> None:
        """Find with `detector`, name placeholders with the tenant's `key`."""
        self._detector = detector
        self._key = key

    def __call__(self, value: JsonValue) -> JsonValue:
        """Data without what is personal or secret in it; placeholders that stand there stay."""
        return _without_secrets(self._masked(value).value)

    def meant(self, value: JsonValue, original: JsonValue) -> JsonValue:
        """What somebody means by `value` who was shown `original` hidden, and sends it back changed."""
        return restore(_with_secrets(value, original), self._masked(original).originals)

    def _masked(self, value: JsonValue) -> MaskedValue:
        return mask_value(value, self._detector, self._key, literals=False)


class Hiding:
    """Makes what hides, for each tenant."""

    def __init__(self, sealer: Sealer, make: Callable[[], Detector] = Detector) -> None:
        """Name placeholders with the key of each tenant; the detector is made when it is needed first."""
        self._sealer = sealer
        self._make = make
        self._detector: Detector | None = None
        self._making = asyncio.Lock()

    async def of(self, tenant_id: str) -> Hide:
        """What hides data of a tenant. Raises `Erased` where its keys were destroyed."""
        key = await placeholder_key(self._sealer, tenant_id)
        async with self._making:
            if self._detector is None:
                self._detector = await asyncio.to_thread(self._make)
        return Hide(self._detector, key)


def _without_secrets(value: JsonValue, name: str = "") -> JsonValue:
    """What a member's name says is secret is left out, too, whatever it looks like."""
    if isinstance(value, dict):
        return {member: _without_secrets(item, member) for member, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item, name) for item in value]
    if value is None or isinstance(value, bool) or not is_secret(name):
        return value
    return value if isinstance(value, str) and PLACEHOLDER.search(value) else MASK


def _with_secrets(value: JsonValue, original: JsonValue) -> JsonValue:
    """What stands in the same place of the original for each member that was left out and was not changed."""
    if isinstance(value, dict) and isinstance(original, dict):
        return {name: _with_secrets(item, original.get(name, item)) for name, item in value.items()}
    if isinstance(value, list) and isinstance(original, list) and len(value) == len(original):
        return [_with_secrets(item, before) for item, before in zip(value, original, strict=True)]
    return original if value == MASK and not isinstance(original, dict | list) else value
