"""Secrets are planted everywhere, a real server is driven, and everything that is written is searched.

Whatever a secret may look like is searched for: as it is, in base64, in hexadecimal digits, percent-encoded.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pyotp
import pytest
from psycopg.conninfo import conninfo_to_dict

from pilothouse.secrets.catalogue import KINDS, new_value
from pilothouse.settings import Settings
from support.collector import Collector, collecting
from support.mailbox import Mailbox
from support.searching import dump, forms


@dataclass
class Planted:
    """The secrets that were planted, and everything that was written since.

    `told` is what those see who may see the tenant's data: no secret is in it, but what is `personal`.
    """

    secrets: dict[str, bytes] = field(default_factory=dict)
    personal: dict[str, bytes] = field(default_factory=dict)
    written: dict[str, bytes] = field(default_factory=dict)
    told: dict[str, bytes] = field(default_factory=dict)

    def plant(self, name: str, length: int = 24) -> str:
        value = f"canary{secrets.token_hex(length // 2)}"
        self.secrets[name] = value.encode()
        return value

    def kept(self, name: str, value: str) -> str:
        """Take a secret that the server has made, and has told to one client once."""
        self.secrets[name] = value.encode()
        return value

    def tell(self, where: str, what: bytes) -> None:
        """Note an answer."""
        self.told[where] = self.told.get(where, b"") + what

    def found(self) -> list[str]:
        """Which secrets, and which personal words, stand where they should not."""
        places = self.secrets | self.personal
        return [
            f"{name} in {where}"
            for name, secret in places.items()
            for where, text in (self.written if name in self.personal else self.written | self.told).items()
            if any(form in text for form in forms(secret))
        ]


class Site:
    """A server process over a database, whose every word is kept."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.environment = folder, environment
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            self.port = bound.getsockname()[1]
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command("serve", "--port", str(self.port)),
                stdout=log, stderr=subprocess.STDOUT, env=environment, cwd=folder,
            )  # fmt: skip
        self.url = f"http://127.0.0.1:{self.port}"

    def command(self, *arguments: str) -> list[str]:
        executable = str(Path(sys.executable).parent / "pilothouse")
        return [executable, "--data", str(self.folder / "data"), "--app", "support.confidant:app", *arguments]

    def run(self, *arguments: str, **variables: str) -> bytes:
        done = subprocess.run(
            self.command(*arguments), env=self.environment | variables, cwd=self.folder, capture_output=True,
            timeout=60, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=1).status_code == 200:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def planted() -> Planted:
    return Planted()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as box:
        yield box


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
def site(
    new_database: Callable[..., str],
    tmp_path: Path,
    planted: Planted,
    mailbox: Mailbox,
    collector: Collector,
) -> Iterator[Site]:
    info = conninfo_to_dict(new_database())
    host = quote(str(info["host"]), safe="")

    def url(name: str) -> str:
        password = planted.plant(f"the database's password in the {name}")
        return f"postgresql://{info['user']}:{password}@/{info['dbname']}?host={host}&port={info['port']}"

    collected = planted.plant("the password of the collector")
    variables = {
        "PILOTHOUSE_DATABASE_URL": url("URL"),
        "PILOTHOUSE_DATABASE_DIRECT_URL": url("direct URL"),
        "PILOTHOUSE_DATABASE_OWNER_URL": url("owner's URL"),
        "PILOTHOUSE_REDIS_URL": f"redis://:{planted.plant('the password of Redis')}@127.0.0.1:9/0",
        "PILOTHOUSE_OTLP_ENDPOINT": collector.url.replace("://", f"://collector:{collected}@"),
        "PILOTHOUSE_LOG_LEVEL": "debug",
        "PILOTHOUSE_LOG_FORMAT": "json",
        "PILOTHOUSE_MAIL_URL": mailbox.url,
        "PILOTHOUSE_MAIL_FROM": "pilothouse@example.com",
        "PILOTHOUSE_PUBLIC_URL": "http://127.0.0.1:8000",
        "PILOTHOUSE_API_KEY": f"ph_live_{planted.plant('the API key of the command line')}",
        "PILOTHOUSE_SECRET_SMTP_PASSWORD": planted.plant("the password of the mail server"),
        "PILOTHOUSE_SECRET_PROVIDER_OPENAI": planted.plant("the key of a provider"),
        "PILOTHOUSE_SECRET_OIDC_CLIENT_SECRET": planted.plant("the client secret"),
    }
    for name in ("pepper", "vault_key", "signing_key"):
        raw = new_value(KINDS[name])
        planted.secrets[name] = raw.splitlines()[1] if raw.startswith(b"-----") else raw
        variables[f"PILOTHOUSE_SECRET_{name.upper()}"] = raw.decode()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")}
    support = str(Path(__file__).parents[1])
    made = Site(
        tmp_path,
        kept | variables | {"PYTHONPATH": support, "NO_COLOR": "1", "HTTPS_PROXY": "http://127.0.0.1:9"},
    )
    try:
        made.wait()
        yield made
    finally:
        made.stop()


