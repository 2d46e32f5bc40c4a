"""Lists against what they should be: random runs, random filters, every order, page by page."""

from __future__ import annotations

import datetime as dt
import json
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.filters import RunQuery
from pilothouse.runs.repository import RunRepository

START = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
INSERT = """
insert into runs (id, tenant_id, workflow, version, pin, status, principal, labels, schedule_id, forked_from,
                  forked_seq, created_at, changed_at, finished_at)
values (%(id)s, %(tenant_id)s, %(workflow)s, %(version)s, 'x', %(status)s, %(principal)s, %(stored)s,
        %(schedule_id)s, %(forked_from)s, 1, %(created_at)s, %(changed_at)s, %(finished_at)s)
"""
ASK = """
insert into questions (id, tenant_id, run_id, key, status, payload)
values (gen_random_uuid(), %(tenant_id)s, %(id)s, 'ask#0', 'open', '{}')
"""
SCHEDULE = UUID(int=7)
FINAL = {"completed", "failed", "cancelled"}


def drawn(chance: random.Random) -> list[dict[str, Any]]:
    """Random runs; ids rise with the moments of creation."""
    runs: list[dict[str, Any]] = []
    for number in range(150):
        created = START + number // 3 * MINUTE
        status = chance.choice(["queued", "running", "waiting", "completed", "failed", "cancelled"])
        changed = created + chance.randrange(90) * MINUTE
        labels = {key: chance.choice("xy") for key in ("a", "b") if chance.random() < 0.6}
        parent = chance.choice(runs)["id"] if runs and chance.random() < 0.1 else None
        runs.append(
            {
                "id": UUID(int=(number << 80) | chance.getrandbits(64)),
                "tenant_id": "other" if chance.random() < 0.1 else "default",
                "workflow": chance.choice(["one", "two"]),
                "version": chance.choice([1, 2]),
                "status": status,
                "principal": chance.choice(["ada", "bob"]),
                "labels": labels,
                "stored": json.dumps(labels),
                "schedule_id": SCHEDULE if chance.random() < 0.3 else None,
                "forked_from": parent,
                "created_at": created,
                "changed_at": changed,
                "finished_at": changed if status in FINAL else None,
                "asks": status == "waiting" and chance.random() < 0.5,
            }
        )
    return runs


@pytest.fixture(scope="module")
def made() -> list[dict[str, Any]]:
    return drawn(random.Random(5))


@pytest.fixture
async def repository(conninfo: str, made: list[dict[str, Any]]) -> AsyncIterator[RunRepository]:
    with psycopg.connect(conninfo) as connection:
        connection.cursor().executemany(INSERT, made)
        connection.cursor().executemany(ASK, [run for run in made if run["asks"]])
    database = Database(conninfo)
    async with database.session(Scope("default", "me")) as session:
        yield RunRepository(session, Scope("default", "me"))
    await database.close()


def wanted(chance: random.Random, made: list[dict[str, Any]]) -> dict[str, Any]:
    """A random filter."""
    moments = sorted(START + chance.randrange(120) * MINUTE for _ in range(2))
    some = str(chance.choice(made)["id"])
    choices: dict[str, Any] = {
        "status": chance.sample(sorted({run["status"] for run in made}), chance.randrange(1, 4)),
        "workflow": chance.choice(["one", "two"]),
        "principal": chance.choice(["ada", "bob", "eve"]),
        "schedule_id": SCHEDULE,
        "forked_from": made[0]["id"],
        "label": chance.choice([["a:x"], ["b:y"], ["a:x", "b:y"], ["a:z"]]),
        "has_open_questions": chance.random() < 0.5,
        "id_prefix": some[: chance.randrange(18, 24)],
        "id_suffix": some[-chance.randrange(4, 14) :].upper(),
        "created_after": moments[0],
        "created_before": moments[1],
        "finished_after": moments[0],
        "finished_before": moments[1],
    }
    found = {name: choices[name] for name in chance.sample(sorted(choices), chance.randrange(4))}
    if "workflow" in found and chance.random() < 0.5:
        found["version"] = chance.choice([1, 2])
    return found


def fits(run: dict[str, Any], filters: dict[str, Any]) -> bool:
    tests = {
        "status": lambda value: run["status"] in value,
        "label": lambda value: all(run["labels"].get(text[0]) == text[2:] for text in value),
        "has_open_questions": lambda value: run["asks"] == value,
        "id_prefix": lambda value: run["id"].hex.startswith(value.replace("-", "")),
        "id_suffix": lambda value: str(run["id"]).endswith(value.lower()),
        "created_after": lambda value: run["created_at"] > value,
        "created_before": lambda value: run["created_at"] < value,
        "finished_after": lambda value: run["finished_at"] is not None and run["finished_at"] > value,
        "finished_before": lambda value: run["finished_at"] is not None and run["finished_at"] < value,
    }
    equal = ((name, value) for name, value in filters.items() if name not in tests)
    return (
        run["tenant_id"] == "default"
        and all(run[name] == value for name, value in equal)
        and all(tests[name](value) for name, value in filters.items() if name in tests)
    )


def expected(made: list[dict[str, Any]], filters: dict[str, Any], sort: str) -> list[UUID]:
    by_end = "finished_after" in filters or "finished_before" in filters
    moment = "changed_at" if sort == "changed" else "finished_at" if by_end else "created_at"
    found = sorted((run for run in made if fits(run, filters)), key=lambda run: (run[moment], run["id"]))
    return [run["id"] for run in (found if sort == "oldest" else found[::-1])]


async def test_every_filter_and_order_gives_exactly_the_runs_that_fit(
    repository: RunRepository, made: list[dict[str, Any]]
) -> None:
    chance = random.Random(11)
    several = 0
    for _ in range(90):
        filters, sort = wanted(chance, made), chance.choice(["newest", "oldest", "changed"])
        found: list[UUID] = []
        cursor: str | None = None
        while True:
            page = await repository.page(RunQuery(**filters, sort=sort, limit=7, cursor=cursor))
            found += [row.id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert found == expected(made, filters, sort), (filters, sort)
        several += len(found) > 7
    assert several > 10
