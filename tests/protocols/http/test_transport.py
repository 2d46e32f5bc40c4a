from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
import websockets
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from pilothouse.cli.remote import RemoteClient, trusting
from pilothouse.errors import InvalidInput, SettingsInvalid, Unavailable
from pilothouse.kit.ids import Ids
from pilothouse.protocols.http.context import RequestContext
from pilothouse.protocols.http.patience import Lobby, patience_of
from pilothouse.protocols.http.transport import Files, Transport, context_factory, transport_of
from pilothouse.protocols.http.wire import connections_in
from pilothouse.protocols.websocket.wire import SocketConnection
from pilothouse.server import Server, listening
from pilothouse.settings import load
from pilothouse.telemetry import logs
from support.certificates import Authority


async def plain(request: Request) -> JSONResponse:
    return JSONResponse(
        {"items": [{"name": "w", "summary": "s", "version": 1}], "scheme": request.url.scheme}
    )


async def events(_: Request) -> StreamingResponse:
    async def told() -> AsyncIterator[str]:
        for number in range(3):
            yield f"event: tick\ndata: {number}\n\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(told(), media_type="text/event-stream")


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    async for text in socket.iter_text():
        await socket.send_text(f"{socket.url.scheme}: {text}")


class Run:
    """A server with TLS; `peer()` is the name in the certificate that it shows now."""

    def __init__(self, transport: Transport, server: Server, port: int, authority: Authority) -> None:
        self.transport, self.server, self.port, self.authority = transport, server, port, authority
        self.url = f"https://127.0.0.1:{port}"

    def trust(self, certificate: Path | None = None) -> ssl.SSLContext:
        return trusting(self.authority.ca, certificate) or ssl.create_default_context()

    async def get(
        self, context: ssl.SSLContext | None = None, path: str = "/api/v1/workflows"
    ) -> httpx.Response:
        async with httpx.AsyncClient(verify=context or self.trust(), trust_env=False) as client:
            return await client.get(self.url + path)

    async def peer(self) -> str:
        _, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.trust())
        named = writer.get_extra_info("peercert")["subject"][0][0][1]
        writer.close()
        return str(named)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "pki")


@pytest.fixture
async def start(authority: Authority) -> Callable[..., Any]:
    @asynccontextmanager
    async def made(**said: Any) -> AsyncIterator[Run]:
        certificate, key, _ = authority.issue("first")
        transport = Transport(Files(certificate, key, **said))
        api = Starlette(
            routes=[
                Route("/api/v1/workflows", plain),
                Route("/events", events),
                WebSocketRoute("/live", echo),
            ]
        )
        lobby = Lobby(patience_of(load()), lambda _: False)
        configuration = uvicorn.Config(
            RequestContext(api, Ids()), http=connections_in(lobby), ws=SocketConnection, log_config=None,
            access_log=False,
            ssl_context_factory=context_factory(transport),
        )  # fmt: skip

        async def farewell() -> None:
            return None

        with listening("127.0.0.1", 0) as bound:
            server = Server(configuration, lambda: None, farewell, transport)
            serving = asyncio.create_task(server.serve(sockets=[bound]))
            while not server.started:
                await asyncio.sleep(0.005)
            yield Run(transport, server, bound.getsockname()[1], authority)
            server.should_exit = True
            await serving

    return made


async def test_requests_streams_and_sockets_work_over_tls(start: Callable[..., Any]) -> None:
    async with start() as run:
        answer = await run.get()
        assert answer.json()["scheme"] == "https"
        assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
        assert (await run.get(path="/events")).text.count("event: tick") == 3
        async with websockets.connect(
            f"wss://127.0.0.1:{run.port}/live", ssl=run.trust(), proxy=None
        ) as socket:
            await socket.send("hello")
            assert await socket.recv() == "wss: hello"


async def test_older_versions_are_refused(start: Callable[..., Any]) -> None:
    async with start() as run:
        old = run.trust()
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(httpx.ConnectError):
            await run.get(old)
        _, writer = await asyncio.open_connection("127.0.0.1", run.port, ssl=run.trust())
        assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
        writer.close()
        with pytest.raises(httpx.ConnectError):
            await run.get(ssl.create_default_context())  # which does not know the authority


async def test_clients_without_the_right_certificate_are_turned_away(
    start: Callable[..., Any], authority: Authority, tmp_path: Path
) -> None:
    mine, other = authority.issue("client")[2], Authority(tmp_path / "other", "stranger").issue("client")[2]
    async with start(client_ca=authority.ca) as run:
        assert (await run.get(run.trust(mine))).status_code == 200
        for wrong in (None, other):
            with pytest.raises((httpx.TransportError, ssl.SSLError)):
                await run.get(run.trust(wrong))


