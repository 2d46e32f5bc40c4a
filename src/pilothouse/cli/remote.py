"""The client of a server: the same as the local one, over the public HTTP API."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import orjson
from pydantic import BaseModel

from pilothouse.auth.local import LOCAL
from pilothouse.cli.client import PAGE, Named, RunRow, every
from pilothouse.cli.view import Event
from pilothouse.errors import Category, InvalidInput, NotFound, PilothouseError, Unavailable
from pilothouse.kit.pagination import Page
from pilothouse.settings import is_loopback

API = "/api/v1"
Items = list[dict[str, Any]]
M = TypeVar("M", bound=BaseModel)

RECONNECT_AFTER = 0.5
"""Seconds before a broken stream is opened anew, from the last event that was seen."""


class ServerError(PilothouseError):
    """The server refused the request."""

    code = "server_error"


class RequestRefused(ServerError):
    """The server found the request wrong."""

    code = "request_refused"
    category = Category.USER


class RemoteClient:
    """Speaks to one server. Errors are the server's problem documents, as messages."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        """Use `http`, whose base URL is the server's."""
        self._http = http

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, url: str, credential: str | None = None, trust: ssl.SSLContext | None = None
    ) -> AsyncIterator[RemoteClient]:
        """A client of the server at `url`, which sends the API key or token `credential`, if there is one.

        `trust` says whose certificates are believed; without it, those of the usual authorities.

        Raises `InvalidInput` where that is no address.
        """
        if not url.startswith(("http://", "https://")):
            raise InvalidInput(f"--server {url} is no address.", hint="Write it as http://127.0.0.1:8000.")
        headers = {} if credential is None else {"Authorization": f"Bearer {credential}"}
        verify = (
            trust if trust is not None else url.startswith("https://")
        )  # the authorities take time to read
        async with httpx.AsyncClient(
            base_url=url, timeout=30, trust_env=False, headers=headers, verify=verify
        ) as http:
            yield cls(http)

    async def submit(
        self,
        workflow: str,
        payload: bytes,
        *,
        priority: int = 0,
        idempotency_key: str | None = None,
        labels: Mapping[str, str] | None = None,
        engagement: str | None = None,
        untrusted: bool = False,
    ) -> str:
        """Make a run, in the engagement with this id or name; returns its id. See `How` for `untrusted`."""
        body = {"workflow": workflow, "input": orjson.loads(payload), "priority": priority}
        body |= {"labels": dict(labels or {}), "untrusted": untrusted}
        if engagement is not None:
            body["engagement"] = engagement
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return str((await self._json("POST", "/runs", json=body, headers=headers))["id"])

    async def follow(self, run_id: str, after: int = 0) -> AsyncIterator[Event]:
        """The run's events, until it ends; a broken stream is resumed without loss or repeat."""
        while True:
            try:
                async for name, data in self._stream(run_id, after):
                    if name == "end":
                        return
                    if name == "delta":  # what it says stands in an entry later
                        continue
                    event = _event(await self._whole(run_id, orjson.loads(data)))
                    after = event.seq
                    yield event
            except httpx.TransportError:
                await asyncio.sleep(RECONNECT_AFTER)
                await self.status(run_id)  # says so, where the server is gone

    async def _whole(self, run_id: str, item: dict[str, Any]) -> dict[str, Any]:
        """An entry of the stream with its payload, which is not in there where it is large."""
        if item["encoding"] != "reference":
            return item
        params = {"after": item["seq"] - 1, "limit": 1}
        page = await self._json("GET", f"/runs/{run_id}/journal", params=params)
        return dict(page["items"][0])

    async def events(self, run_id: str) -> Sequence[Event]:
        """The run's events so far."""
        found: list[Event] = []
        after: int | None = 0
        while after is not None:
            page = await self._json("GET", f"/runs/{run_id}/journal", params={"after": after, "limit": PAGE})
            found += [_event(item) for item in page["items"]]
            after = page["next_after"]
        return found

    async def status(self, run_id: str) -> str:
        """The run's status."""
        return str((await self._json("GET", f"/runs/{run_id}"))["status"])

    async def every(
        self, path: str, params: Mapping[str, Any] | None = None, most: int | None = None
    ) -> Items:
        """The items of all pages of a list, at most `most`."""

        async def page(which: Mapping[str, Any]) -> Page[dict[str, Any]]:
            return Page.model_validate(await self._json("GET", path, params={**(params or {}), **which}))

        return await every(page, most)

    async def list(self, wanted: Mapping[str, Any], limit: int, sort: str = "newest") -> Sequence[RunRow]:
        """The first `limit` runs that fit a filter."""
        return [_row(item) for item in await self.every("/runs", {**wanted, "sort": sort}, limit)]

    async def answer(self, run_id: str, key: str, text: str) -> str:
        """Answer a question; returns the answer as it was understood."""
        params = {"run_id": run_id, "status": "open", "limit": PAGE}
        page = await self._json("GET", "/questions", params=params)
        asked = [item for item in page["items"] if item["key"] == key]
        if not asked:
            raise NotFound(f"Run {run_id} has no open question {key!r}.")
        done = await self._json("POST", f"/questions/{asked[0]['id']}/answer", json={"answer": text})
        return str(done["answer"])

    async def cancel(self, run_id: str) -> str:
        """Cancel a run; returns its status."""
        return str((await self._json("POST", f"/runs/{run_id}/cancel"))["status"])

    async def retry(self, run_id: str) -> Sequence[str]:
        """Retry a failed run; returns the steps that are executed anew."""
        await self._json("POST", f"/runs/{run_id}/retry")
        retried = [event for event in await self.events(run_id) if event.kind == "run_retried"]
        return tuple(retried[-1].payload["superseded"])

    async def content(self, artifact: dict[str, Any]) -> AsyncIterator[bytes]:
        """An artifact's bytes."""
        async for piece in self.pieces(f"/artifacts/{artifact['id']}/content"):
            yield piece

    async def pieces(self, path: str) -> AsyncIterator[bytes]:
        """The bytes that one request is answered with, as they come."""
        try:
            async with self._http.stream("GET", API + path) as response:
                await _check(response)
                async for piece in response.aiter_bytes():
                    yield piece
        except httpx.TransportError as error:
            raise self._away(error) from error

    async def workflows(self) -> Sequence[Named]:
        """What can be run."""
        items = (await self._json("GET", "/workflows"))["items"]
        return [Named(item["name"], item["summary"], f"version {item['version']}") for item in items]

    async def agents(self) -> Sequence[Named]:
        """The agents of the installed applications."""
        items = (await self._json("GET", "/agents"))["items"]
        return [
            Named(item["name"], item["summary"], f"{item['app']}: {' -> '.join(item['rungs'])}")
            for item in items
        ]

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """The JSON that one request is answered with, for what only some commands ask."""
        return await self._json(method, path, **options)

    async def told(
        self,
        of: type[M],
        method: str,
        path: str,
        *,
        params: BaseModel | Mapping[str, object] | None = None,
        json: BaseModel | Mapping[str, object] | None = None,
    ) -> M:
        """What a request is answered with, read as `of`. What a model of `params` leaves None is not sent."""
        if isinstance(params, BaseModel):
            params = params.model_dump(mode="json", exclude_none=True)
        if isinstance(json, BaseModel):
            json = json.model_dump(mode="json")
        return of.model_validate(await self._json(method, path, params=params, json=json))

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        try:
            response = await self._http.request(method, API + path, **options)
        except httpx.TransportError as error:
            raise self._away(error) from error
        await _check(response)
        return response.json() if response.content else None

    async def _stream(self, run_id: str, after: int) -> AsyncIterator[tuple[str, str]]:
        """The name and data of each server-sent event (WHATWG HTML, section 9.2)."""
        async with self._http.stream(
            "GET", f"{API}/runs/{run_id}/events", params={"after": after}, timeout=httpx.Timeout(30, read=120)
        ) as response:
            await _check(response)
            name, data = "", list[str]()
            async for line in response.aiter_lines():
                field, _, value = line.partition(":")
                value = value.removeprefix(" ")
                if field == "event":
                    name = value
                elif field == "data":
                    data.append(value)
                elif not line and data:
                    yield name, "\n".join(data)
                    name, data = "", []

    def _away(self, error: httpx.TransportError) -> Unavailable:
        return Unavailable(
            f"The server {self._http.base_url} does not answer: {str(error) or type(error).__name__}.",
            hint="Is `pilothouse serve` running there?",
        )