def credential(site: Site) -> dict[str, str]:
    """What this machine's own programs send."""
    token = (site.folder / "data" / "secrets" / "local_token").read_text()
    return {"authorization": f"Bearer ph_local_{token}"}


def drive(site: Site, planted: Planted, known: str) -> None:
    """Ask for what works and for what does not, with secrets wherever a client could put one."""
    password = planted.plant("a password")
    token = planted.plant("a token")
    with httpx.Client(base_url=site.url, headers=credential(site), timeout=20) as client:

        def ask(method: str, path: str, **said: Any) -> httpx.Response:
            answer = client.request(method, path, **said)
            where = f"the answer to {method} {path.partition('?')[0]}"
            planted.tell(where, repr(answer.headers).encode() + answer.content)
            return answer

        sign_in = {"email": "ada@example.com", "password": password}
        strangers = (
            {"authorization": f"Bearer {token}"}, {"authorization": f"Bearer ph_live_abc_{token}"},
            {"authorization": f"Basic {token}"}, {"x-api-key": token}, {"cookie": f"session={token}"},
            {"x-request-id": "x" * 200, "x-api-key": known},
        )  # fmt: skip
        for headers in strangers:
            ask("GET", "/api/v1/runs", headers=headers)
        for path in ("/api/v1/auth/sign-in", "/api/v1/auth/token", "/api/v1/auth/reset-password"):
            ask("POST", path, json=sign_in)
            ask("POST", path, json=sign_in | {"token": token, "grant_type": "password"})
            ask("POST", path, json={"password": [password], "email": {"a": password}, "token": 3})
            ask(
                "POST",
                path,
                content=f'{{"password": "{password}", ',
                headers={"content-type": "application/json"},
            )
            ask("POST", path, content=password, headers={"content-type": "text/plain"})
        ask("GET", f"/api/v1/runs?token={token}&api_key={known}")
        ask("GET", f"/sign-in?token={token}")
        page = "the answer to GET /sign-in"  # whose form sends on what the link says, and does nothing else
        planted.told[page] = planted.told[page].replace(f'value="{token}"'.encode(), b"")
        ask(
            "POST",
            "/api/v1/users",
            json={"email": "ada@example.com", "roles": ["viewer"], "password": password},
        )
        ask("POST", "/api/v1/users", json={"email": "ada@example.com", "roles": ["viewer"]})
        ask("POST", "/api/v1/me/password", json={"current": password, "new": password})
        ask("POST", "/api/v1/runs", json={"workflow": "orders", "input": {}})
        ask("GET", "/api/v1/attestations")
        for path in ("/metrics", "/health/detail", "/health/ready", "/api/v1/openapi.json"):
            ask("GET", path)


