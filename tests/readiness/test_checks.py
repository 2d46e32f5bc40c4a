"""The list for production, against a real server, a real database and real faults in them."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pilothouse import App
from pilothouse.errors import Conflict
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.readiness import operations
from pilothouse.readiness.addresses import address_lines
from pilothouse.readiness.database import _login, _roles, _server, _way, database_lines
from pilothouse.readiness.installation import Installation
from pilothouse.readiness.operations import (
    backup_lines,
    debug_lines,
    disk_lines,
    governing_lines,
    telemetry_lines,
)
from pilothouse.readiness.registry import Check, checks_of, is_ready, looked_at
from pilothouse.readiness.repository import Login, Server
from pilothouse.readiness.schemas import Line, Verdict, passed
from pilothouse.readiness.transport import transport_lines
from pilothouse.readiness.versions import COMMAND, audited
from pilothouse.settings import Settings
from support.advisories import advisories
from support.filling import filled

PASS, WARN, FAIL = Verdict.PASS, Verdict.WARN, Verdict.FAIL


@pytest.fixture
async def look_at(conninfo: str, tmp_path: Path) -> AsyncIterator[Callable[..., Installation]]:
    """An installation over `conninfo`; the API is asked at `server`."""
    database = Database(conninfo, connections=2)

    def make(server: str = "http://127.0.0.1:9", ca: Path | None = None, **said: Any) -> Installation:
        settings = Settings(_env_file=None, **said)
        return Installation(settings, settings, tmp_path, conninfo, database, SystemClock(), server, ca)

    yield make
    await database.close()


async def found(lines: AsyncIterator[Line]) -> dict[str, Verdict]:
    return {line.name: line.verdict async for line in lines}


async def test_the_database_is_looked_at_itself(look_at: Callable[..., Installation], conninfo: str) -> None:
    lines = await found(database_lines(look_at()))
    assert lines["database roles"] is PASS
    assert lines["row-level security"] is PASS
    assert lines["run limits"] is WARN
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into limits (scope, tenant_id, workflow, rate) values ('each_tenant', '', '*', 5)"
        )
        connection.execute("alter table runs disable row level security")
        connection.execute("create table careless (id int, tenant_id text)")
        connection.execute("grant select on careless to pilothouse_app")
        try:
            told = {line.name: line async for line in database_lines(look_at())}
        finally:
            connection.execute("drop table careless")
            connection.execute("alter table runs enable row level security")
    assert told["row-level security"].verdict is FAIL
    assert "careless, runs" in told["row-level security"].found
    assert told["run limits"].verdict is PASS


async def test_a_rule_that_lets_a_stranger_see_rows_is_found_by_looking(
    look_at: Callable[..., Installation], conninfo: str
) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into engagements (id, tenant_id, name) values (gen_random_uuid(), 'default', 'x')"
        )
        told = {line.name: line async for line in database_lines(look_at())}
        assert told["row-level security"].verdict is PASS
        connection.execute("create policy generous on engagements to pilothouse_app using (tenant_id <> '')")
        try:
            told = {line.name: line async for line in database_lines(look_at())}
        finally:
            connection.execute("drop policy generous on engagements")
    assert (told["row-level security"].verdict, "engagements" in told["row-level security"].found) == (
        FAIL,
        True,
    )


def test_a_login_with_too_many_rights_fails_unless_the_server_is_embedded() -> None:
    strong, bound = Login("x", True, False, True, True), Login("x", False, False, True, True)
    assert [_login(strong, embedded=False).verdict, _login(strong, embedded=True).verdict] == [FAIL, WARN]
    assert _login(bound, embedded=False).verdict is PASS
    assert _login(Login("x", False, True, True, True), embedded=False).todo.startswith("alter role x")
    assert _roles({"pilothouse_app": False, "pilothouse_engine": False}).verdict is PASS
    assert _roles({"pilothouse_app": True, "pilothouse_engine": False}).verdict is FAIL
    assert _roles({"pilothouse_app": False}).verdict is FAIL
    assert _roles({"pilothouse_app": False, "pilothouse_engine": False}, ["pilothouse_app"]).verdict is FAIL


def test_a_login_that_owns_the_tables_or_may_become_their_owner_fails() -> None:
    served = Login("server", False, False, True, True, owner="owner")
    assert _login(served, embedded=False).verdict is PASS
    for strong in (served._replace(owns=31, owner="server"), served._replace(becomes_owner=True)):
        line = _login(strong, embedded=False)
        assert (line.verdict, "PILOTHOUSE_DATABASE_OWNER_URL" in line.todo) == (FAIL, True)
        assert _login(strong, embedded=True).verdict is WARN


def test_an_old_or_careless_server_fails() -> None:
    good = Server(16, 100, "scram-sha-256", True, True)
    assert _server(good, embedded=False).verdict is PASS
    assert _server(good, embedded=True).verdict is WARN
    assert _server(good._replace(version=14), embedded=False).verdict is FAIL
    assert _server(good._replace(fsync=False), embedded=False).verdict is FAIL


@pytest.mark.parametrize(
    ("direct", "over_network", "encrypted", "verdict"),
    [
        ("host=/tmp", False, False, PASS),
        ("host=127.0.0.1", True, False, PASS),
        ("host=db.example", True, False, FAIL),
        ("host=db.example sslmode=require", True, True, WARN),
        ("host=db.example sslmode=verify-full", True, True, PASS),
    ],
)
def test_the_way_to_the_database_is_encrypted_and_checked(
    look_at: Callable[..., Installation],
    direct: str,
    verdict: Verdict,
    *,
    over_network: bool,
    encrypted: bool,
) -> None:
    from dataclasses import replace

    login = Login("x", False, False, over_network, encrypted)
    assert _way(login, replace(look_at(), direct=direct)).verdict is verdict


async def test_a_backup_is_there_whole_and_young(look_at: Callable[..., Installation], conninfo: str) -> None:
    assert await found(backup_lines(look_at())) == {"backups": FAIL}
    assert await found(backup_lines(look_at(backup_to="/x"))) == {"backups": FAIL}
    row = (
        "insert into backups (id, kind, place, outcome, started_at) values (%s, 'dump', '/x', %s, now() - %s)"
    )
    with psycopg.connect(conninfo) as connection:
        connection.execute(row, ("old", "complete", dt.timedelta(days=3)))
        connection.execute(row, ("broken", "failed", dt.timedelta(hours=1)))
    assert await found(backup_lines(look_at(backup_to="/x"))) == {"backups": FAIL}
    with psycopg.connect(conninfo) as connection:
        connection.execute(row, ("new", "complete", dt.timedelta(hours=3)))
    assert await found(backup_lines(look_at(backup_to="/x"))) == {"backups": PASS}


async def test_what_governs_is_looked_at(look_at: Callable[..., Installation], conninfo: str) -> None:
    names = ("budgets", "kill switch", "audit log")
    assert await found(governing_lines(look_at())) == dict(zip(names, (WARN, PASS, PASS), strict=True))
    with psycopg.connect(conninfo) as connection:
        filled(connection, "budgets", "default")
        filled(connection, "kills", "default")
        filled(connection, "audit_inbox", "default")  # of long ago
    assert await found(governing_lines(look_at())) == dict(zip(names, (PASS, WARN, FAIL), strict=True))


async def test_what_helps_to_develop_is_off(
    look_at: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await found(debug_lines(look_at())) == {"debugging": PASS}
    assert (await found(debug_lines(look_at(log_level="debug"))))["debugging"] is FAIL
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")
    assert (await found(debug_lines(look_at())))["debugging"] is FAIL
    monkeypatch.delenv("PYTHONASYNCIODEBUG")
    told = [line async for line in debug_lines(look_at(database_url="postgresql://u:canary@h/d"))]
    assert [(line.name, line.verdict) for line in told] == [("debugging", PASS), ("database password", WARN)]
    assert "canary" not in repr(told)


async def test_telemetry_and_room_are_looked_at(
    look_at: Callable[..., Installation], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await found(telemetry_lines(look_at())))["telemetry"] is WARN
    lines = await found(telemetry_lines(look_at(otlp_endpoint="http://c", log_format="readable")))
    assert (lines["telemetry"], lines["log lines"]) == (PASS, WARN)
    assert await found(disk_lines(look_at())) == {"disk": PASS}
    monkeypatch.setattr(operations, "FREE_BYTES", 1 << 62)
    assert await found(disk_lines(look_at())) == {"disk": FAIL}


TLS = {"tls_cert": Path("c.pem"), "tls_key": Path("k.pem")}
NAMED = {"public_url": "https://pilothouse.example"}


@pytest.mark.parametrize(
    ("said", "address", "proxies"),
    [
        ({}, WARN, PASS),
        ({"host": "192.0.2.1", **TLS}, FAIL, PASS),
        ({"host": "192.0.2.1", **TLS, **NAMED}, PASS, PASS),
        ({"public_url": "http://pilothouse.example", **TLS}, FAIL, PASS),
        (NAMED, PASS, FAIL),
        ({"trusted_proxies": ("127.0.0.1/32",)}, FAIL, PASS),
        ({"trusted_proxies": ("127.0.0.1/32",), **NAMED}, PASS, PASS),
        ({"trusted_proxies": ("10.0.0.0/8", "::/0"), **NAMED}, PASS, FAIL),
        ({"trusted_proxies": ("0.0.0.0/1",), **NAMED}, PASS, FAIL),
    ],
)
async def test_the_address_of_people_and_the_proxies_are_looked_at(
    look_at: Callable[..., Installation], said: dict[str, Any], address: Verdict, proxies: Verdict
) -> None:
    lines = await found(address_lines(look_at(**said)))
    assert lines == {"public address": address, "trusted proxies": proxies}


async def test_a_server_that_does_not_answer_fails(look_at: Callable[..., Installation]) -> None:
    [line] = [line async for line in transport_lines(look_at())]
    assert (line.name, line.verdict) == ("running server", FAIL)


async def test_our_own_server_is_asked_as_a_stranger_would(
    look_at: Callable[..., Installation],
    open_server: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
) -> None:
    client = await open_server(sample_app)
    lines = await found(transport_lines(look_at(str(client.base_url).rstrip("/"))))
    assert (lines["running server"], lines["cors"], lines["tls"]) == (PASS, PASS, WARN)
    assert lines["host names"] is PASS


class Site(BaseHTTPRequestHandler):
    """A server that answers each request with the status and the headers that a test says."""

    status = 401
    said: dict[str, str] = {}  # noqa: RUF012 - a test sets it

    def do_GET(self) -> None:
        self.send_response_only(self.status)
        for name, value in self.said.items():
            self.send_header(name, value)
        self.send_header("content-length", "0")
        self.end_headers()

    do_OPTIONS = do_GET  # noqa: N815 - the base class names it

    def log_message(self, *_: object) -> None:
        """Say nothing."""


GOOD = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "x-api-version": "1",
    "cache-control": "no-store",
    "ratelimit-policy": '"user";q=100;w=60',
    "strict-transport-security": "max-age=31536000",
}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Site]]]:
    kind = type("Mine", (Site,), {"said": dict(GOOD)})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", kind
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "headers", "name", "verdict"),
    [
        (401, {}, "sign-in", PASS),
        (200, {}, "sign-in", FAIL),
        (401, {}, "headers", PASS),
        (401, {"content-security-policy": "default-src *"}, "headers", FAIL),
        (401, {"x-content-type-options": ""}, "headers", FAIL),
        (401, {"server": "proxy/1.0"}, "headers", WARN),
        (401, {}, "cors", PASS),
        (401, {"access-control-allow-origin": "*"}, "cors", FAIL),
        (401, {"access-control-allow-origin": "https://stranger.example"}, "cors", FAIL),
        (200, {}, "host names", WARN),
        (401, {}, "request limits", PASS),
    ],
)
async def test_each_fault_of_an_answer_is_found(
    look_at: Callable[..., Installation],
    site: tuple[str, type[Site]],
    status: int,
    headers: dict[str, str],
    name: str,
    verdict: Verdict,
) -> None:
    url, kind = site
    kind.status = status
    kind.said.update(headers)
    assert (await found(transport_lines(look_at(url))))[name] is verdict


async def test_limits_that_answers_do_not_tell_of_fail(
    look_at: Callable[..., Installation], site: tuple[str, type[Site]]
) -> None:
    url, kind = site
    del kind.said["ratelimit-policy"]
    assert (await found(transport_lines(look_at(url))))["request limits"] is FAIL


@pytest.mark.parametrize(
    ("said", "name", "verdict"),
    [
        ({"limit_user": 0}, "request limits", FAIL),
        ({"redis_url": "redis://h", "limits_without_redis": "open"}, "request limits", WARN),
        ({"redis_url": "redis://h"}, "request limits", PASS),
        ({"cors_origins": ("http://console.example",)}, "cors", WARN),
        ({"cors_origins": ("https://console.example",)}, "cors", PASS),
    ],
)
async def test_settings_that_open_more_than_they_should_are_told(
    look_at: Callable[..., Installation],
    site: tuple[str, type[Site]],
    said: dict[str, Any],
    name: str,
    verdict: Verdict,
) -> None:
    assert (await found(transport_lines(look_at(site[0], **said))))[name] is verdict


def certificate(folder: Path, days: int) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert, private


@pytest.mark.parametrize(
    ("days", "least", "verdicts"),
    [
        (90, ssl.TLSVersion.TLSv1_3, {"hsts": PASS, "certificate": PASS, "tls": PASS}),
        (10, ssl.TLSVersion.TLSv1_2, {"hsts": FAIL, "certificate": WARN, "tls": WARN}),
    ],
)
async def test_tls_is_looked_at_from_outside(
    look_at: Callable[..., Installation],
    tmp_path: Path,
    days: int,
    least: ssl.TLSVersion,
    verdicts: dict[str, Verdict],
) -> None:
    cert, key = certificate(tmp_path, days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    context.minimum_version = least
    said = dict(GOOD)
    if days < 21:
        del said["strict-transport-security"]
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Mine", (Site,), {"said": said}))
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # refused handshakes are what is tested
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        lines = await found(transport_lines(look_at(f"https://localhost:{server.server_port}", cert)))
        untrusted = await found(transport_lines(look_at(f"https://localhost:{server.server_port}")))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert {name: lines[name] for name in verdicts} == verdicts
    assert untrusted == {"running server": FAIL}


async def audit(script: str, patience: float = 20.0) -> Line:
    return await audited([sys.executable, "-c", script], patience)


async def test_what_pip_audit_finds_is_told() -> None:
    clean = 'print(\'{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}\')'
    holed = 'print(\'{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "X"}]}]}\')'
    assert (await audit(clean)).verdict is PASS
    line = await audit(holed)
    assert (line.verdict, line.found) == (FAIL, "There are some for a 1.")


async def test_pip_audit_itself_is_understood(tmp_path: Path) -> None:
    (tmp_path / "locked.txt").write_text("anyio==4.9.0\nidna==3.10\n")
    with advisories({"idna"}) as database:
        of = [
            "-s",
            "osv",
            "--osv-url",
            database.url,
            "-r",
            str(tmp_path / "locked.txt"),
            "--no-deps",
            "--disable-pip",
        ]
        line = await audited([*COMMAND, *of], 30)
    assert (line.verdict, line.found) == (FAIL, "There are some for idna 3.10.")
    assert database.asked == {("anyio", "4.9.0"), ("idna", "3.10")}


async def test_advisories_that_cannot_be_reached_are_a_warning() -> None:
    nothing = 'print(\'{"dependencies": [{"name": "own", "skip_reason": "unknown"}]}\')'
    for script in ("raise SystemExit(1)", "print('[]')", "print('{}')", nothing):
        assert (await audit(script)).verdict is WARN
    assert (await audit("import time; time.sleep(60)", 0.1)).verdict is WARN


async def test_one_check_that_breaks_stops_no_other(look_at: Callable[..., Installation]) -> None:
    async def refuses() -> AsyncIterator[Line]:
        raise Conflict("It is in the way.", hint="Move it.")
        yield  # pragma: no cover

    async def breaks() -> AsyncIterator[Line]:
        raise RuntimeError("canary")
        yield  # pragma: no cover

    async def works() -> AsyncIterator[Line]:
        yield passed("works", "It does.")

    lines = await looked_at([Check("refuses", refuses), Check("breaks", breaks), Check("works", works)])
    assert [(line.name, line.verdict) for line in lines] == [
        ("refuses", FAIL),
        ("breaks", FAIL),
        ("works", PASS),
    ]
    assert (lines[0].found, lines[0].todo) == ("It is in the way.", "Move it.")
    assert "canary" not in repr(lines)
    assert is_ready(lines[2:])
    assert not is_ready(lines)
    names = [check.name for check in checks_of(look_at())]
    assert len(names) == len(set(names)) == 10


def test_the_port_that_nobody_listens_at_is_free() -> None:
    with socket.socket() as tried:
        assert tried.connect_ex(("127.0.0.1", 9)) != 0
