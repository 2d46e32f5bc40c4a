"""How the API is reached: what a stranger's requests to the running server get, and its certificate."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from urllib.parse import urlsplit

import httpx

from pilothouse.readiness.installation import Installation
from pilothouse.readiness.schemas import Line, failed, passed, warned
from pilothouse.settings import Settings, is_loopback

PATIENCE = 5.0
SOON = dt.timedelta(days=21)
PROTECTED, PUBLIC = "/api/v1/runs", "/health/live"
STRANGER = "https://stranger.example"

_WANTED: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'",
    "x-frame-options": "",
    "referrer-policy": "",
    "x-api-version": "",
    "cache-control": "no-store",
}
"""The headers that every answer of the API has, with what has to be in each."""

LIMITS = ("limit_address", "limit_user", "limit_user_hour", "limit_key", "limit_tenant", "limit_costly")
"""Settings that bound requests, and that 0 switches off."""

_TELLING = ("server", "x-powered-by")


async def transport_lines(installation: Installation) -> AsyncIterator[Line]:
    """Ask the running server as a stranger would, and look at what comes back."""
    url = installation.server
    context = _trusting(installation)
    try:
        async with httpx.AsyncClient(
            base_url=url, timeout=PATIENCE, verify=context, trust_env=False
        ) as client:
            stranger = await client.get(PROTECTED, headers={"origin": STRANGER})
            preflight = await client.options(
                PROTECTED, headers={"origin": STRANGER, "access-control-request-method": "POST"}
            )
            misled = await client.get(PUBLIC, headers={"host": "stranger.example"})
    except (httpx.HTTPError, OSError) as error:
        yield failed(
            "running server",
            f"Nothing answers at {url} as it should ({type(error).__name__}).",
            "Start it, or name it: pilothouse --server https://HOST doctor --production --ca FILE",
        )
        return
    yield passed("running server", f"It answers at {url}.")
    settings = installation.settings
    for line in (_closed(stranger), _headers(stranger), _cors(stranger, preflight, settings), _hosts(misled)):
        yield line
    yield _limited(stranger, settings)
    for line in await asyncio.to_thread(lambda: list(_tls(url, stranger, context))):
        yield line


def _closed(answer: httpx.Response) -> Line:
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return passed("sign-in", "Nobody gets in without a credential.")
    found = f"A request without a credential was answered with {answer.status_code}."
    return failed("sign-in", found, "Look at what stands before the server: it must not sign in for others.")


def _headers(answer: httpx.Response) -> Line:
    lacking = [
        name
        for name, part in _WANTED.items()
        if name not in answer.headers or part not in answer.headers[name]
    ]
    telling = [name for name in _TELLING if name in answer.headers]
    if lacking:
        todo = "A proxy may have removed them: let it pass the server's headers on."
        return failed("headers", f"{', '.join(lacking)}: missing or too weak.", todo)
    if telling:
        return warned("headers", f"{', '.join(telling)} tells what runs here.", "Have the proxy remove it.")
    return passed("headers", f"All of {len(_WANTED)} are there.")


def _cors(answer: httpx.Response, preflight: httpx.Response, settings: Settings) -> Line:
    allowed = [
        response.headers["access-control-allow-origin"]
        for response in (answer, preflight)
        if response.headers.get("access-control-allow-origin") in {"*", "null", STRANGER}
    ]
    if allowed:
        return failed("cors", f"A page of {STRANGER} may read answers.", "Shorten PILOTHOUSE_CORS_ORIGINS.")
    plain = [origin for origin in settings.cors_origins if origin.startswith("http://")]
    if plain:
        todo = "Name https:// in PILOTHOUSE_CORS_ORIGINS: whoever stands in between can change such a page."
        return warned("cors", f"Pages without TLS may read answers: {', '.join(plain)}.", todo)
    return passed("cors", "Pages of strangers may not read answers.")


def _hosts(answer: httpx.Response) -> Line:
    if answer.status_code < httpx.codes.BAD_REQUEST:
        return warned(
            "host names",
            "A request for another host name is answered.",
            "Set PILOTHOUSE_HOSTS, and have the proxy pass on only names of this server.",
        )
    return passed("host names", "A request for another host name is refused.")


def _limited(answer: httpx.Response, settings: Settings) -> Line:
    name, see = "request limits", "See docs/guides/request-limits.md."
    off = [limit for limit in LIMITS if getattr(settings, limit) == 0]
    if not any(header.startswith("ratelimit") for header in answer.headers):
        return failed(name, "Answers do not tell of any.", see)
    if off:
        return failed(name, f"{', '.join(off)}: switched off by 0.", f"Set a number of requests. {see}")
    if settings.redis_url is not None and settings.limits_without_redis == "open":
        return warned(name, "None holds while Redis is away.", "Set PILOTHOUSE_LIMITS_WITHOUT_REDIS=local.")
    return passed(name, "Answers tell what is left of them.")


def _tls(url: str, answer: httpx.Response, context: ssl.SSLContext) -> Iterator[Line]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        if is_loopback(host):
            todo = "Ask it as its users do: pilothouse --server https://HOST doctor --production"
            yield warned("tls", "It was asked over loopback, without TLS.", todo)
        else:
            yield failed("tls", "It answers without TLS.", "See docs/guides/tls.md.")
        return
    if "strict-transport-security" in answer.headers:
        yield passed("hsts", "Browsers come back over TLS only.")
    else:
        yield failed("hsts", "Browsers may come back without TLS.", "Have the proxy pass the header on.")
    yield _certificate(host, parts.port or 443, context)
    yield _old_protocol(host, parts.port or 443)


def _certificate(host: str, port: int, context: ssl.SSLContext) -> Line:
    with (
        socket.create_connection((host, port), PATIENCE) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        told, protocol = wrapped.getpeercert() or {}, wrapped.version()
    ends = dt.datetime.fromtimestamp(ssl.cert_time_to_seconds(str(told["notAfter"])), dt.UTC)
    left = ends - dt.datetime.now(dt.UTC)
    if left < SOON:
        return warned("certificate", f"It ends in {left.days} days.", "Renew it; see docs/guides/tls.md.")
    return passed("certificate", f"{protocol}; it holds for {left.days} days.")


def _old_protocol(host: str, port: int) -> Line:
    """Whether TLS 1.2 is spoken, which is sound with the right ciphers but is not needed any more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent to it
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        with (
            socket.create_connection((host, port), PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            pass
    except OSError:
        return passed("tls", "TLS 1.3 and nothing older.")
    return warned("tls", "TLS 1.2 is spoken, too.", "Have the proxy speak TLS 1.3 only, if all clients can.")


def _trusting(installation: Installation) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if installation.ca is not None:
        context.load_verify_locations(installation.ca)
    return context
