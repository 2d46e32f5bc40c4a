"""The vault: what it seals, when it stops opening, and what turning keys over leaves as it is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse.errors import Conflict, DatabaseUnavailable
from pilothouse.kit.sealing import Erased, Place, Unreadable
from pilothouse.secrets.providers.files import Files
from pilothouse.vault.service import LARGE, OVERHEAD, Vault, version_of
from support.kept import vault_over
from support.waiting import rows

PLACE = Place("acme", "people", "17", "name")
FIELDS = st.text(max_size=4)
PLACES = st.builds(Place, st.sampled_from(["acme", "beta"]), FIELDS, FIELDS, FIELDS)
SHARED = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def other(conninfo: str, tmp_path: Path) -> AsyncIterator[Vault]:
    """The vault of another process."""
    made = vault_over(conninfo, tmp_path / "secrets")
    yield made
    await made.close()


@SHARED
@given(place=PLACES, elsewhere=PLACES, value=st.binary(max_size=100), data=st.data())
async def test_a_value_opens_at_its_place_alone_and_no_bit_can_be_changed(
    vault: Vault, place: Place, elsewhere: Place, value: bytes, data: st.DataObject
) -> None:
    sealed = await vault.seal(place, value)
    assert len(sealed) == len(value) + OVERHEAD
    assert await vault.open(place, sealed) == value
    if elsewhere != place:
        with pytest.raises(Unreadable):
            await vault.open(elsewhere, sealed)
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    changed = bytearray(sealed)
    changed[at // 8] ^= 1 << at % 8
    with pytest.raises(Unreadable):
        await vault.open(place, bytes(changed))


async def test_large_values_are_sealed_too(vault: Vault) -> None:
    value = bytes(LARGE) + b"end"
    assert await vault.open(PLACE, await vault.seal(PLACE, value)) == value


async def test_the_message_for_a_wrong_place_names_it_and_not_the_value(vault: Vault) -> None:
    sealed = await vault.seal(PLACE, b"Ada Lovelace")
    with pytest.raises(Unreadable, match=r"A value of people\.email was changed") as refused:
        await vault.open(Place("acme", "people", "17", "email"), sealed)
    assert "Ada" not in str(refused.value)
    with pytest.raises(Unreadable, match="is none"):
        await vault.open(PLACE, b"Ada Lovelace")


async def test_processes_that_seal_first_at_the_same_moment_have_the_same_keys(
    conninfo: str, tmp_path: Path
) -> None:
    vaults = [vault_over(conninfo, tmp_path / "secrets") for _ in range(4)]
    sealed = await asyncio.gather(*(vault.seal(PLACE, b"value") for vault in vaults))
    opened = await asyncio.gather(
        *(vault.open(PLACE, value) for vault, value in zip(vaults, reversed(sealed), strict=True))
    )
    assert opened == [b"value"] * 4
    assert rows(conninfo, "select count(*) from vault_keys") == [(2,)]
    for vault in vaults:
        await vault.close()


async def test_no_key_and_no_value_is_in_the_database(conninfo: str, vault: Vault) -> None:
    await vault.seal(PLACE, b"value")
    ring = await vault.keyring.of("acme")
    stored = b"".join(row[0] for row in rows(conninfo, "select wrapped from vault_keys"))
    keys = [key for key in ring.keys.values() if key is not None]
    assert len(keys) == 2
    assert not any(key in stored for key in keys)
    assert not any(repr(key) in repr(ring) or key.hex() in repr(ring) for key in keys)


async def test_an_index_is_the_same_for_equal_values_of_one_purpose_and_stays_so(
    vault: Vault, other: Vault
) -> None:
    found = await vault.index("acme", "email", "ada@example.org")
    assert len(found) == 32
    await vault.rotate("acme")
    assert await other.index("acme", "email", "ada@example.org") == found
    others = [
        await vault.index("beta", "email", "ada@example.org"),
        await vault.index("acme", "phone", "ada@example.org"),
        await vault.index("acme", "email", "bob@example.org"),
    ]
    assert len({found, *others}) == 4


async def test_after_a_rotation_everybody_opens_the_old_and_seals_with_the_new(
    vault: Vault, other: Vault
) -> None:
    old = await other.seal(PLACE, b"old")
    assert await vault.rotate("acme") == 2
    new = await vault.seal(PLACE, b"new")
    assert (version_of(old), version_of(new)) == (1, 2)
    assert await other.open(PLACE, new) == b"new"  # though it knows of no second key yet
    assert await other.open(PLACE, old) == await vault.open(PLACE, old) == b"old"
    assert version_of(await other.seal(PLACE, b"newer")) == 2


async def test_rotations_at_the_same_moment_make_a_key_each(vault: Vault, other: Vault) -> None:
    await vault.seal(PLACE, b"value")
    assert sorted(await asyncio.gather(vault.rotate("acme"), other.rotate("acme"))) == [2, 3]
    (told,) = await vault.status("acme")
    assert [key.status for key in told.keys] == ["index", "retired", "retired", "active"]


async def until_erased(vault: Vault, sealed: bytes) -> float:
    """Seconds until a vault opens a value no more."""
    since = time.monotonic()
    while time.monotonic() - since < 5:
        try:
            await vault.open(PLACE, sealed)
        except Erased:
            return time.monotonic() - since
        await asyncio.sleep(0.02)
    raise AssertionError("it is opened still")


async def test_destroyed_keys_open_nothing_in_any_process_within_a_second(
    conninfo: str, vault: Vault, other: Vault
) -> None:
    sealed = await other.seal(PLACE, b"value")
    kept = await other.seal(Place("beta", "people", "1", "name"), b"theirs")
    assert await vault.destroy("acme") == 2
    with pytest.raises(Erased, match="acme were destroyed"):
        await vault.open(PLACE, sealed)
    assert await until_erased(other, sealed) < 1.0
    for refused in (other.seal(PLACE, b""), other.index("acme", "email", ""), other.rotate("acme")):
        with pytest.raises(Erased):
            await refused
    assert await other.open(Place("beta", "people", "1", "name"), kept) == b"theirs"
    assert rows(
        conninfo, "select count(*) from vault_keys where tenant_id = 'acme' and wrapped is not null"
    ) == [(0,)]
    assert await vault.destroy("acme") == 0
    assert (await vault.status("acme"))[0].destroyed


async def test_a_tenant_that_never_sealed_anything_gets_no_key_after_its_end(vault: Vault) -> None:
    assert await vault.destroy("acme") == 0
    with pytest.raises(Erased):
        await vault.seal(PLACE, b"value")
    with pytest.raises(Erased):
        await vault.open(PLACE, bytes((1, 0, 0, 0, 9)) + bytes(40))


async def test_a_key_that_never_was_is_no_erased_one(vault: Vault) -> None:
    sealed = await vault.seal(PLACE, b"value")
    with pytest.raises(Unreadable, match="key 9 of tenant acme, which never was"):
        await vault.open(PLACE, sealed[:1] + (9).to_bytes(4, "big") + sealed[5:])


async def test_only_a_tenant_with_keys_can_have_them_turned_over(vault: Vault) -> None:
    with pytest.raises(Conflict, match="nothing was sealed"):
        await vault.rotate("acme")


async def test_within_a_second_the_database_is_asked_once_however_many_values_there_are(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    maintenance: Callable[[], object] = vault.database.maintenance

    def counted() -> object:
        asked.append(None)
        return maintenance()

    sealed = await vault.seal(PLACE, b"value")
    monkeypatch.setattr(vault.database, "maintenance", counted)
    vault.keyring.forget("acme")
    await asyncio.gather(*(vault.open(PLACE, sealed) for _ in range(50)))
    for _ in range(50):
        await vault.seal(PLACE, b"value")
    assert len(asked) <= 2


async def test_where_the_database_is_away_nothing_is_opened_on_old_knowledge(tmp_path: Path) -> None:
    nowhere = vault_over("host=/nowhere dbname=x", tmp_path / "secrets")
    with pytest.raises(DatabaseUnavailable):
        await nowhere.seal(PLACE, b"value")
    await nowhere.close()


async def test_a_new_master_key_wraps_all_keys_and_processes_work_on(
    conninfo: str, tmp_path: Path, vault: Vault, other: Vault
) -> None:
    values = {Place(f"t{n}", "people", "1", "name"): b"%d" % n for n in range(25)}
    sealed = {place: await other.seal(place, value) for place, value in values.items()}
    await Files(tmp_path / "secrets").add("vault_key", b"11" * 32)
    fresh = vault_over(conninfo, tmp_path / "secrets")
    old = set(await fresh.wrappings())
    assert (await fresh.rewrap()).model_dump() == {"keys": 50, "left": {}}
    assert old.isdisjoint(await fresh.wrappings())
    assert (await fresh.rewrap()).keys == 0
    for place, value in values.items():
        assert await fresh.open(place, sealed[place]) == value
        assert await other.open(place, sealed[place]) == value
        assert await vault.open(place, sealed[place]) == value  # which has never heard of the new version
    await fresh.close()
