"""Under which address browsers reach this installation: what links to people, redirects and cookies go by."""

from __future__ import annotations

from pilothouse.errors import Conflict
from pilothouse.settings import Settings, is_loopback

SETTING = "PILOTHOUSE_PUBLIC_URL"


class AddressUnknown(Conflict):
    """Nobody has said under which address people reach this installation."""

    code = "address_unknown"

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        """A server that others reach cannot tell by itself under which name they do."""
        super().__init__(
            message,
            hint=hint
            or f"Set public_url ({SETTING}) to what browsers open, such as https://pilothouse.example.com.",
        )


class Origin:
    """The origin of one process: what was said, or else, for this machine only, where it listens."""

    def __init__(self, settings: Settings) -> None:
        """Until it listens, the settings' port is taken."""
        self._settings = settings
        self._port = settings.port

    def bound(self, port: int) -> None:
        """The process listens at this port, which the settings may have left to the system."""
        self._port = port

    @property
    def is_known(self) -> bool:
        """Whether links may be sent: not where others come and nobody has said by which name."""
        return self._settings.public_url is not None or (is_local(self._settings) and self._port != 0)

    def url(self) -> str:
        """What a link to a person begins with, without a slash at its end; raises `AddressUnknown`."""
        if not self.is_known:
            raise AddressUnknown
        return origin_of(self._settings, self._port)


def is_local(settings: Settings) -> bool:
    """Whether a server with these settings is reached from this machine only."""
    return is_loopback(settings.host) and not settings.trusted_proxies


def origin_of(settings: Settings, port: int | None = None) -> str:
    """Under which address browsers reach this server, as far as the settings and `port` tell."""
    if settings.public_url is not None:
        return settings.public_url.rstrip("/")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.tls_cert is not None or settings.trusted_proxies else "http"
    return f"{scheme}://{host}:{settings.port if port is None else port}"
