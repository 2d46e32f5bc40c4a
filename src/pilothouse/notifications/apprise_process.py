"""The process in which Apprise works: one message from standard input, one answer to standard output.

Whatever Apprise does, a connection is made only to an address that the guard allows: it is looked at when
it is about to be made, as a number, so that neither a redirect nor a name that leads elsewhere a moment later
gains anything. No program is started, and no file is read but those of Python and of the system: some
services take the name of a file in their URL.
"""

from __future__ import annotations

import ipaddress
import logging
import os
import re
import socket
import sys
import tempfile
from typing import Any, NoReturn

import orjson

from pilothouse.kit.outgoing import Guard

_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_CONNECTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_STARTS = frozenset(
    {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "pty.spawn"}
)
_READABLE = (
    *("/usr", "/lib", "/lib64", "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/mime.types"),
    *("/etc/localtime", "/etc/timezone", "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/dev/null"),
    *("/dev/urandom", "/System/Library", "/opt/homebrew"),
)
_STATUS = re.compile(r"\berror[=:]\s?(\d{3})\b|\bHTTP (\d{3})\b")


class Outside(PermissionError):
    """Something was to be reached that may not be."""


class Watch:
    """Looks at every connection before it is made."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        code = [sys.prefix, sys.base_prefix, tempfile.gettempdir(), *(place for place in sys.path if place)]
        places = [*_READABLE, *code, *(os.environ[name] for name in _AUTHORITIES if name in os.environ)]
        self._readable = tuple({os.path.realpath(place) for place in places})
        self.refused: str | None = None

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What the interpreter calls for each of its audit events (PEP 578)."""
        if event in _STARTS:
            self._refuse("It would start a program on this machine.")
        elif event in _CONNECTS:
            self._look(arguments[0], arguments[1])
        elif event == "open" and isinstance(arguments[0], str | bytes):
            self._read(os.fsdecode(arguments[0]))

    def _read(self, name: str) -> None:
        real = os.path.realpath(name)
        if not any(real == place or real.startswith(place + os.sep) for place in self._readable):
            self._refuse("It would read a file of this machine.")

    def _look(self, sock: Any, address: Any) -> None:
        if address is None:  # a socket that is connected already
            return
        if sock.family not in {socket.AF_INET, socket.AF_INET6} or not isinstance(address, tuple):
            self._refuse("It would speak to this machine itself.")
        try:
            number = ipaddress.ip_address(str(address[0]).partition("%")[0])
        except ValueError:
            self._refuse("It would connect to a name, not to an address.")
        if not self._guard.allows(number):
            self._refuse(f"It leads to {number}, which is not to be reached from here.")

    def _refuse(self, reason: str) -> NoReturn:
        self.refused = reason
        raise Outside(reason)


class _Heard(logging.Handler):
    """Keeps the last status that a service answered with; nothing else of what is logged is safe to tell."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.status: int | None = None

    def emit(self, record: logging.LogRecord) -> None:
        found = _STATUS.search(record.getMessage())
        if found is not None:
            self.status = int(found[1] or found[2])


def answered(said: dict[str, Any]) -> dict[str, Any]:
    """Do what was asked: `show` a URL without its secrets, or `send` a message to it."""
    import apprise

    logger = logging.getLogger("apprise")
    heard = _Heard()
    logger.handlers[:] = [heard]
    logger.setLevel(logging.INFO)
    asset = apprise.AppriseAsset(
        app_id="Pilothouse",
        app_desc="Pilothouse",
        async_mode=False,
        http_redirects=False,
        allow_templates=False,
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        secure_logging=True,
    )
    watch = Watch(Guard(said["allowed"]))
    sys.addaudithook(watch)
    try:
        found = apprise.Apprise.instantiate(said["url"], asset=asset)
    except PermissionError:
        return {"ok": False, "final": True, "reason": watch.refused}
    if found is None:
        return {"ok": False, "final": True, "reason": "Apprise does not know it, or something is missing."}
    if said["do"] == "show":
        address: str = found.url(privacy=True)  # type: ignore[no-untyped-call]  # Apprise's own has no types
        return {"ok": True, "shown": f"{found.service_name}: {address.partition('?')[0]}"}
    sent = False
    try:
        sent = bool(found.notify(body=said["text"], title=said["title"]))
    except Exception as error:  # noqa: BLE001 - the border: what it was is told, and nothing that it says
        return {"ok": False, "reason": watch.refused or f"Apprise failed: {type(error).__name__}."}
    if sent and watch.refused is None:
        return {"ok": True}
    status = f"The service answers {heard.status}." if heard.status else "The service did not take it."
    return {"ok": False, "reason": watch.refused or status, "answered": heard.status}


def main() -> None:
    """Answer one message."""
    socket.setdefaulttimeout(20)
    said = orjson.loads(sys.stdin.buffer.read())
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever is printed is not the answer
    out.write(orjson.dumps(answered(said)))
    out.flush()


if __name__ == "__main__":
    main()