def come(site: Site, planted: Planted, mailbox: Mailbox) -> None:
    """Somebody is invited, joins, signs in in every way and uses each credential; what is made is noted."""
    name, email = planted.plant("a person's name"), f"{planted.plant('an e-mail address')}@example.com"
    planted.personal |= {key: planted.secrets.pop(key) for key in ("a person's name", "an e-mail address")}
    password = planted.plant("a password that holds", 32)
    with httpx.Client(base_url=site.url, headers=credential(site), timeout=20) as client:
        invited = client.post("/api/v1/users", json={"email": email, "name": name, "roles": ["operator"]})
        assert invited.status_code == 201, invited.text
        planted.tell("an invitation", invited.content)
    link = planted.kept("an invitation's link", mailed(mailbox))
    with httpx.Client(base_url=site.url, timeout=20) as client:

        def ask(path: str, **said: Any) -> Any:
            answer = client.post(f"/api/v1{path}", **said)
            assert answer.status_code < 300, (path, answer.text)
            return answer.json() if answer.content else None

        ask("/auth/accept-invitation", json={"token": link, "password": password})
        pair = ask("/auth/token", json={"grant_type": "password", "email": email, "password": password})
        again = ask(
            "/auth/token", json={"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
        )
        for number, tokens in enumerate((pair, again)):
            planted.kept(f"access token {number}", tokens["access_token"].rpartition(".")[2])
            planted.kept(f"refresh token {number}", tokens["refresh_token"].rpartition("_")[2])
        bearer = {"authorization": f"Bearer {again['access_token']}"}
        enrolment = ask("/me/totp", json={"password": password}, headers=bearer)
        seed = planted.kept("the seed of an authenticator", enrolment["secret"])
        planted.secrets["the seed's bytes"] = base64.b32decode(seed)
        confirmed = ask("/me/totp/confirm", json={"code": pyotp.TOTP(seed).now()}, headers=bearer)
        planted.kept("a recovery code", confirmed["codes"][0])
        signed = ask(
            "/auth/sign-in", json={"email": email, "password": password, "totp": confirmed["codes"][1]}
        )
        planted.kept("the token against forged requests", signed["csrf_token"])
        cookie = next(cookie.value or "" for cookie in client.cookies.jar if "session" in cookie.name)
        planted.kept("a session's cookie", cookie)
        for path in ("/me", "/auth/sessions"):
            planted.tell("oneself", client.get(f"/api/v1{path}").raise_for_status().content)
        client.cookies.clear()
        planted.tell("oneself", client.get("/api/v1/me", headers=bearer).raise_for_status().content)
        ask("/auth/recovery", json={"email": email})
    planted.kept("a recovery's link", mailed(mailbox, 2))


def mailed(mailbox: Mailbox, number: int = 1) -> str:
    """The token of the link in a mail that comes soon."""
    deadline = time.monotonic() + 10
    while len(mailbox.messages) < number:
        assert time.monotonic() < deadline, "no mail has come"
        time.sleep(0.02)
    found = re.search(r"#(\S+)", mailbox.messages[number - 1].get_content())
    assert found is not None
    return found[1]


def confide(site: Site, planted: Planted) -> None:
    """A run of a workflow whose words are personal, seen in every way in which runs are seen."""
    words = planted.plant("what somebody has confided", 40)
    planted.personal["what somebody has confided"] = planted.secrets.pop("what somebody has confided")
    with httpx.Client(base_url=site.url, headers=credential(site), timeout=20) as client:
        run = client.post("/api/v1/runs", json={"workflow": "confides", "input": words})
        assert run.status_code == 201, run.text
        path, deadline = f"/api/v1/runs/{run.json()['id']}", time.monotonic() + 20
        while client.get(path).json()["status"] != "failed":
            assert time.monotonic() < deadline, client.get(path).text
            time.sleep(0.05)
        planted.tell("a list of runs", client.get("/api/v1/runs").content)
        for part in ("", "/journal", "/cards", "/trace", "/events"):
            with client.stream("GET", f"{path}{part}") as answer:
                planted.tell(f"a run's {part or 'state'}", answer.read())
        assert words.encode() in planted.told["a run's /journal"], "whoever may read it finds it"


def made_key(site: Site, planted: Planted) -> str:
    """An API key that was really made; its secret is told in that one answer."""
    with httpx.Client(base_url=site.url, headers=credential(site), timeout=20) as client:
        answer = client.post("/api/v1/keys", json={"name": "import", "roles": ["viewer"]})
    assert answer.status_code == 201, answer.text
    found = [value for value in answer.json().values() if isinstance(value, str) and value.startswith("ph_")]
    assert len(found) == 1, "the key is told once"
    planted.secrets["an API key that was made"] = found[0].rpartition("_")[2].encode()
    return found[0]


def exported(path: Path) -> Iterator[bytes]:
    """Every file of an archive."""
    with tarfile.open(path) as archive:
        for member in archive:
            if (file := archive.extractfile(member)) is not None:
                yield file.read()


def test_no_secret_is_in_anything_that_is_written(
    site: Site, planted: Planted, mailbox: Mailbox, collector: Collector
) -> None:
    planted.written["init"] = site.run("secrets", "init")
    planted.secrets["the token of this machine"] = (site.folder / "data/secrets/local_token").read_bytes()
    key = made_key(site, planted)
    come(site, planted, mailbox)
    confide(site, planted)
    drive(site, planted, key)
    commands: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
        "doctor": (("--server", site.url, "doctor", "--production", "--json"), {}),
        "a refused command": (("--verbose", "secrets", "rotate", "pepper"), {}),
        "a run": (("--verbose", "run", "orders", "--yes", "--no-save"), {}),
        "wrong settings": (("doctor",), {"PILOTHOUSE_PORT": "many", "PILOTHOUSE_BACKUP_TO": "s3://x@y"}),
        "a mail that is not sent": (
            ("people", "invite", "eve@example.com"), {"PILOTHOUSE_MAIL_URL": "smtp://sender@127.0.0.1:9"}
        ),
    }  # fmt: skip
    with ThreadPoolExecutor(3) as pool:  # what they wait for is mostly their own start
        jobs = {name: pool.submit(site.run, *said, **more) for name, (said, more) in commands.items()}
        planted.written |= {name: job.result() for name, job in jobs.items()}
    environment = site.environment
    planted.written["database"] = dump(environment["PILOTHOUSE_DATABASE_URL"])
    site.run("tenants", "export", "default", "--to", str(site.folder / "default.tar"))
    site.stop()
    planted.told["an export"] = b"".join(exported(site.folder / "default.tar"))
    planted.written["spans"] = b"".join(request.SerializeToString() for request in collector.requests)
    planted.written["log"] = site.log.read_bytes()
    for path in sorted((site.folder / "data").rglob("*")):
        if path.is_file() and "secrets" not in path.parts:
            planted.written[f"file {path.name}"] = path.read_bytes()
    assert planted.found() == [], "\n".join(planted.found())
    assert len(planted.secrets) >= 26
    lines = [json.loads(line) for line in planted.written["log"].splitlines() if line.startswith(b"{")]
    assert len(lines) > 20, "the log was looked at"
    assert b"secret pepper" in planted.written["doctor"]
    assert b"import" in planted.written["database"]
    assert b"confides" in planted.written["spans"]
    for name, words in planted.personal.items():
        assert words in planted.told["an export"], f"{name} is exported"


def test_the_search_finds_a_secret_however_it_is_written() -> None:
    planted = Planted()
    value = planted.plant("one").encode()
    for text in (
        value, value.hex().encode(), quote(value).encode(), base64.b64encode(b"a longer text" + value + b"!"),
        base64.urlsafe_b64encode(b"x" + value),
    ):  # fmt: skip
        planted.written = {"a text": b"before " + text + b" after"}
        assert planted.found() == ["one in a text"]
    planted.written = {"a text": b"nothing"}
    assert planted.found() == []


def test_settings_show_no_secret() -> None:
    settings = Settings(
        _env_file=None, database_url="postgresql://u:canary-one@h/d", api_key="ph_live_x_canary-two"
    )
    assert "canary-two" not in repr(settings) + str(settings)
    assert "canary-one" not in repr(settings) + str(settings)
