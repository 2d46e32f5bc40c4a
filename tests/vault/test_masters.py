"""Master keys: a secret of the installation, or a key in (a stand-in of) AWS KMS."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import boto3
import pytest
from moto.server import ThreadedMotoServer

from pilothouse.kit.secret import Secret
from pilothouse.resilience import Registry
from pilothouse.vault.masters import KmsMaster, LocalMaster, Master, MasterMissing, Masters, MasterUnavailable

KEY = bytes(range(32))


class Kept:
    """Versions of a secret, of which the newest are not known before it is read anew."""

    def __init__(self, *names: str) -> None:
        self.secrets = [Secret("vault_key", name, name.encode() * 32) for name in names]
        self.fresh: list[Secret] | None = None

    async def versions(self, _name: str) -> Sequence[Secret]:
        return self.secrets

    def forget(self, _name: str) -> None:
        self.secrets = self.fresh or self.secrets


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")


@pytest.fixture
def kms_key(endpoint: str) -> str:
    made = boto3.client("kms", endpoint_url=endpoint).create_key()
    return str(made["KeyMetadata"]["KeyId"])


async def round_trip(master: Master) -> None:
    wrapped = await master.wrap(KEY, "acme", 1)
    assert KEY not in wrapped.key
    assert wrapped.wrapping == await master.current()
    assert await master.unwrap(wrapped, "acme", 1) == KEY
    for place in (("beta", 1), ("acme", 2)):
        with pytest.raises(MasterMissing):
            await master.unwrap(wrapped, *place)


async def test_a_local_key_unwraps_what_it_wrapped_for_the_same_tenant_and_version() -> None:
    await round_trip(LocalMaster(Kept("1")))


async def test_kms_unwraps_what_it_wrapped_for_the_same_tenant_and_version(
    endpoint: str, kms_key: str
) -> None:
    await round_trip(KmsMaster(kms_key, endpoint))


async def test_the_newest_version_wraps_and_every_version_unwraps() -> None:
    wrapped = await LocalMaster(Kept("1")).wrap(KEY, "acme", 1)
    both = LocalMaster(Kept("2", "1"))
    assert await both.current() == "local:2"
    assert await both.unwrap(wrapped, "acme", 1) == KEY


async def test_a_version_that_is_not_known_yet_is_looked_for() -> None:
    kept = Kept("1")
    kept.fresh = Kept("2", "1").secrets
    wrapped = await LocalMaster(Kept("2")).wrap(KEY, "acme", 1)
    assert await LocalMaster(kept, kept.forget).unwrap(wrapped, "acme", 1) == KEY


async def test_a_version_that_is_gone_or_another_one_is_said_to_be_missing() -> None:
    wrapped = await LocalMaster(Kept("1")).wrap(KEY, "acme", 1)
    with pytest.raises(MasterMissing, match="version 1 of the secret vault_key, which is not here"):
        await LocalMaster(Kept("2")).unwrap(wrapped, "acme", 1)
    other = Kept("1")
    other.secrets = [Secret("vault_key", "1", b"other" * 8)]
    with pytest.raises(MasterMissing, match="is not the one that wrapped"):
        await LocalMaster(other).unwrap(wrapped, "acme", 1)


async def test_an_installation_can_move_to_kms_and_back(endpoint: str, kms_key: str) -> None:
    local = LocalMaster(Kept("1"))
    asked = partial(KmsMaster, endpoint=endpoint)
    before = Masters(local, asked=asked)
    with_kms = Masters(local, kms_key, asked=asked)
    wrapped = await before.wrap(KEY, "acme", 1)
    assert await with_kms.unwrap(wrapped, "acme", 1) == KEY
    moved = await with_kms.wrap(KEY, "acme", 1)
    assert moved.wrapping == await with_kms.current() == f"kms:{kms_key}"
    assert await with_kms.unwrap(moved, "acme", 1) == KEY
    assert await before.unwrap(moved, "acme", 1) == KEY  # though nothing names KMS any more
    assert (await before.current()) == "local:1"


async def test_a_kms_key_that_is_not_there_or_does_not_answer_is_said_so(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(MasterMissing, match="does not encrypt"):
        await KmsMaster("00000000-0000-0000-0000-000000000000", endpoint).wrap(KEY, "acme", 1)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    registry = Registry()
    nobody = KmsMaster("any", "http://127.0.0.1:1", resilience=registry)
    with pytest.raises(MasterUnavailable, match="does not answer"):
        await nobody.wrap(KEY, "acme", 1)
    assert registry.dependency("aws/kms").attempts == 3
    for _ in range(2):
        with pytest.raises(MasterUnavailable):
            await nobody.wrap(KEY, "acme", 1)
    with pytest.raises(MasterUnavailable, match="is not asked"):
        await nobody.wrap(KEY, "acme", 1)
    assert registry.dependency("aws/kms").attempts == 5
