"""What the database remembers of secrets, so that machines of one installation notice a difference."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.secrets.errors import SecretMissing
from pilothouse.secrets.ledger import DatabaseLedger, SecretMismatch
from pilothouse.secrets.providers.files import Files
from pilothouse.secrets.service import Secrets


def machine(conninfo: str, folder: Path) -> Secrets:
    files = Files(folder)
    return Secrets([files], maker=files, own=files, ledger=ledger(conninfo))


def ledger(conninfo: str) -> DatabaseLedger:
    return DatabaseLedger(lambda: Database(conninfo, connections=1), SystemClock())


async def test_a_second_machine_does_not_make_what_the_first_has(conninfo: str, tmp_path: Path) -> None:
    made = await machine(conninfo, tmp_path / "one").versions("pepper")
    with pytest.raises(SecretMissing, match="this installation has one elsewhere"):
        await machine(conninfo, tmp_path / "two").versions("pepper")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "pepper").write_bytes((tmp_path / "one" / "pepper").read_bytes())
    again = await machine(conninfo, tmp_path / "two").versions("pepper")
    assert again[0].reveal() == made[0].reveal()


async def test_a_machine_with_another_secret_is_told(conninfo: str, tmp_path: Path) -> None:
    await machine(conninfo, tmp_path / "one").versions("vault_key")
    await Files(tmp_path / "two").add("vault_key", b"11" * 32)
    with pytest.raises(SecretMismatch, match="vault_key, version 1, is another one"):
        await machine(conninfo, tmp_path / "two").versions("vault_key")
    assert await ledger(conninfo).forget("vault_key") == 1
    assert (await machine(conninfo, tmp_path / "two").versions("vault_key"))[0].reveal() == b"\x11" * 32


async def test_two_machines_that_begin_at_once_agree_or_one_is_told(conninfo: str, tmp_path: Path) -> None:
    both = [machine(conninfo, tmp_path / name).versions("pepper") for name in ("one", "two")]
    found = await asyncio.gather(*both, return_exceptions=True)
    failed = [item for item in found if isinstance(item, BaseException)]
    assert len(failed) == 1
    assert isinstance(failed[0], SecretMissing | SecretMismatch)


async def test_the_token_of_a_machine_is_not_remembered(conninfo: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        await machine(conninfo, tmp_path / name).versions("local_token")
    assert await ledger(conninfo).marked("local_token") == []


async def test_neither_a_secret_nor_a_password_s_mark_is_in_the_database(
    conninfo: str, tmp_path: Path
) -> None:
    files = Files(tmp_path)
    await files.add("smtp_password", b"canary of the mail")
    secrets = machine(conninfo, tmp_path)
    [pepper], [mail] = await secrets.versions("pepper"), await secrets.versions("smtp_password")
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute("select name, mark, length(mark) from secret_marks order by 1").fetchall()
    assert [(name, size) for name, _, size in rows] == [("pepper", 32), ("smtp_password", 0)]
    assert all(mark not in {pepper.reveal(), mail.reveal()} for _, mark, _ in rows)


async def test_no_connection_stays_open(conninfo: str, tmp_path: Path) -> None:
    await machine(conninfo, tmp_path).versions("pepper")
    with psycopg.connect(conninfo) as connection:
        query = "select count(*) from pg_stat_activity where application_name = 'pilothouse-secrets'"
        assert connection.execute(query).fetchone() == (0,)


async def test_one_version_is_forgotten_alone(conninfo: str, tmp_path: Path) -> None:
    files = Files(tmp_path)
    await machine(conninfo, tmp_path).versions("pepper")
    await files.add("pepper", b"22" * 32)
    await machine(conninfo, tmp_path).versions("pepper")
    assert [item.version for item in await ledger(conninfo).marked("pepper")] == ["2", "1"]
    assert await ledger(conninfo).forget("pepper", "1") == 1
    assert [item.version for item in await ledger(conninfo).marked("pepper")] == ["2"]


async def test_the_versions_of_the_pepper_that_keys_need_are_counted(conninfo: str) -> None:
    row = """
      insert into api_keys (id, tenant_id, name, environment, roles, mac, pepper, previous_mac,
                            previous_pepper, previous_until, made_by, revoked_at)
      values (gen_random_uuid(), 'default', 'k', 'live', '{viewer}', '', %s, '', %s,
              now() + %s * interval '1 day', 'local', %s)
    """
    with psycopg.connect(conninfo) as connection:
        connection.execute("insert into tenants (id, name) values ('default', 'x') on conflict do nothing")
        connection.execute(row, ("2", "1", 1, None))
        connection.execute(row, ("2", "1", -1, None))
        connection.execute(row, ("3", "1", 1, "2030-01-01T00:00:00Z"))
    assert await ledger(conninfo).peppered() == {"2": 2, "1": 1}
