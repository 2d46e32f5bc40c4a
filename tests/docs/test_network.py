"""The guide to a network works as printed: its SQL, settings, services and commands, in their order.

Paths, the port and the database's address are those of the test; so are the names of logins, which belong to
the whole server. Where the guide has people act elsewhere (certificates, a provider) the test does it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from pilothouse.settings import Settings
from support.certificates import Authority
from support.issuer import Issuer
from support.printed import BLOCK, DOCS, free_port, sessions

GUIDE = (DOCS / "guides" / "network.md").read_text()
HOME, PUBLIC = "/var/lib/pilothouse", "https://pilothouse.example"
BEFORE = re.compile(r"@db\.example/pilothouse\?sslmode=verify-full&sslrootcert=/etc/ssl/db-ca\.pem")
BIN = Path(sys.executable).parent


class Machine:
    """The machine of the guide: a folder, a database of its own and what runs on it."""

    def __init__(self, folder: Path, conninfo: str) -> None:
        self.folder, self.port = folder, free_port()
        said = conninfo_to_dict(conninfo)
        self.database = said["dbname"]
        self._at = f"@/{self.database}?host={quote(said['host'], safe='')}&port={said.get('port', 5432)}"
        self.config = folder / "pilothouse.toml"
        self.config.write_text("")
        self.running: list[subprocess.Popen[bytes]] = []
        self.owner, self.server = f"pilothouse_owner_{os.getpid()}", f"pilothouse_server_{os.getpid()}"

    def adapted(self, text: str) -> str:
        """What the guide prints, as it is here."""
        text = BEFORE.sub(lambda _: self._at, text)
        for printed, own in {
            "pilothouse_owner": self.owner,
            "pilothouse_server": self.server,
            "create database pilothouse ": f"create database {self.database} ",
            HOME: str(self.folder),
            "/mnt/backups": str(self.folder / "backups"),
            "port = 443": f"port = {self.port}",
            '"0.0.0.0"': '"127.0.0.1"',
        }.items():
            text = text.replace(printed, own)
        return text

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")}
        path = f"{BIN}:{os.environ['PATH']}"
        return kept | {"PILOTHOUSE_CONFIG": str(self.config), "PATH": path, "NO_COLOR": "1", "COLUMNS": "400"}

    def run(self, command: str) -> str:
        """Run a command as it is typed; it has to succeed."""
        done = subprocess.run(
            ["/bin/bash", "-c", self.adapted(command)],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, program: str) -> None:
        """Start what a service would."""
        arguments = program.split()
        assert arguments[0] == "/opt/pilothouse/bin/pilothouse"
        log = (self.folder / f"{arguments[1]}.log").open("wb")
        self.running.append(
            subprocess.Popen(
                [str(BIN / "pilothouse"), *arguments[1:]],
                cwd=self.folder,
                env=self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        )
        log.close()

    def configure(self, settings: str) -> None:
        """Add to the file with the settings."""
        self.config.write_text(self.config.read_text() + settings)

    def stop(self) -> list[int]:
        """Stop the services; returns their exit codes."""
        stopping, self.running = self.running, []
        for process in stopping:
            process.terminate()
        return [process.wait(30) for process in stopping]


@pytest.fixture
def machine(tmp_path: Path, new_database: Callable[..., str]) -> Iterator[Machine]:
    conninfo = new_database(None)
    made = Machine(tmp_path, conninfo)
    administrator = conninfo_to_dict(conninfo) | {"dbname": "postgres"}
    with psycopg.connect(**administrator, autocommit=True) as connection:
        connection.execute(f'drop database "{made.database}"')
        yield made
        made.stop()
        connection.execute(f'drop database if exists "{made.database}" with (force)')
        for role in (made.server, made.owner):
            connection.execute(f"drop role if exists {role}")
        connection.execute(f'create database "{made.database}"')  # which the fixture drops


def administer(machine: Machine, conninfo: dict[str, Any], sql: str) -> None:
    """What the administrator of PostgreSQL types; the two roles may be there already."""
    with psycopg.connect(**conninfo | {"dbname": "postgres"}, autocommit=True) as connection:
        for statement in machine.adapted(sql).strip().split(";\n"):
            try:
                connection.execute(statement)
            except psycopg.errors.DuplicateObject:
                assert statement.startswith(("create role pilothouse_app", "create role pilothouse_engine"))


@contextmanager
def listening(machine: Machine, context: ssl.SSLContext) -> Iterator[httpx.Client]:
    """A client of the server, once it answers."""
    with httpx.Client(
        base_url=f"https://localhost:{machine.port}", verify=context, trust_env=False
    ) as client:
        deadline = time.monotonic() + 30
        while True:
            try:
                assert client.get("/health/live").status_code == 200
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise AssertionError((machine.folder / "serve.log").read_text()) from None
                time.sleep(0.1)
        yield client


@pytest.mark.parametrize("name", ["network", "tls", "sign-in"])
def test_every_block_of_settings_can_be_used(name: str) -> None:
    text = (DOCS / "guides" / f"{name}.md").read_text()
    blocks = [content for language, _, content in BLOCK.findall(text) if language == "toml"]
    assert blocks
    for content in blocks:
        Settings(_env_file=None, **tomllib.loads(content))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer("7example")
    made.secret = "the secret of the client"
    yield made
    made.close()


PASSING = """
database login; database roles; row-level security; way to the database; hsts; tls; headers; sign-in; cors;
host names; request limits; secret vault_key; secret database_password; public address; trusted proxies;
backups
"""


@pytest.mark.long
def test_an_installation_stands_on_a_network_after_the_guides_commands(
    machine: Machine, postgres_server: Any, issuer: Issuer
) -> None:
    authority = Authority(machine.folder / "authority")
    certificate, key, _ = authority.issue("server")
    shutil.copy(certificate, machine.folder / "cert.pem")
    shutil.copy(key, machine.folder / "key.pem")
    (machine.folder / "client-secret.txt").write_text("the secret of the client")
    context = ssl.create_default_context(cafile=str(authority.ca))
    said: dict[str, str] = {}
    for language, title, content in BLOCK.findall(GUIDE):
        if language == "sql":
            administer(machine, conninfo_to_dict(postgres_server.dsn), content)
        elif title == "pilothouse.toml":
            machine.configure(machine.adapted(content))
        elif "oidc_issuer" in content:
            ours = f'outgoing_private = ["127.0.0.1/32"]\noidc_issuer = "{issuer.url}"'  # as on any LAN
            machine.configure(re.sub(r'oidc_issuer = ".*"', ours, content))
        elif language == "ini":
            program = re.search(r"^ExecStart=(.+)$", content, re.MULTILINE)[1]
            machine.start(program)
            machine.start(program.replace("serve --no-worker", "worker"))
            with listening(machine, context):
                pass
        elif language == "console":
            for command, expected in sessions(content):
                said[command] = machine.run(command)
                assert all(line in said[command] for line in expected), f"{command}\n{said[command]}"
    codes = machine.stop()
    machine.start(program)  # anew, as the guide says, so that the provider is known
    with listening(machine, context) as client:
        stands(client, key_in(said), issuer)
    lines = listed(machine, authority.ca)
    assert codes + machine.stop() == [0, 0, 0], (machine.folder / "serve.log").read_text()
    wanted = {name.strip() for name in PASSING.split(";")}
    assert {name for name in wanted if lines.get(name) != "pass"} == set(), lines
    failing = {name for name, verdict in lines.items() if verdict == "fail"}
    assert {name for name in failing if not name.startswith("attested ")} == set(), lines


def key_in(said: dict[str, str]) -> str:
    """The API key that the guide's command has printed."""
    (printed,) = (output for command, output in said.items() if command.startswith("pilothouse keys"))
    return re.search(r"ph_live_\S+", printed)[0]


def stands(client: httpx.Client, key: str, issuer: Issuer) -> None:
    """Programs, browsers and strangers meet what the guide promises."""
    host = {"host": "pilothouse.example"}
    assert client.get("/api/v1/runs", headers=host).status_code == 401
    assert client.get("/api/v1/runs", headers=host | {"authorization": f"Bearer {key}"}).status_code == 200
    assert client.get("/api/v1/runs", headers={"host": "stranger.example"}).status_code == 421
    page = client.get("/sign-in", headers=host).text
    place = re.search(r'href="(/sign-in/identity[^"]*)">Sign in with your organisation', page)[1]
    sent = client.get(unescape(place), headers=host)
    assert sent.status_code in {302, 303}, sent.text
    assert sent.headers["location"].startswith(issuer.url)
    assert quote(f"{PUBLIC}/sign-in/identity/callback", safe="") in sent.headers["location"]


def listed(machine: Machine, ca: Path) -> dict[str, str]:
    """The verdicts of the list for production, by line."""
    machine.run("pilothouse backup")
    said = machine.run(
        f"pilothouse --server https://localhost:{machine.port} doctor --production --json --ca {ca} || true"
    )
    return {line["name"]: line["verdict"] for line in json.loads(said)}
