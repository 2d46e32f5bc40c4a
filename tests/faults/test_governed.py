"""Governed workers are killed at random under random load: journal, people and audit log tell one story."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pilothouse.audit.notes import from_pem
from pilothouse.audit.verifying import verify
from pilothouse.runtime.unknown_outcomes import HAPPENED
from support.governed_victims import WORKER, app_in
from support.governing import Governed, governed
from support.people import GOOD, token_of
from support.waiting import rows, until
from support.workers import Workers

JOURNALLED = "select run_id, key, kind from journal where kind in ('dispatch', 'outcome')"
APPROVALS = """
select run_id, key from journal join questions using (run_id, key)
 where journal.kind = %s and questions.role = 'manager'
"""
TOLD = """
select run_id, step from audit_entries
 where kind = 'approval' and convert_from(leaf, 'utf8')::jsonb -> 'details' ->> 'did' = any(%s)
"""
ENTRIES = "select run_id, step, append from audit_entries where append is not null"
STATES = "select distinct status from runs"
SPENT = "select coalesce(sum(spent), 0), coalesce(sum(reserved), 0) from budget_periods"
PAID = """
select sum(split_part(convert_from(leaf, 'utf8')::jsonb -> 'details' ->> 'cost', ' ', 1)::numeric), count(*)
  from audit_entries
 where kind = 'outcome' and subject = 'pay'
   and (convert_from(leaf, 'utf8')::jsonb -> 'details' ->> 'succeeded')::boolean
