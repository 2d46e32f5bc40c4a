"""The claim: limits hold, as much is taken as may be, tenants take turns, urgent and old runs go first."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pilothouse.runtime.claims import Claiming
from pilothouse.runtime.connection import Lane

TENANTS, WORKFLOWS = ("ada", "bob", "cleo"), ("brew", "mash")
PINS = ["brew@1", "brew@2", "mash@1"]
ABSENT = "stout@1"  # no worker here has it


@dataclass(frozen=True)
class Limit:
    scope: str
    tenant: str
    workflow: str
    concurrency: int | None
    rate: int | None

    def counts(self, tenant: str, workflow: str, others: list[Limit]) -> bool:
        """Whether a run of this tenant and workflow is counted here."""
        if self.workflow not in {"*", workflow}:
            return False
        if self.scope == "each_tenant":
            return not any(
                other.scope == "tenant" and (other.tenant, other.workflow) == (tenant, self.workflow)
                for other in others
            )
        return self.scope == "installation" or self.tenant == tenant


@dataclass
class Item:
    """A queued run."""

    tenant: str
    pin: str
    priority: int
    resumed: bool
    id: UUID = field(default_factory=uuid4)

    @property
    def workflow(self) -> str:
        return self.pin.partition("@")[0]


class Queue:
    """What the claim should do, counted by hand."""

    def __init__(self, items: list[Item], running: list[tuple[str, str]], limits: list[Limit]) -> None:
        self.queued = {item.id: item for item in items}
        self.running = Counter(running)
        self.limits = limits
        self.started: Counter[tuple[Limit, str]] = Counter()

    def busy(self, tenant: str) -> int:
        return sum(count for (owner, _), count in self.running.items() if owner == tenant)

    def pools(self, tenant: str, workflow: str) -> Iterator[tuple[Limit, str]]:
        for limit in self.limits:
            if limit.counts(tenant, workflow, self.limits):
                yield limit, "" if limit.scope == "installation" else tenant

    def load(self, limit: Limit, owner: str) -> int:
        return sum(
            count
            for (tenant, workflow), count in self.running.items()
            if owner in {"", tenant} and limit.workflow in {"*", workflow}
        )

    def fits(self, item: Item) -> bool:
        """Whether this run may be taken now."""
        if item.pin not in PINS:
            return False
        for limit, owner in self.pools(item.tenant, item.workflow):
            if limit.concurrency is not None and self.load(limit, owner) >= limit.concurrency:
                return False
            if limit.rate is not None and not item.resumed and self.started[limit, owner] >= limit.rate:
                return False
        return True

    def next(self) -> Item | None:
        """The one run to take where there is one slot."""
        fitting = [item for item in self.queued.values() if self.fits(item)]
        firsts: dict[str, Item] = {}
        for item in sorted(fitting, key=lambda item: (-item.priority, item.id)):
            firsts.setdefault(item.tenant, item)
        return min(firsts.values(), key=lambda item: (self.busy(item.tenant), item.id), default=None)

    def take(self, item: Item) -> None:
        assert self.fits(item), item
        del self.queued[item.id]
        self.running[item.tenant, item.workflow] += 1
        if not item.resumed:
            for pool in self.pools(item.tenant, item.workflow):
                self.started[pool] += 1


ITEMS = st.builds(
    Item,
    tenant=st.sampled_from(TENANTS),
    pin=st.sampled_from([*PINS, ABSENT]),
    priority=st.integers(-1, 1),
    resumed=st.booleans(),
    id=st.uuids(version=4),
)
RUNNING = st.tuples(st.sampled_from(TENANTS), st.sampled_from(WORKFLOWS))
BOUNDS = st.one_of(
    st.tuples(st.integers(0, 5), st.none()),
    st.tuples(st.none(), st.integers(1, 5)),
    st.tuples(st.integers(0, 5), st.integers(1, 5)),
)
LIMITS = st.builds(
    lambda scope, tenant, workflow, bounds: Limit(
        scope, tenant if scope == "tenant" else "", workflow, *bounds
    ),
    st.sampled_from(("installation", "each_tenant", "tenant")),
    st.sampled_from(TENANTS),
    st.sampled_from(("*", *WORKFLOWS)),
    BOUNDS,
)
QUEUES = st.builds(
    Queue,
    st.lists(ITEMS, max_size=14, unique_by=lambda item: item.id),
    st.lists(RUNNING, max_size=6),
    st.lists(LIMITS, max_size=4, unique_by=lambda limit: (limit.scope, limit.tenant, limit.workflow)),
)
UNLIMITED = st.builds(
    Queue,
    st.lists(ITEMS, max_size=16, unique_by=lambda item: item.id),
    st.lists(RUNNING, max_size=8),
    st.just([]),
)
SETTINGS = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Database:
    """A queue written into the tables, and claims on it."""

    def __init__(self, conninfo: str) -> None:
        self.connection = psycopg.connect(conninfo, autocommit=True)
        self.runner = asyncio.Runner()
        self.lane = self.runner.run(self._lane(conninfo))

    async def _lane(self, conninfo: str) -> Lane:
        return Lane(conninfo)

    def close(self) -> None:
        self.runner.run(self.lane.close())
        self.runner.close()
        self.connection.close()

    def write(self, queue: Queue) -> None:
        run = """
        insert into runs (id, tenant_id, workflow, version, pin, status, priority, epoch)
        values (%s, %s, split_part(%s, '@', 1), 1, %s, %s, %s, %s)
        """
        rows = [
            (item.id, item.tenant, item.pin, item.pin, "queued", item.priority, int(item.resumed))
            for item in queue.queued.values()
        ]
        for (tenant, workflow), count in queue.running.items():
            pin = f"{workflow}@1"
            rows += [(uuid4(), tenant, pin, pin, "running", 0, 1) for _ in range(count)]
        with self.connection.transaction():
            cursor = self.connection.cursor()
            cursor.execute("delete from runs; delete from limits; delete from limit_tokens")
            cursor.executemany(run, rows)
            cursor.executemany(
                "insert into limits (scope, tenant_id, workflow, concurrency, rate, per_seconds)"
                " values (%s, %s, %s, %s, %s, 86400)",
                [
                    (each.scope, each.tenant, each.workflow, each.concurrency, each.rate)
                    for each in queue.limits
                ],
            )

    def claim(self, slots: int, claiming: Claiming, **how: Any) -> list[UUID]:
        rows = self.runner.run(claiming.claim(uuid4(), how.pop("pins", PINS), slots, **how))
        return [row[0] for row in rows]


@pytest.fixture
def database(conninfo: str) -> Iterator[Database]:
    made = Database(conninfo)
    yield made
    made.close()


@SETTINGS
@given(queue=QUEUES)
def test_with_one_slot_the_right_run_is_taken_each_time(database: Database, queue: Queue) -> None:
    database.write(queue)
    claiming = Claiming(database.lane)
    while True:
        wanted = queue.next()
        taken = database.claim(1, claiming)
        assert taken == ([wanted.id] if wanted else [])
        if wanted is None:
            return
        queue.take(wanted)


@SETTINGS
@given(queue=QUEUES, slots=st.integers(2, 9), lanes=st.sampled_from((1, 3, 1_000)))
def test_with_many_slots_every_limit_holds_and_nothing_that_fits_is_left(
    database: Database, queue: Queue, slots: int, lanes: int
) -> None:
    database.write(queue)
    claiming = Claiming(database.lane, lanes)
    free = slots
    while free:
        taken = database.claim(free, claiming)
        assert len(taken) <= free
        if not taken:
            assert not any(queue.fits(item) for item in queue.queued.values())
            return
        for run_id in taken:
            queue.take(queue.queued[run_id])
        free -= len(taken)


@SETTINGS
@given(queue=UNLIMITED, slots=st.integers(1, 12))
def test_without_limits_one_claim_is_max_min_fair(database: Database, queue: Queue, slots: int) -> None:
    database.write(queue)
    fitting = [item for item in queue.queued.values() if queue.fits(item)]
    taken = database.claim(slots, Claiming(database.lane))
    assert len(taken) == min(slots, len(fitting))
    owners = Counter(queue.queued[run_id].tenant for run_id in taken)
    for run_id in taken:
        queue.take(queue.queued[run_id])
    left = [item for item in queue.queued.values() if queue.fits(item)]
    for tenant in owners:
        for item in left:
            assert queue.busy(tenant) <= queue.busy(item.tenant) + 1
            if item.tenant == tenant:
                mine = [each for each in fitting if each.tenant == tenant]
                first = sorted(mine, key=lambda each: (-each.priority, each.id))[: owners[tenant]]
                assert {each.id for each in first} <= set(taken)
