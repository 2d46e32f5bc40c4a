"""The providers themselves, asked over HTTP: what they answer is passed on as bytes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
from yarl import URL

from pilothouse.kit.secret import SecretSource
from pilothouse.llm.service import ProviderClosed, ProviderFailed, Route, key_of
from pilothouse.model_settings import ProviderKind

OPENAI = "https://api.openai.com/v1"
MOST_ANSWER = 64 << 20
"""Bytes of a whole answer."""
MOST_PIECE = 256 << 10
"""Bytes of a stream that are read ahead."""
PATIENCE = 10.0
"""Seconds that a provider may ask to wait for another attempt; whoever asked is told of longer ones."""
_HELPED = frozenset({401, 403, 408, 409, 425, 429})
"""Statuses below 500 at which another model may help; at 401 and 403 it is our own key that is refused."""
PASSED_ON = ("content-type", "retry-after")
"""Headers of an answer that are told."""


class UpstreamFailed(ProviderFailed):
    """A provider of models did not answer, or with an error of its own.

    `reply` is the provider's status, 0 where there was none; `retry_after` the seconds that it asks to wait.
    """

    def __init__(self, message: str, *, reply: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.reply = reply
        self.retry_after = retry_after
        if retry_after is not None and retry_after > PATIENCE:
            self.__dict__["retryable"] = False
        if retry_after is not None:
            self.headers = {"retry-after": f"{max(1, round(retry_after))}"}


class ProviderForeign(ProviderClosed):
    """A provider speaks another language than the gateway."""

    code = "provider_foreign"
    status = 501


class UpstreamBusy(UpstreamFailed):
    """A provider of models has too much to do."""

    code = "provider_busy"
    status = 429


class UpstreamLate(UpstreamFailed):
    """A provider of models did not answer in time."""

    code = "provider_timeout"
    status = 504
    retryable = False  # its time was all the time that there is


@dataclass
class Reply:
    """What a provider has answered: status and media type, and its whole body where it was read."""

    status: int
    media_type: str
    body: bytes = b""


class Upstream:
    """Asks providers on connections that are kept. Use it within one event loop, and `close` it.

    Redirects, cookies and proxies of the environment are not followed.
    """

    def __init__(self, secrets: SecretSource, *, deadline: float, silence: float) -> None:
        """Nothing is opened before the first call. A whole answer takes `deadline` seconds at most."""
        self._secrets = secrets
        self._deadline, self._silence = deadline, silence
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[tuple[str, str], URL] = {}

    async def ask(self, route: Route, path: str, data: bytes) -> Reply:
        """The whole answer. Raises `UpstreamFailed` where another model, or another attempt, may help."""
        try:
            async with asyncio.timeout(self._deadline), await self._post(route, path, data) as response:
                body = await self._whole(route, response)
        except TimeoutError as error:
            raise _late(route, self._deadline) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _away(route, error) from error
        _insist(route, response, body)
        return Reply(response.status, response.content_type, body)

    async def stream(self, route: Route, path: str, data: bytes, reply: Reply) -> AsyncIterator[bytes]:
        """The pieces of an answer as they come; `reply` is filled in before the first one.

        An answer that is no stream is one piece. Raises as `ask`; after the first piece it means that the
        stream was cut.
        """
        try:
            async with asyncio.timeout(self._deadline) as waiting:
                response = await self._post(route, path, data)
                async with response:
                    reply.status, reply.media_type = response.status, response.content_type
                    if response.content_type != "text/event-stream":
                        body = await self._whole(route, response)
                        _insist(route, response, body)
                        yield body
                        return
                    waiting.reschedule(None)
                    async for piece in response.content.iter_any():
                        yield piece
        except TimeoutError as error:
            raise _late(route, self._deadline) from error
        except (aiohttp.ClientError, OSError) as error:
            raise _away(route, error) from error

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def _post(self, route: Route, path: str, data: bytes) -> aiohttp.ClientResponse:
        if is_foreign(route):  # its key is nobody else's business
            raise ProviderForeign(
                f"{route.id} is not asked in OpenAI's format.",
                hint="Name its OpenAI-compatible address as a provider of its own, of kind compatible.",
            )
        if self._session is None:
            self._session = self._opened()
        headers = {"content-type": "application/json", "accept-encoding": "identity"}
        key = await key_of(self._secrets, route)
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        url = self._urls.get((route.provider, path))
        if url is None:
            url = self._urls[route.provider, path] = URL(f"{route.terms.url or OPENAI}/{path}")
        return await self._session.post(url, data=data, headers=headers, allow_redirects=False)

    async def _whole(self, route: Route, response: aiohttp.ClientResponse) -> bytes:
        announced = response.content_length
        if announced is None or announced > MOST_ANSWER:
            pieces, size = [], 0
            async for piece in response.content.iter_any():
                pieces.append(piece)
                size += len(piece)
                if size > MOST_ANSWER:
                    raise UpstreamFailed(f"{route.id} answers with more than {MOST_ANSWER:,} bytes.")
            return b"".join(pieces)
        return await response.read()

    def _opened(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=30, keepalive_timeout=30),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=self._silence),
            skip_auto_headers=("accept", "user-agent"),
            read_bufsize=MOST_PIECE,
        )


def is_foreign(route: Route) -> bool:
    """Whether a provider speaks another language than OpenAI's."""
    return route.terms.kind in {ProviderKind.ANTHROPIC, ProviderKind.BEDROCK}


def _insist(route: Route, response: aiohttp.ClientResponse, body: bytes) -> None:
    """Raise `UpstreamFailed` or `ProviderClosed` for an answer at which another model may help."""
    status = response.status
    if status < 300 or (400 <= status < 500 and status not in _HELPED):
        return
    told = f"{route.id} answers with status {status}."
    if status in {401, 403}:
        raise ProviderClosed(f"{told} Its key is refused: see docs/guides/models.md.")
    after = _seconds(response.headers.get("retry-after", ""))
    kind = UpstreamBusy if status == 429 else UpstreamLate if status == 408 else UpstreamFailed
    raise kind(told, reply=status, retry_after=after) from _Said(body)


class _Said(Exception):
    """What a provider said of its error, for the log."""

    def __init__(self, body: bytes) -> None:
        super().__init__(body[:500].decode("utf-8", "replace"))


def _seconds(said: str) -> float | None:
    """The seconds of a Retry-After; dates are not read."""
    return float(said) if said.replace(".", "", 1).isdecimal() and len(said) < 10 else None


def _late(route: Route, deadline: float) -> UpstreamLate:
    return UpstreamLate(f"{route.id} does not answer within {deadline:g} s.")


def _away(route: Route, error: Exception) -> UpstreamFailed:
    return UpstreamFailed(f"{route.id} does not answer: {type(error).__name__}.")
