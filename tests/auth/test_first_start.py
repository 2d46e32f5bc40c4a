"""The first start and `pilothouse sign-in` print a link; programs of this machine find their token."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from pilothouse.cli.signing_in import credential_for, sign_in
from pilothouse.errors import InvalidInput
from pilothouse.settings import Settings
from support.entrance import House, held_now
from support.waiting import rows

LINK = r"http://127\.0\.0\.1:8123/sign-in\?token=([\w-]{43})"


@pytest.fixture
async def house(conninfo: str, sample_app: Any, tmp_path: Path) -> Any:
    async with House(conninfo, tmp_path, sample_app) as made:
        yield made


async def test_a_start_shows_a_link_until_somebody_has_come(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    server, other = await house.open(), await house.open(trusted_proxies=("192.0.2.0/24",))
    far = await house.open(host="192.0.2.1", tls_cert="c.pem", tls_key="k.pem")
    capsys.readouterr()
    for elsewhere in (other, far):
        await elsewhere.serving.welcome("http://127.0.0.1:8123")
        assert capsys.readouterr().out == "", "those who come from elsewhere see no console"
    await server.serving.welcome("http://127.0.0.1:8123")
    told = capsys.readouterr()
    token = re.search(LINK, told.out)[1]
    assert token not in told.err, "it stands in no log"
    assert token not in str(rows(house.conninfo, "select * from sign_in_links"))
    browser = server.visitor()
    assert (await browser.post("/sign-in", data={"token": token})).status_code == 303
    assert (await browser.get("/api/v1/me")).json()["roles"] == ["admin"]
    await server.serving.welcome("http://127.0.0.1:8123")
    assert "sign-in?" not in capsys.readouterr().out


async def test_a_link_is_good_for_a_quarter_of_an_hour_and_once(house: House) -> None:
    clock = held_now()
    server = await house.open(clock=clock)
    for seconds, status in ((899, 303), (900, 400)):
        link = await server.auth.links.new("http://localhost")
        clock.advance(seconds)
        token = {"token": link.partition("token=")[2]}
        found = await asyncio.gather(*(server.visitor().post("/sign-in", data=token) for _ in range(4)))
        assert sorted(answer.status_code for answer in found) == sorted([status, 400, 400, 400])
    clock.advance(2 * 86_400)
    await server.auth.links.new("http://localhost")
    kept = rows(house.conninfo, "select used_at is null from sign_in_links order by created_at")
    assert kept == [(False,), (True,)], "those that nobody used are removed, and that one was used is known"


def test_the_command_prints_a_link_that_works(
    conninfo: str, sample_app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", "postgresql:///?" + urlencode(conninfo_to_dict(conninfo)))
    sign_in({"data": tmp_path}, "http://127.0.0.1:8123")
    token = re.fullmatch(LINK + r"\n", capsys.readouterr().out)[1]

    async def come() -> httpx.Response:
        async with House(conninfo, tmp_path, sample_app) as house:
            return await (await house.open()).visitor().post("/sign-in", data={"token": token})

    assert asyncio.run(come()).status_code == 303
    monkeypatch.setenv("PILOTHOUSE_PUBLIC_URL", "https://pilothouse.example.com")
    sign_in({"data": tmp_path}, None)
    assert capsys.readouterr().out.startswith("https://pilothouse.example.com/sign-in?token=")


def test_the_command_asks_for_an_address_that_it_cannot_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTHOUSE_PORT", "0")
    with pytest.raises(InvalidInput, match="port is not known"):
        sign_in({"data": tmp_path}, None)


async def test_commands_find_the_token_of_this_machine_for_loopback_only(
    house: House, tmp_path: Path
) -> None:
    settings = Settings(_env_file=None, data=tmp_path)
    assert await credential_for("http://127.0.0.1:8000", settings) is None, "no server was started here"
    server = await house.open()
    found = await credential_for("http://127.0.0.1:8000", settings)
    assert f"Bearer {found}" == server.client.headers["authorization"]
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
    for near in ("http://localhost:1", "http://[::1]:9", "https://127.8.8.8"):
        assert await credential_for(near, settings) == found
    for far in (
        "http://192.0.2.1", "https://localhost.evil.example", "http://127.0.0.1@evil.example", "http://", "x",
        "http://[::ffff:192.0.2.1]:8000",
    ):  # fmt: skip
        assert await credential_for(far, settings) is None
    keyed = Settings(_env_file=None, data=tmp_path, api_key="ph_live_a_b")
    for anywhere in ("http://127.0.0.1:8000", "https://pilothouse.example.com"):
        assert await credential_for(anywhere, keyed) == "ph_live_a_b"
