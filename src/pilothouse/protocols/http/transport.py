"""TLS in this process: version 1.3, optionally with certificates of clients, renewed without a restart."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from pilothouse.errors import SettingsInvalid

log = structlog.get_logger(__name__)

LOOK_EVERY = 10.0
"""Seconds between two looks at whether the files were changed."""


@dataclass(frozen=True)
class Files:
    """The certificate with its chain, its key, and the authorities whose clients may come; all PEM.

    `client_required` says whether a client without a certificate is turned away.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None
    client_required: bool = True

    def changed_at(self) -> tuple[int, ...]:
        """What changes when any of the files does; raises `OSError` where one is away."""
        paths = [self.certificate, self.key] + ([self.client_ca] if self.client_ca else [])
        return tuple(part for path in paths for part in (path.stat().st_mtime_ns, path.stat().st_ino))


class Transport:
    """The TLS of one process. `context` is used for every new connection; those that are open stay open."""

    def __init__(self, files: Files) -> None:
        """Read the files; raises `SettingsInvalid` where they do not fit together."""
        self._files = files
        self._seen = _stamp(files)
        self._inner = _made(files)
        self.context = _made(files)
        self.context.sni_callback = self._current

    def reload(self) -> bool:
        """Read the files anew; whether that went well. Where not, the former certificate stays in use."""
        try:
            self._seen = _stamp(self._files)
            self._inner = _made(self._files)
        except SettingsInvalid as error:
            log.error("certificate_not_reloaded", reason=str(error))  # noqa: TRY400 - said in one line
            return False
        log.info("certificate_reloaded", certificate=str(self._files.certificate))
        return True

    async def watch(self, every: float = LOOK_EVERY) -> None:
        """Reload when the files change, and at SIGHUP where this is the main thread; until cancelled."""
        loop = asyncio.get_running_loop()
        hears = threading.current_thread() is threading.main_thread()
        if hears:
            loop.add_signal_handler(signal.SIGHUP, self.reload)
        try:
            while True:
                await asyncio.sleep(every)
                await asyncio.to_thread(self._look)
        finally:
            if hears:
                loop.remove_signal_handler(signal.SIGHUP)

    def _look(self) -> None:
        with contextlib.suppress(OSError):  # they are being replaced
            if self._files.changed_at() != self._seen:
                self.reload()

    def _current(self, connection: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _of: object) -> None:
        """OpenSSL's callback for every handshake, with or without a name: go on with the newest files."""
        connection.context = self._inner


def transport_of(
    certificate: Path | None, key: Path | None, client_ca: Path | None, *, client_required: bool
) -> Transport | None:
    """The TLS that settings ask for; None where they name no certificate. Raises `SettingsInvalid`."""
    if certificate is None or key is None:
        return None
    return Transport(Files(certificate, key, client_ca, client_required))


def context_factory(transport: Transport) -> Callable[..., ssl.SSLContext]:
    """What uvicorn asks for its context."""
    return lambda *_: transport.context


def _stamp(files: Files) -> tuple[int, ...]:
    try:
        return files.changed_at()
    except OSError as error:
        raise SettingsInvalid(
            f"{error.filename} cannot be read: {error.strerror}.", hint="See docs/guides/tls.md."
        ) from None


def _made(files: Files) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
        if files.client_ca is not None:
            context.load_verify_locations(files.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED if files.client_required else ssl.CERT_OPTIONAL
    except (ssl.SSLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
        raise SettingsInvalid(
            f"TLS cannot be used with {files.certificate} and {files.key}: {reason}.",
            hint="Both are PEM files, the key is unencrypted and the certificate's own: docs/guides/tls.md.",
        ) from None
    return context


def _no_password() -> str:
    message = "the key is encrypted"
    raise ValueError(message)
