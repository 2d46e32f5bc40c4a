"""The chain of places: who is believed, for how long, and what happens when a place is away."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence
from pathlib import Path

import pytest
import structlog

from pilothouse.errors import InvalidInput
from pilothouse.kit import clock
from pilothouse.secrets import service
from pilothouse.secrets.errors import SecretInvalid, SecretMissing, SecretsUnavailable
from pilothouse.secrets.opening import open_secrets
from pilothouse.secrets.providers.environment import Environment
from pilothouse.secrets.providers.files import Files
from pilothouse.secrets.providers.port import Held
from pilothouse.secrets.service import Secrets, unavailable_of
from support.kept import secrets_in

KEY = "00112233445566778899aabbccddeeff" * 2


class Place:
    """A place whose answers a test decides."""

    where = "a place"

    def stamp(self) -> object:
        return None

    def __init__(self, **held: Sequence[str]) -> None:
        self.held = held
        self.asked = 0
        self.failure: Exception | None = None
        self.delay = 0.0

    async def read(self, name: str) -> Sequence[Held]:
        self.asked += 1
        await asyncio.sleep(self.delay)
        if self.failure is not None:
            raise self.failure
        values = self.held.get(name, ())
        return [Held(str(len(values) - i), value.encode(), "there") for i, value in enumerate(values)]

    async def names(self) -> Sequence[str]:
        return list(self.held)


class Watch:
    """Time that passes when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(service, "elapsed", lambda: self.now)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    return Watch(monkeypatch)


async def values(secrets: Secrets, name: str = "smtp_password") -> list[bytes]:
    return [secret.reveal() for secret in await secrets.versions(name)]


def test_elapsed_is_the_clock_that_is_replaced_here() -> None:
    assert service.elapsed is clock.elapsed


async def test_the_first_place_that_has_a_secret_is_believed_with_all_its_versions() -> None:
    first, second = Place(smtp_password=["b", "a"]), Place(smtp_password=["c"], oidc_client_secret=["d"])
    secrets = Secrets([first, second])
    assert await values(secrets) == [b"b", b"a"]
    assert await values(secrets, "oidc_client_secret") == [b"d"]
    assert [secret.version for secret in await secrets.versions("smtp_password")] == ["2", "1"]
    assert await secrets.provider_of("oidc_client_secret") is second
    assert await secrets.provider_of("pepper") is None


async def test_what_was_read_is_believed_for_five_minutes(watch: Watch) -> None:
    place = Place(smtp_password=["old"])
    secrets = Secrets([place])
    assert await values(secrets) == [b"old"]
    place.held = {"smtp_password": ["new"]}
    watch.now += 299
    assert await values(secrets) == [b"old"]
    assert place.asked == 1
    watch.now += 2
    assert await values(secrets) == [b"new"]


async def test_a_new_file_is_noticed_within_a_second(tmp_path: Path, watch: Watch) -> None:
    files = Files(tmp_path)
    await files.add("smtp_password", b"old")
    secrets = Secrets([files])
    assert await values(secrets) == [b"old"]
    await files.add("smtp_password", b"new")
    watch.now += 0.9
    assert await values(secrets) == [b"old"]
    watch.now += 0.2
    assert await values(secrets) == [b"new", b"old"]


async def test_those_who_ask_at_once_make_one_reading() -> None:
    place = Place(smtp_password=["x"])
    place.delay = 0.02
    secrets = Secrets([place])
    await asyncio.gather(*(values(secrets) for _ in range(50)))
    assert place.asked == 1


async def test_a_place_that_is_away_stops_nobody_who_has_read_before(watch: Watch) -> None:
    place = Place(smtp_password=["x"])
    secrets = Secrets([place])
    await values(secrets)
    place.failure = SecretsUnavailable("It does not answer.")
    watch.now += 301
    with structlog.testing.capture_logs() as lines:
        assert await values(secrets) == [b"x"]
        assert await values(secrets) == [b"x"]
    assert [line["event"] for line in lines] == ["secret_stale"]
    assert place.asked == 2, "it is asked again after ten seconds only"
    assert secrets.failures == 1
    told = unavailable_of(secrets)
    assert told is not None
    assert "smtp_password: It does not answer." in str(told)
    watch.now += 11
    place.failure = None
    assert await values(secrets) == [b"x"]
    assert unavailable_of(secrets) is None


async def test_a_place_that_hangs_costs_a_quarter_of_a_second_at_most(watch: Watch) -> None:
    place = Place(smtp_password=["x"])
    secrets = Secrets([place])
    await values(secrets)
    place.delay = 30
    watch.now += 301
    async with asyncio.timeout(1):
        assert await values(secrets) == [b"x"]


async def test_a_place_that_is_away_at_first_is_an_error_and_no_later_place_is_believed() -> None:
    place, other = Place(), Place(smtp_password=["another"])
    place.failure = SecretsUnavailable("It does not answer.")
    with pytest.raises(SecretsUnavailable):
        await Secrets([place, other]).versions("smtp_password")