"""
OF_KIND = "select convert_from(leaf, 'utf8')::jsonb -> 'details' ->> 'did' from audit_entries where kind = %s"
EMAIL = "ada@example.com"


class Day:
    """What happens meanwhile, chosen by a seed; and what of it is to be found in the audit log."""

    def __init__(self, process: Governed, folder: Path, seed: int) -> None:
        self.process, self.folder, self.chosen = process, folder, random.Random(seed)
        self.runs: list[str] = []
        self.verdicts: Counter[str] = Counter()
        self.sign_ins: list[bool] = []
        self.switches: list[str] = []

    async def order(self) -> None:
        """Submit a run about some amount."""
        euros, name = self.chosen.choice((7, 20, 60, 70, 95)), f"run{len(self.runs)}"
        said = {"folder": str(self.folder), "name": name, "euros": euros}
        self.runs.append(await self.process.submit("payments", **said))

    async def come(self) -> None:
        """Somebody signs in, or tries to."""
        right = self.chosen.random() < 0.7
        given = {"email": EMAIL, "password": GOOD if right else "a wrong one for once"}
        answer = await self.process.client.post("/api/v1/auth/sign-in", json=given)
        assert answer.status_code == (200 if right else 401), answer.text
        self.process.client.cookies.clear()
        self.sign_ins.append(right)

    async def throw(self) -> None:
        """Throw a kill switch, or let go."""
        what = "unkill" if self.switches and self.switches[-1] == "kill" else "kill"
        why = {"why": "an exercise"} if what == "kill" else {}
        await self.process.ask(
            "POST", f"/switches/{what}", json={"kind": "workflow", "name": "payments"} | why
        )
        self.switches.append(what)

    async def answer(self) -> None:
        """Answer what is asked now."""
        for asked in (await self.process.ask("GET", "/questions", params={"status": "open", "limit": 100}))[
            "items"
        ]:
            path = f"/api/v1/questions/{asked['id']}"
            if asked["action"] is None:
                given, verb = {"answer": HAPPENED if asked["choices"] else "0"}, "answer"
            else:
                given = {"digest": asked["action"]["digest"]}
                verb = self.chosen.choice(("approve", "approve", "refuse"))
            answer = await self.process.client.post(f"{path}/{verb}", json=given)
            assert answer.status_code in {200, 409}, answer.text
            if answer.is_success and verb != "answer":
                self.verdicts[{"approve": "approved", "refuse": "refused"}[verb]] += 1

    @asynccontextmanager
    async def answered(self) -> AsyncIterator[None]:
        """Somebody answers all the while."""

        async def always() -> None:
            while True:
                await self.answer()
                await asyncio.sleep(0.05)

        task = asyncio.create_task(always())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()


@pytest.fixture
def victims(conninfo: str, tmp_path: Path) -> Iterator[Workers]:
    made = Workers(conninfo, tmp_path, "support.governed_victims")
    yield made
    made.stop()


@pytest.mark.parametrize(
    ("runs", "kills", "seed"), [(24, 4, 5), pytest.param(400, 60, 6, marks=pytest.mark.long)]
)
async def test_after_random_load_with_kills_everything_reconciles_with_the_audit_log_one_to_one(
    conninfo: str, tmp_path: Path, victims: Workers, runs: int, kills: int, seed: int
) -> None:
    app = app_in(tmp_path)
    async with governed(conninfo, tmp_path, app, execute=False, **WORKER) as process:
        await known(process)
        day = Day(process, tmp_path, seed)
        pids = [victims.start() for _ in range(2)]
        async with day.answered():
            for number in range(kills):
                while len(day.runs) < runs * (number + 1) // kills:
                    await day.order()
                started = len(day.runs) // 2
                await until(lambda wanted=started: len(victims.log) >= wanted, 30)
                await day.come()
                await day.throw()
                place = day.chosen.randrange(len(pids))
                victims.signal(pids[place], signal.SIGKILL)
                pids[place] = victims.start()
                await day.throw()
            await until(lambda: rows(conninfo, STATES) == [("completed",)], 60 + runs)
        for pid in list(victims.pids):
            victims.signal(pid, signal.SIGKILL)
        await process.ask("POST", "/audit/heads")
        reconciled(conninfo, day)
        await verified(process, tmp_path)


async def known(process: Governed) -> None:
    """A budget that has room, and a person who may come."""
    terms = {"name": "all", "unit": "money", "currency": "EUR", "period": "month", "hard": "1000000"}
    await process.ask("POST", "/budgets", json=terms)
    invited = await process.ask("POST", "/users", json={"email": EMAIL, "roles": ["viewer"]})
    await process.ask(
        "POST", "/auth/accept-invitation", json={"token": token_of(invited["link"]), "password": GOOD}
    )


def reconciled(conninfo: str, day: Day) -> None:
    """Each thing has its one entry in the audit log, and each entry its one thing."""
    journalled = Counter(rows(conninfo, JOURNALLED))
    assert Counter(rows(conninfo, ENTRIES)) == journalled
    assert journalled.total() >= 4 * len(day.runs)
    for verb, entry in (("asked", ["asked"]), ("answered", ["approved", "refused"])):
        told = Counter(rows(conninfo, TOLD, entry))
        assert told == Counter(rows(conninfo, APPROVALS, verb))
        assert verb == "asked" or told.total() == day.verdicts.total() > 0
    verdicts = Counter(did for did in done(conninfo, "approval") if did != "asked")
    assert verdicts == day.verdicts
    assert done(conninfo, "sign_in").count("signed_in") == day.sign_ins.count(True)
    assert Counter(done(conninfo, "switch")) == Counter(f"{what}ed" for what in day.switches)
    assert rows(conninfo, "select count(*) from audit_inbox") == [(0,)]
    ((paid, payments),) = rows(conninfo, PAID)
    assert rows(conninfo, SPENT) == [(paid, 0)]
    assert payments > 0


def done(conninfo: str, kind: str) -> list[str]:
    """What was done, by the entries of a kind."""
    return [did for (did,) in rows(conninfo, OF_KIND, kind)]


async def verified(process: Governed, folder: Path) -> None:
    """An export of the log proves all of it."""
    key = (await process.ask("GET", "/audit/key"))["pem"]
    answer = await process.client.get("/api/v1/audit/export", params={"format": "jsonl"})
    found = verify(answer.content.splitlines(), from_pem(key.encode()))
    assert found.findings == []
    assert found.signed == found.size == found.entries
