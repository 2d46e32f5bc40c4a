"""The CSRF token of a session: a MAC of it, which a page of the console reads from a cookie and sends back.

Whoever can neither read that cookie nor knows the session's id can make none; planting a cookie gains
nothing, because it has to fit the session.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence

from pilothouse.kit.cipher import derived
from pilothouse.kit.secret import Secret, SecretSource

PEPPER = "pepper"
_PURPOSE = "csrf tokens of sessions"


class Csrf:
    """Makes and knows the tokens; older versions of the pepper still hold."""

    def __init__(self, source: SecretSource) -> None:
        """Derive the key from the pepper."""
        self._source = source
        self._keys: dict[str, bytes] = {}

    async def of(self, digest: bytes) -> str:
        """The token for the session with this digest."""
        return _token((await self._derived())[0], digest)

    async def fits(self, digest: bytes, token: str | None) -> bool:
        """Whether `token` is of the session; takes as long for any token."""
        said = (token or "").encode("utf-8", "replace")
        found = [hmac.compare_digest(_token(key, digest).encode(), said) for key in await self._derived()]
        return any(found)

    async def _derived(self) -> Sequence[bytes]:
        return [self._key(version) for version in await self._source.versions(PEPPER)]

    def _key(self, pepper: Secret) -> bytes:
        if pepper.version not in self._keys:
            self._keys[pepper.version] = derived(pepper.reveal(), _PURPOSE)
        return self._keys[pepper.version]


def _token(key: bytes, digest: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, digest, "sha256")).decode().rstrip("=")
