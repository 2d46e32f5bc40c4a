"""Workers stop bad arms by themselves, say so, and let rollouts go on while guards hold."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest

from pilothouse.experiments.live import Experiments
from support.experiments import called, seen

Ask = Callable[..., Awaitable[Any]]
Open = Callable[..., Awaitable[Experiments]]
NOW = dt.datetime.now(dt.UTC)
LATER = NOW + dt.timedelta(hours=2)
ROLLOUT = {
    "arms": [{"name": "control"}, {"name": "candidate", "version": "4"}],
    "rollout": {"minimum_seconds": 3_600, "minimum_calls": 100},
}


def audited(conninfo: str) -> list[dict[str, Any]]:
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute("select leaf from audit_inbox where kind = 'experiment' order by id")
        return [json.loads(leaf) for (leaf,) in rows.fetchall()]


def weights(experiment: Any) -> dict[str, float]:
    return {arm.name: float(arm.weight) for arm in experiment.arms}


async def test_a_bad_arm_is_stopped_with_its_figures_on_record(
    begun: Ask, book: Ask, open_process: Open, tend: Ask, conninfo: str
) -> None:
    experiment = await begun(guards=[{"metric": "validity", "worse_by": 2}])
    process = await open_process()
    await called(process, experiment, "control", 400, valid=0.98)
    await called(process, experiment, "candidate", 400, valid=0.80)
    assert await tend(NOW) == NOW + dt.timedelta(seconds=5)
    shown = await book("show", experiment.id)
    assert weights(shown) == {"control": 100, "candidate": 0}
    stopped = shown.arms[1]
    assert stopped.stopped_by == "engine"
    assert stopped.why.startswith("validity is worse than the control's by 18.00 points, at least by ")
    told = audited(conninfo)[-1]
    assert (told["actor"], told["details"]["did"], told["details"]["arm"]) == (
        *("engine", "arm_stopped"),
        "candidate",
    )
    assert told["details"]["figures"]["estimate"] == pytest.approx(-18)
    assert (told["details"]["calls"], told["details"]["control_calls"]) == (400, 400)
    await process.look()
    found = await process.assign("default", "support/triage", _subject())
    assert found is not None
    assert found.arm == "control"
    await tend(NOW)  # and nothing more is done to it
    assert len(audited(conninfo)) == 3


def _subject() -> Any:
    from pilothouse.prompts.schemas import Subjects

    return Subjects("r", "u", "default")


async def test_an_arm_within_its_margins_goes_on(
    begun: Ask, book: Ask, open_process: Open, tend: Ask
) -> None:
    experiment = await begun()
    process = await open_process()
    await called(process, experiment, "control", 400, valid=0.95)
    await called(process, experiment, "candidate", 400, valid=0.93, latency=900)
    await tend(NOW)
    assert weights(await book("show", experiment.id))["candidate"] == 50


@pytest.mark.parametrize(
    "case",
    [
        ({"metric": "latency", "worse_by": 20}, {"latency_ms": 4_000.0}, "latency is worse"),
        ({"metric": "latency", "bound": 2_000}, {"latency_ms": 4_000.0}, "over the bound 2000"),
        ({"metric": "errors", "worse_by": 5}, {"error": True}, "errors is worse"),
        ({"metric": "errors", "bound": 30}, {"error": True}, "errors is 100 after 60 calls, over"),
        ({"metric": "validity", "bound": 90}, {"valid": False}, "validity is 0 after 60 calls, under"),
        ({"metric": "cost", "bound": 0.001}, {}, "cost is 0.002"),
    ],
)
async def test_each_guard_stops_what_it_is_for(
    begun: Ask, book: Ask, open_process: Open, tend: Ask, case: tuple[dict[str, Any], dict[str, Any], str]
) -> None:
    guard, said, why = case
    experiment = await begun(guards=[guard])
    process = await open_process()
    for number in range(60):
        slower = {"latency_ms": said["latency_ms"] + number} if "latency_ms" in said else {}
        process.observe(seen(experiment, **said | slower))
        process.observe(seen(experiment, "control", latency_ms=800.0 + number))
    await process.flush()
    await tend(NOW)
    assert why in (await book("show", experiment.id)).arms[1].why


async def test_a_bound_waits_for_some_calls(begun: Ask, book: Ask, open_process: Open, tend: Ask) -> None:
    experiment = await begun(guards=[{"metric": "errors", "bound": 30}])
    process = await open_process()
    for _ in range(19):
        process.observe(seen(experiment, error=True))
    await process.flush()
    await tend(NOW)
    assert (await book("show", experiment.id)).arms[1].stopped_at is None


async def test_bad_ratings_stop_an_arm(begun: Ask, book: Ask, tend: Ask, conninfo: str) -> None:
    experiment = await begun(guards=[{"metric": "feedback", "worse_by": 0.2}])
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """
            insert into feedback (id, tenant_id, message, principal, rating, experiment_id, arm, epoch)
            select gen_random_uuid(), 'default', arm || number, 'local',
                   case when arm = 'control' or mod(number, 10) = 0 then 1 else -1 end, %s, arm, 2
              from unnest(array['control', 'candidate']) as arm, generate_series(1, 60) as number
            """,
            (experiment.id,),
        )
    await tend(NOW)
    shown = await book("show", experiment.id)
    assert "feedback is worse" in shown.arms[1].why
    assert shown.result.arms[1].feedback == pytest.approx(-0.8)


async def test_a_rollout_goes_on_after_time_and_calls(
    begun: Ask, book: Ask, open_process: Open, tend: Ask, conninfo: str
) -> None:
    experiment = await begun(**ROLLOUT)
    process = await open_process()
    assert weights(experiment)["candidate"] == 1
    await called(process, experiment, "candidate", 99)
    await tend(LATER)
    assert (await book("show", experiment.id)).stage == 0  # too few calls
    await called(process, experiment, "candidate", 1)
    await tend(NOW)
    assert (await book("show", experiment.id)).stage == 0  # too soon
    now = LATER
    for stage, share in ((1, 10), (2, 50), (3, 100), (3, 100)):
        await tend(now)
        shown = await book("show", experiment.id)
        assert (shown.stage, weights(shown)["candidate"]) == (stage, share)
        await called(process, experiment, "candidate", 100)
        now += dt.timedelta(hours=1)
    assert [one["details"]["did"] for one in audited(conninfo)] == ["made", "started", *["advanced"] * 3]


async def test_a_rollout_whose_arm_is_stopped_goes_no_further(
    begun: Ask, book: Ask, open_process: Open, tend: Ask
) -> None:
    experiment = await begun(**ROLLOUT | {"guards": [{"metric": "errors", "bound": 10}]})
    process = await open_process()
    for _ in range(200):
        process.observe(seen(experiment, error=True))
    await process.flush()
    await tend(LATER)
    await tend(LATER)
    shown = await book("show", experiment.id)
    assert (shown.stage, weights(shown)) == (0, {"control": 100, "candidate": 0})


async def test_two_workers_stop_an_arm_once(begun: Ask, open_process: Open, tend: Ask, conninfo: str) -> None:
    experiment = await begun(guards=[{"metric": "validity", "bound": 90}])
    process = await open_process()
    await called(process, experiment, "candidate", 50, valid=0.1)
    await asyncio.gather(tend(NOW), tend(NOW))
    assert [one["details"]["did"] for one in audited(conninfo)] == ["made", "started", "arm_stopped"]