async def test_where_certificates_are_optional_a_wrong_one_is_still_refused(
    start: Callable[..., Any], authority: Authority, tmp_path: Path
) -> None:
    mine, other = authority.issue("client")[2], Authority(tmp_path / "other", "stranger").issue("client")[2]
    async with start(client_ca=authority.ca, client_required=False) as run:
        for right in (None, mine):
            assert (await run.get(run.trust(right))).status_code == 200
        with pytest.raises((httpx.TransportError, ssl.SSLError)):
            await run.get(run.trust(other))


async def test_a_renewed_certificate_is_shown_and_open_connections_stay(start: Callable[..., Any]) -> None:
    async with (
        start() as run,
        websockets.connect(f"wss://127.0.0.1:{run.port}/live", ssl=run.trust(), proxy=None) as socket,
    ):
        assert await run.peer() == "first"
        files = run.transport._files
        for new, old in zip(run.authority.issue("second"), (files.certificate, files.key), strict=False):
            shutil.copy(new, old)
        os.kill(os.getpid(), signal.SIGHUP)
        async with asyncio.timeout(5):
            while await run.peer() != "second":
                await asyncio.sleep(0.01)
        await socket.send("still here")
        assert await socket.recv() == "wss: still here"


async def test_a_broken_renewal_leaves_the_former_certificate(
    start: Callable[..., Any],
) -> None:
    written = io.StringIO()
    logs.configure("debug", "readable", written)
    async with start() as run:
        files = run.transport._files
        shutil.copy(run.authority.issue("second")[0], files.certificate)  # with the key of the first
        assert run.transport.reload() is False
        assert await run.peer() == "first"
        shutil.copy(run.authority._folder / "second.key", files.key)
        os.utime(files.key, ns=(1, 1))
        watching = asyncio.create_task(run.transport.watch(0.01))
        async with asyncio.timeout(5):
            while await run.peer() != "second":
                await asyncio.sleep(0.01)
        files.key.unlink()
        assert run.transport.reload() is False
        await asyncio.sleep(0.05)
        watching.cancel()
        assert await run.peer() == "second"
    assert "certificate_not_reloaded" in written.getvalue()


def test_files_that_do_not_fit_together_are_named(authority: Authority, tmp_path: Path) -> None:
    certificate, key, _ = authority.issue("a")
    for wrong in (
        authority.issue("b")[1],
        authority.issue("c", password=b"secret")[1],
        tmp_path / "missing",
        certificate,
    ):
        with pytest.raises(SettingsInvalid, match="cannot be"):
            Transport(Files(certificate, wrong))
    with pytest.raises(SettingsInvalid):
        Transport(Files(certificate, key, key))


def test_settings_ask_for_tls_as_a_whole_or_not_at_all(authority: Authority) -> None:
    certificate, key, _ = authority.issue("a")
    assert transport_of(None, None, None, client_required=True) is None
    assert transport_of(certificate, key, None, client_required=True) is not None
    assert load(tls_cert=certificate, tls_key=key).tls_client == "required"
    for said in ({"tls_cert": certificate}, {"tls_key": key}, {"tls_client_ca": authority.ca}):
        with pytest.raises(SettingsInvalid, match="are set together"):
            load(**said)


async def test_the_command_line_trusts_the_authority_that_is_named(
    start: Callable[..., Any], authority: Authority, tmp_path: Path
) -> None:
    mine = authority.issue("client")[2]
    async with start(client_ca=authority.ca) as run:
        async with RemoteClient.connected(run.url, None, trusting(authority.ca, mine)) as client:
            assert [item.name for item in await client.workflows()] == ["w"]
        async with RemoteClient.connected(run.url) as client:
            with pytest.raises(Unavailable):
                await client.workflows()
    assert trusting(None, None) is None
    for wrong in (tmp_path / "missing", authority._folder / "client.key"):
        with pytest.raises(InvalidInput, match="cannot be used"):
            trusting(wrong, None)


def test_the_problem_of_a_file_tells_no_secret(authority: Authority) -> None:
    certificate, key, _ = authority.issue("c", password=b"secret")
    with pytest.raises(SettingsInvalid) as error:
        Transport(Files(certificate, key))
    assert json.dumps(str(error.value)).count("secret") == 0
