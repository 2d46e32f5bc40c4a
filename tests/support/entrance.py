"""Servers over one database that is made once for a module, and those who come to them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import httpx

from pilothouse import App
from pilothouse.api.guarding import guards_of
from pilothouse.app import SEALED, Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.auth.service import Authentications
from pilothouse.kit.clock import Clock
from pilothouse.people.passwords import Passwords
from pilothouse.people.schemas import Standing
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.secrets.service import Secrets
from pilothouse.settings import Settings
from support.kept import secrets_in, vault_over
from support.people import CHEAP

PASSWORD = "a quiet harbour at dawn"
UNLIMITED = {"limit_address": 0, "limit_user": 0, "limit_user_hour": 0, "limit_costly": 0}
CALM = {"shed_lag": 60, "shed_memory": 1, "shed_exhausted": 60}
"""Nothing is shed where the machine has other things to do."""


@dataclass(frozen=True)
class Server:
    """One process: its parts, and a client with the token of this machine."""

    serving: Any
    client: httpx.AsyncClient
    secrets: Secrets

    @property
    def auth(self) -> Authentications:
        return self.serving.auth

    def visitor(self, **said: Any) -> httpx.AsyncClient:
        """Somebody who has no credential."""
        base = {"transport": self.client._transport, "base_url": self.client.base_url, "timeout": 20}
        base["trust_env"] = False
        return httpx.AsyncClient(**base | said)

    async def person(self, name: str, *roles: str, tenant: str = "default") -> Standing:
        """A person without a password."""
        return await self.serving.doors.sign_in.from_identity(
            tenant, "https://idp", name, f"{name}@example.com", name.title(), roles or ("operator",)
        )

    async def browser(self, standing: Standing, **said: Any) -> httpx.AsyncClient:
        """A person with a session; whatever it asks for carries the CSRF token."""
        begun = await self.auth.sessions.begin(standing, "password", "a test")
        found = self.visitor(**said)
        found.cookies.set(self.auth.cookies.name("ph_session"), begun.value)
        found.headers["x-csrf-token"] = await self.auth.csrf.of(begun.digest)
        return found

    async def joined(self, email: str, *roles: str) -> None:
        """Invite somebody, who then sets the password."""
        invited = await self.client.post(
            "/api/v1/users", json={"email": email, "name": "Ada", "roles": roles or ["operator"]}
        )
        assert invited.status_code == 201, invited.text
        given = {"token": invited.json()["link"].partition("#")[2], "password": PASSWORD}
        answer = await self.visitor().post("/api/v1/auth/accept-invitation", json=given)
        assert answer.status_code == 204, answer.text

    async def pair(self, email: str) -> dict[str, Any]:
        """The tokens of a program, for a password."""
        asked = {"grant_type": "password", "email": email, "password": PASSWORD}
        answer = await self.visitor().post("/api/v1/auth/token", json=asked)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def key(self, *roles: str, **said: Any) -> tuple[str, str]:
        """A real key: its id and its text."""
        wanted = {"name": "a test", "roles": roles or ["operator"]}
        made = await self.client.post("/api/v1/keys", json=wanted, **said)
        assert made.status_code == 201, made.text
        return made.json()["key"]["id"], made.json()["secret"]


class House:
    """Opens servers over one database; what they share is the engine, which knows of no credentials."""

    def __init__(self, conninfo: str, folder: Path, app: App) -> None:
        self.conninfo = conninfo
        self.folder = folder
        self._app = app
        self._stack = AsyncExitStack()
        self._artifacts = ObjectArtifacts.local(folder / "artifacts")
        self._vault = vault_over(conninfo, folder / "secrets", columns=SEALED)
        self._engine = Engine(conninfo, Workflows(app.workflows), self._artifacts, sealer=self._vault)

    async def __aenter__(self) -> Self:
        await self._engine.open()
        self._stack.push_async_callback(self._vault.close)
        self._stack.push_async_callback(self._engine.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def open(
        self, *, clock: Clock | None = None, base: str = "http://localhost", **said: Any
    ) -> Server:
        """Another process in this one."""
        from pilothouse.server import Serving

        pilothouse = self._wired(said)
        with (
            patch("pilothouse.auth.opening.SystemClock", lambda: clock) if clock else nullcontext(),
            cheap_passwords(),
        ):
            serving = Serving(pilothouse, execute=False)
        await self._stack.enter_async_context(serving.api.router.lifespan_context(serving.api))
        transport = httpx.ASGITransport(serving.api, raise_app_exceptions=False)
        return Server(
            serving, await self._client(pilothouse, transport=transport, base_url=base), pilothouse.secrets
        )

    async def listen(
        self,
        *,
        guarded: bool = False,
        execute: bool = False,
        books: Any = None,
        around: Any = None,
        **said: Any,
    ) -> Server:
        """Another process in this one, behind a real socket: with guards where it is `guarded`.

        `books` are the leases and the usage of its gateway, where a test looks at them; `around` are the
        dependencies of its calls.
        """
        from pilothouse.server import Serving, listening, uvicorn_server

        pilothouse = replace(self._wired({"drain_timeout": 1} | said), resilience=around)
        if guarded:
            pilothouse = replace(pilothouse, guards=guards_of(pilothouse))
        bound = self._stack.enter_context(listening("127.0.0.1", 0))
        with cheap_passwords(), _kept_by(books):
            serving = Serving(pilothouse, execute=execute)
        server = uvicorn_server(serving, pilothouse.settings)
        task = asyncio.create_task(server.serve(sockets=[bound]))

        async def stop() -> None:
            server.should_exit = True
            await task

        self._stack.push_async_callback(stop)
        while not server.started:
            await asyncio.sleep(0.005)
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        return Server(serving, await self._client(pilothouse, base_url=url), pilothouse.secrets)

    def _wired(self, said: dict[str, Any]) -> Pilothouse:
        settings = Settings(_env_file=None, **UNLIMITED | CALM | said)
        secrets = secrets_in(self.folder / "secrets")
        return Pilothouse(
            settings, [self._app], self._engine, self._artifacts, self.conninfo, secrets, self._vault
        )

    async def _client(self, pilothouse: Pilothouse, **said: Any) -> httpx.AsyncClient:
        token = (await pilothouse.secrets.versions("local_token"))[0].reveal().decode()
        headers = {"authorization": f"Bearer ph_local_{token}"}
        plain = {"timeout": 20, "trust_env": False, "verify": False}  # authorities take time to read
        client = httpx.AsyncClient(headers=headers, **plain | said)
        return await self._stack.enter_async_context(client)


def cheap_passwords() -> Any:
    """Servers that are made meanwhile hash with little memory; tests/people looks at the real hash."""
    return patch("pilothouse.people.opening.Passwords", partial(Passwords, CHEAP))


@contextmanager
def _kept_by(books: Any) -> Iterator[None]:
    """Servers that are made meanwhile keep the books of their gateway there."""
    if books is None:
        yield
        return
    leases, usage = books
    with (
        patch("pilothouse.api.gateway.Leases", lambda *_, **__: leases),
        patch("pilothouse.api.gateway.UsageWriter", lambda *_, **__: usage),
    ):
        yield


@dataclass
class HeldClock:
    """The wall clock as it was, until it is moved."""

    time: dt.datetime

    def now(self) -> dt.datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def advance(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)


def held_now() -> HeldClock:
    """A clock that is a little ahead of whatever is made by the real one in the next seconds."""
    return HeldClock(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30))