def trusting(ca: Path | None, client_cert: Path | None) -> ssl.SSLContext | None:
    """Believe certificates from the authority `ca`, and show `client_cert`; None where neither is said.

    Raises `InvalidInput` where a file cannot be used.
    """
    if ca is None and client_cert is None:
        return None
    context = ssl.create_default_context()
    try:
        if ca is not None:
            context = ssl.create_default_context(cafile=str(ca))
        if client_cert is not None:
            context.load_cert_chain(client_cert)
    except (OSError, ValueError) as error:  # ssl's errors are such
        raise InvalidInput(
            f"{ca or client_cert} cannot be used: {error}.", hint="Give a PEM file."
        ) from error
    return context


async def _check(response: httpx.Response) -> None:
    if response.is_success:
        return
    await response.aread()
    try:
        problem = response.json()
        title, detail = str(problem["title"]), str(problem["detail"])
        message = detail if detail.startswith(title.rstrip(".")) else f"{title}: {detail}"
    except (ValueError, KeyError, TypeError):
        message = f"The server answered {response.status_code}."
    if response.status_code == httpx.codes.UNAUTHORIZED:
        raise _unknown_here(response.request)
    raise (RequestRefused if response.status_code < 500 else ServerError)(message)


def _unknown_here(request: httpx.Request) -> RequestRefused:
    """Why the server does not know who asks, and what to do about it."""
    server = f"{request.url.scheme}://{request.url.netloc.decode()}"
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    near = is_loopback(request.url.host.strip("[]"))
    if not sent:
        message = f"The server {server} asks who you are, and no credential was found to send."
    elif sent.startswith(LOCAL):
        message = (
            f"The server {server} does not accept the token of this data folder: it works on another one."
        )
    else:
        message = f"The server {server} does not accept the API key that PILOTHOUSE_API_KEY holds."
    here = " Or name the data folder of that server: pilothouse --data FOLDER --server ..." if near else ""
    return RequestRefused(
        message,
        hint="Set PILOTHOUSE_API_KEY to a key of that server; `pilothouse keys create` makes one there."
        + here,
    )


def _event(item: dict[str, Any]) -> Event:
    at = dt.datetime.fromisoformat(item["at"])
    return Event(item["seq"], item["kind"], item["key"], at, item["payload"])


def _row(item: dict[str, Any]) -> RunRow:
    created, changed = (dt.datetime.fromisoformat(item[name]) for name in ("created_at", "changed_at"))
    known = (item["id"], item["workflow"], item["version"], item["status"])
    return RunRow(*known, created_at=created, changed_at=changed, labels=item["labels"])
