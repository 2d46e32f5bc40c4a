"""Rotation: a new version beside the old ones, what is done for it, and when old ones may go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest

from pilothouse.errors import InvalidInput, NotFound
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.secret import Secret
from pilothouse.kit.session import Database
from pilothouse.readiness.schemas import Verdict
from pilothouse.secrets.checking import secret_lines
from pilothouse.secrets.errors import NotRotatable, StillNeeded
from pilothouse.secrets.hooks import Counted
from pilothouse.secrets.ledger import DatabaseLedger
from pilothouse.secrets.providers.environment import Environment
from pilothouse.secrets.providers.files import Files
from pilothouse.secrets.rotation import Hook, Rotation
from pilothouse.secrets.service import Secrets


class Later:
    """A clock that is ahead by as much as a test says."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead

    def monotonic(self) -> float:
        return SystemClock().monotonic()


class Told:
    """What a hook was told, and what it says."""

    def __init__(self, *, undone: bool = False) -> None:
        self.versions: list[str] = []
        self.failure: Exception | None = None
        self.need: str | None = None
        self.undone = undone

    async def rotated(self, newest: Secret) -> str:
        if self.failure is not None:
            raise self.failure
        self.versions.append(newest.version)
        return "all of it was done"

    async def needed(self, version: str) -> str | None:
        return self.need


class Desk:
    """Secrets in a folder, and what rotates them."""

    def __init__(self, folder: Path, conninfo: str, **hooks: Hook) -> None:
        self.files, self.clock = Files(folder), Later()
        ledger = DatabaseLedger(lambda: Database(conninfo, connections=1), SystemClock())
        self.secrets = Secrets([self.files], maker=self.files, own=self.files, ledger=ledger)
        self.ledger = ledger
        self.rotation = Rotation(self.secrets, hooks, self.clock, ledger)

    async def numbers(self, name: str) -> list[str]:
        return [secret.version for secret in await self.secrets.versions(name)]


@pytest.fixture
def desk(tmp_path: Path, conninfo: str) -> Desk:
    return Desk(tmp_path / "secrets", conninfo)


async def test_what_is_missing_is_made_once(desk: Desk) -> None:
    made = {item.name for item in await desk.rotation.init()}
    assert made == {"pepper", "signing_key", "audit_key", "vault_key", "local_token"}
    assert await desk.rotation.init() == []
    assert {state.name for state in await desk.rotation.states()} == made


async def test_a_new_version_is_the_first_and_the_old_one_stays(desk: Desk) -> None:
    before = await desk.secrets.versions("signing_key")
    done = await desk.rotation.rotate("signing_key")
    after = await desk.secrets.versions("signing_key")
    assert (done.version, [secret.version for secret in after]) == ("2", ["2", "1"])
    assert after[1].reveal() == before[0].reveal() != after[0].reveal()
    assert [item.version for item in await desk.ledger.marked("signing_key")] == ["2", "1"]


async def test_the_hook_is_told_and_finds_the_new_version(tmp_path: Path, conninfo: str) -> None:
    hook = Told()
    desk = Desk(tmp_path / "secrets", conninfo, vault_key=hook)
    await desk.secrets.versions("vault_key")
    assert (await desk.rotation.rotate("vault_key")).done == "all of it was done"
    assert hook.versions == ["2"]


@pytest.mark.parametrize(("undone", "left"), [(True, ["1"]), (False, ["2", "1"])])
async def test_a_hook_that_fails_takes_the_version_back_only_where_nothing_was_done(
    tmp_path: Path, conninfo: str, *, undone: bool, left: list[str]
) -> None:
    hook = Told(undone=undone)
    desk = Desk(tmp_path / "secrets", conninfo, vault_key=hook)
    await desk.secrets.versions("vault_key")
    hook.failure = RuntimeError("halfway")
    with pytest.raises(RuntimeError, match="halfway"):
        await desk.rotation.rotate("vault_key")
    assert await desk.numbers("vault_key") == left
    assert [item.version for item in await desk.ledger.marked("vault_key")] == left


async def test_what_others_gave_is_not_made_up(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="Only whoever gave smtp_password"):
        await desk.rotation.rotate("smtp_password")
    done = await desk.rotation.rotate("smtp_password", b"a new one of the mail")
    assert done.version == "1"
    assert (await desk.secrets.versions("smtp_password"))[0].reveal() == b"a new one of the mail"