async def test_what_nobody_has_and_nobody_makes_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing, match=r"smtp_password .*a place.*secrets init"):
        await Secrets([Place()]).versions("smtp_password")
    with pytest.raises(SecretMissing):
        await Secrets([Place()], own=Files(tmp_path)).versions("pepper")
    with pytest.raises(InvalidInput):
        await Secrets([Place()]).versions("../etc/passwd")


async def test_what_is_read_anew_and_wrong_replaces_nothing(watch: Watch) -> None:
    place = Place(pepper=[KEY])
    secrets = Secrets([place])
    good = await values(secrets, "pepper")
    place.held = {"pepper": ["garbage"]}
    watch.now += 301
    assert await values(secrets, "pepper") == good
    with pytest.raises(SecretInvalid):
        await Secrets([place]).versions("pepper")


async def test_secrets_are_made_at_first_use_and_found_again(tmp_path: Path) -> None:
    made = {name: await values(secrets_in(tmp_path), name) for name in ("pepper", "vault_key", "signing_key")}
    assert made == {name: await values(secrets_in(tmp_path), name) for name in made}


async def test_the_token_of_this_machine_is_its_own_whatever_the_others_have(tmp_path: Path) -> None:
    secrets = open_secrets(
        ["environment"], tmp_path, variables={"PILOTHOUSE_SECRET_LOCAL_TOKEN": "x" * 40, "HOME": "/"}
    )
    assert await values(secrets, "local_token") != [b"x" * 40]
    assert (tmp_path / "secrets" / "local_token").exists()
    with pytest.raises(SecretMissing):
        await secrets.versions("pepper")


async def test_a_folder_that_was_named_is_only_read(tmp_path: Path) -> None:
    secrets = open_secrets(["files"], tmp_path / "data", folder=tmp_path / "mounted", variables={})
    with pytest.raises(SecretMissing, match="mounted"):
        await secrets.versions("pepper")
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "pepper").write_text(KEY)
    secrets.forget("pepper")
    assert await values(secrets, "pepper") == [bytes.fromhex(KEY)]


@pytest.mark.parametrize(
    ("places", "by_itself"), [(("environment", "files"), True), (("environment",), False)]
)
async def test_keys_are_made_by_themselves_only_in_a_folder_of_our_own(
    tmp_path: Path, places: tuple[str, ...], *, by_itself: bool
) -> None:
    secrets = open_secrets(places, tmp_path, variables={})
    if by_itself:
        assert len(await secrets.versions("pepper")) == 1
    else:
        with pytest.raises(SecretMissing):
            await secrets.versions("pepper")


def test_with_aws_nothing_is_made_by_itself(tmp_path: Path) -> None:
    assert open_secrets(["aws", "files"], tmp_path, variables={})._maker is None


async def test_variables_hold_secrets_with_versions() -> None:
    environment = Environment(
        {
            "PILOTHOUSE_SECRET_PEPPER": KEY,
            "PILOTHOUSE_SECRET_PEPPER_V3": "11" * 32,
            "PILOTHOUSE_SECRET_PROVIDER_OPEN_AI": "sk-1",
            "PILOTHOUSE_SECRET_SMTP_PASSWORD": " ",
            "PILOTHOUSE_PORT": "1",
        }
    )
    held = await environment.read("pepper")
    assert [(item.version, item.where) for item in held] == [
        ("3", "environment (PILOTHOUSE_SECRET_PEPPER_V3)"),
        ("1", "environment (PILOTHOUSE_SECRET_PEPPER)"),
    ]
    assert [item.raw for item in await environment.read("provider/open-ai")] == [b"sk-1"]
    assert await environment.read("smtp_password") == []
    assert await environment.names() == ["pepper", "provider/open_ai"]


async def test_variables_of_the_env_file_are_read_and_those_of_the_process_win(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("PILOTHOUSE_SECRET_SMTP_PASSWORD=file\nPILOTHOUSE_SECRET_PROVIDER_X=y\n")
    monkeypatch.setenv("PILOTHOUSE_SECRET_SMTP_PASSWORD", "process")
    secrets = open_secrets(["environment"], tmp_path)
    assert await values(secrets) == [b"process"]
    assert await values(secrets, "provider/x") == [b"y"]


async def test_nobody_is_shown_a_secret(tmp_path: Path) -> None:
    secrets = open_secrets(["environment"], tmp_path, variables={"PILOTHOUSE_SECRET_SMTP_PASSWORD": "canary"})
    [secret], [held] = await secrets.versions("smtp_password"), await secrets.held("smtp_password")
    for shown in (repr(secret), str(secret), f"{secret}", repr(held), str(held), repr(vars(secrets))):
        assert "canary" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)


@pytest.mark.parametrize("forgotten", [False, True])
async def test_what_is_still_being_read_is_waited_for_where_whoever_asked_has_gone(forgotten: bool) -> None:
    place = Place(smtp_password=["a"])
    place.delay = 0.05
    secrets = Secrets([place])
    asking = asyncio.create_task(values(secrets))
    while not place.asked:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    if forgotten:
        secrets.forget("smtp_password")
    await secrets.settle()
    assert len(asyncio.all_tasks()) == 1, "nothing goes on behind the back of whoever closes"
    assert await values(secrets) == [b"a"]
    assert place.asked == 1 + forgotten