async def test_a_new_key_that_can_be_guessed_is_refused(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="can be guessed"):
        await desk.rotation.rotate("pepper", b"00" * 32)
    assert await desk.files.read("pepper") == []


async def test_what_is_only_read_is_not_rotated() -> None:
    environment = Environment({"PILOTHOUSE_SECRET_PEPPER": "0123456789abcdef" * 4})
    rotation = Rotation(Secrets([environment]), {}, SystemClock())
    with pytest.raises(NotRotatable, match="environment"):
        await rotation.rotate("pepper")
    with pytest.raises(NotRotatable, match="environment"):
        await rotation.rotate("vault_key")


async def test_an_old_version_goes_a_day_after_it_was_replaced(desk: Desk) -> None:
    await desk.rotation.rotate("pepper")
    await desk.rotation.rotate("pepper")
    with pytest.raises(StillNeeded, match="newest"):
        await desk.rotation.retire("pepper", "2")
    with pytest.raises(NotFound):
        await desk.rotation.retire("pepper", "7")
    with pytest.raises(StillNeeded, match="less than 1 day ago"):
        await desk.rotation.retire("pepper", "1")
    desk.clock.ahead = dt.timedelta(days=1, seconds=1)
    await desk.rotation.retire("pepper", "1")
    assert await desk.numbers("pepper") == ["2"]
    assert [item.version for item in await desk.ledger.marked("pepper")] == ["2"]


async def test_an_old_version_stays_while_something_needs_it(tmp_path: Path, conninfo: str) -> None:
    left: Mapping[str, int] = {"1": 3}

    async def done(_: Secret) -> str:
        return ""

    async def made() -> Mapping[str, int]:
        return left

    desk = Desk(tmp_path / "secrets", conninfo, vault_key=Counted(done, made, "keys of tenants"))
    await desk.rotation.rotate("vault_key")
    await desk.rotation.rotate("vault_key")
    desk.clock.ahead = dt.timedelta(days=2)
    with pytest.raises(StillNeeded, match="3 keys of tenants were made with it"):
        await desk.rotation.retire("vault_key", "1")
    left = {}
    await desk.rotation.retire("vault_key", "1")
    assert await desk.numbers("vault_key") == ["2"]


async def test_force_retires_at_once(desk: Desk) -> None:
    await desk.rotation.rotate("pepper")
    await desk.rotation.rotate("pepper")
    await desk.rotation.retire("pepper", "1", force=True)
    assert await desk.numbers("pepper") == ["2"]


async def test_a_lost_secret_is_forgotten_and_made_anew(desk: Desk) -> None:
    await desk.secrets.versions("pepper")
    await desk.files.remove("pepper", "1")
    assert await desk.rotation.forget("pepper") == 1
    assert await desk.numbers("pepper") == ["1"]


async def verdicts(desk: Desk) -> dict[str, Verdict]:
    lines = secret_lines(desk.rotation, desk.clock, [desk.files.folder])
    return {line.name: line.verdict async for line in lines}


async def test_the_check_tells_what_is_missing_weak_old_and_open(desk: Desk) -> None:
    assert set((await verdicts(desk)).values()) == {Verdict.FAIL, Verdict.PASS}, "missing; an empty folder"
    await desk.rotation.init()
    assert set((await verdicts(desk)).values()) == {Verdict.PASS}
    desk.clock.ahead = dt.timedelta(days=100)
    found = await verdicts(desk)
    assert (found["secret signing_key"], found["secret pepper"]) == (Verdict.WARN, Verdict.PASS)
    desk.clock.ahead = dt.timedelta()
    for _ in range(3):
        await desk.rotation.rotate("pepper")
    assert (await verdicts(desk))["secret pepper"] is Verdict.WARN, "four versions are in use"
    await desk.files.add("vault_key", b"no key")
    await desk.files.add("smtp_password", b"short")
    (desk.files.folder / "pepper").chmod(0o644)
    found = await verdicts(desk)
    assert found["secret vault_key"] is Verdict.FAIL
    assert found["secret smtp_password"] is Verdict.FAIL
    assert found[f"folder {desk.files.folder}"] is Verdict.FAIL


async def test_a_state_tells_what_is_wrong_but_not_the_secret(desk: Desk) -> None:
    await desk.files.add("pepper", b"canary")
    state = await desk.rotation.state("pepper")
    assert state.wrong is not None
    assert "canary" not in state.model_dump_json()
