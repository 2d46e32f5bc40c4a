from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import httpx

from support.timetable import HOUR, SECOND, add, now
from support.waiting import rows, until

URL = "/api/v1/schedules"


async def make(client: httpx.AsyncClient, **given: object) -> dict[str, Any]:
    wanted = {"name": f"s{uuid4().hex}", "workflow": "echo", "input": {"text": "hello"}} | given
    if not {"cron", "interval_seconds"} & wanted.keys():
        wanted["cron"] = "30 7 * * MON-FRI"
    answer = await client.post(URL, json=wanted)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{URL}/{answer.json()['id']}"
    found: dict[str, Any] = answer.json()
    return found


async def refused(client: httpx.AsyncClient, **given: object) -> dict[str, str]:
    """What is wrong with a schedule: the place and the reason of each fault."""
    wanted = {"name": "nightly", "workflow": "echo", "input": {"text": "hello"}, "cron": "@daily"} | given
    answer = await client.post(URL, json=wanted)
    assert answer.status_code == 400, answer.text
    return {fault["name"]: fault["detail"] for fault in answer.json()["errors"]}


async def test_a_schedule_is_made_and_shown_with_its_next_five_fires(client: httpx.AsyncClient) -> None:
    made = await make(
        client,
        name="nightly",
        time_zone="Europe/Berlin",
        labels={"team": "ops"},
        start_at="2030-03-28T00:00:00Z",
    )
    assert (made["name"], made["rhythm"]) == ("nightly", "At 07:30 on Monday through Friday (Europe/Berlin)")
    assert (made["missed"], made["overlap"], made["paused"]) == ("once", "skip", False)
    assert (made["labels"], made["input"], made["principal"]) == ({"team": "ops"}, {"text": "hello"}, "local")
    assert made["next_fires"] == [
        *("2030-03-28T06:30:00Z", "2030-03-29T06:30:00Z", "2030-04-01T05:30:00Z"),
        *("2030-04-02T05:30:00Z", "2030-04-03T05:30:00Z"),
    ]
    assert made["next_at"] == made["next_fires"][0]
    shown = await client.get(f"{URL}/{made['id']}", params={"fires": 2})
    assert shown.json() == made | {"next_fires": made["next_fires"][:2]}
    assert shown.headers["etag"] == '"1"'


async def test_an_interval_fires_first_after_its_length_or_at_its_start(client: httpx.AsyncClient) -> None:
    made = await make(client, interval_seconds=90)
    first, created = (dt.datetime.fromisoformat(made[name]) for name in ("next_at", "created_at"))
    assert first == created.replace(microsecond=0) + 90 * SECOND
    later = await make(client, interval_seconds=90, start_at="2040-01-01T00:00:00.5+01:00")
    assert (later["next_at"], later["rhythm"]) == ("2039-12-31T23:00:00Z", "every 90 seconds")


async def test_a_rhythm_tells_when_it_would_fire_and_makes_nothing(client: httpx.AsyncClient) -> None:
    wanted = {"cron": "30 7 * * MON-FRI", "time_zone": "Europe/Berlin", "start_at": "2030-03-28T00:00:00Z"}
    answer = await client.post(f"{URL}/preview", json=wanted | {"fires": 3})
    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "rhythm": "At 07:30 on Monday through Friday (Europe/Berlin)",
        "fires": ["2030-03-28T06:30:00Z", "2030-03-29T06:30:00Z", "2030-04-01T05:30:00Z"],
    }
    made = await make(client, **wanted)
    assert made["next_fires"][:3] == answer.json()["fires"]
    short = {"interval_seconds": 3_600, "start_at": "2030-01-01T00:00:00Z", "end_at": "2030-01-01T01:30:00Z"}
    told = (await client.post(f"{URL}/preview", json=short)).json()
    assert told["fires"] == ["2030-01-01T00:00:00Z", "2030-01-01T01:00:00Z"]
    for wrong in ({}, {"cron": "61 * * * *"}, {"cron": "@daily", "interval_seconds": 5}):
        assert (await client.post(f"{URL}/preview", json=wrong)).status_code == 400
    assert len((await client.get(URL)).json()["items"]) == 1


async def test_every_wrong_field_is_named(client: httpx.AsyncClient) -> None:
    faults = await refused(
        client, name="no name", cron="61 * * * *", time_zone="Europe/Atlantis", missed="sometimes",
        priority=101, labels={"-": "x"}, missed_limit=0, end_at="2030-01-01", colour="red",
    )  # fmt: skip
    assert faults.keys() == {
        *("/name", "/cron", "/time_zone", "/missed", "/priority", "/labels", "/missed_limit", "/end_at"),
        "/colour",
    }
    assert faults["/cron"].startswith("'61 * * * *' is no cron expression: its minute is wrong.")
    assert faults["/time_zone"].startswith("'Europe/Atlantis' is no time zone")


MISFITS: list[tuple[dict[str, object], str]] = [
    ({"workflow": "nothing"}, "/workflow"),
    ({"version": 9}, "/version"),
    ({"input": {"text": ""}}, "/input/text"),
    ({"input": {"text": "x" * 300_000}}, "/input"),
    ({"input": None}, "/input"),
    ({"cron": None, "interval_seconds": 0}, "/interval_seconds"),
    ({"cron": None, "interval_seconds": 0.5}, "/interval_seconds"),
    ({"start_at": "2030-01-02T00:00:00Z", "end_at": "2030-01-01T00:00:00Z"}, "/end_at"),
    ({"start_at": "9999-01-01T00:00:00Z"}, "/start_at"),
    ({"end_at": "0001-01-01T00:00:00+10:00"}, "/end_at"),
    ({"interval_seconds": 5}, ""),
    ({"cron": None}, ""),
]


async def test_what_does_not_fit_is_refused(client: httpx.AsyncClient) -> None:
    for given, fault in MISFITS:
        assert list(await refused(client, **given)) == [fault], given


async def test_a_name_is_taken_once(client: httpx.AsyncClient) -> None:
    await make(client, name="nightly")
    other = await make(client, name="daily")
    wanted = {"name": "nightly", "workflow": "echo", "input": {"text": "x"}, "cron": "@daily"}
    assert (await client.post(URL, json=wanted)).status_code == 409
    assert (await client.patch(f"{URL}/{other['id']}", json={"name": "nightly"})).status_code == 409


async def test_schedules_are_listed_by_pages_and_filtered(client: httpx.AsyncClient) -> None:
    made = [(await make(client, workflow=name))["id"] for name in ("echo", "ask", "echo")]
    await client.post(f"{URL}/{made[0]}/pause")

    async def listed(**query: object) -> list[str]:
        return [item["id"] for item in (await client.get(URL, params=query)).json()["items"]]

    assert await listed() == made[::-1]
    assert await listed(workflow="ask") == [made[1]]
    assert await listed(paused=True) == [made[0]]
    assert await listed(failing=True) == []
    assert await listed(failing=False, paused=False) == made[:0:-1]
    page = (await client.get(URL, params={"limit": 2})).json()
    assert await listed(limit=2, cursor=page["next_cursor"]) == [made[0]]
    assert "input" not in page["items"][0]


async def test_a_foreign_schedule_is_not_there(client: httpx.AsyncClient, conninfo: str) -> None:
    (foreign,) = add(conninfo, tenant_id="other")
    assert (await client.get(URL)).json()["items"] == []
    for method, path, body in [
        *(("GET", "", None), ("PATCH", "", {}), ("DELETE", "", None), ("POST", "/pause", None)),
        *(("POST", "/resume", None), ("POST", "/trigger", None), ("GET", "/runs", None)),
    ]:
        answer = await client.request(method, f"{URL}/{foreign}{path}", json=body)
        assert (method, path, answer.status_code) == (method, path, 404)


MISEDITS: list[tuple[dict[str, object], str]] = [
    ({"cron": "x"}, "/cron"),
    ({"input": {}}, "/input/text"),
    ({"workflow": "nothing"}, "/workflow"),
    ({"name": None}, "/name"),
    ({"paused": True}, "/paused"),
    ({"cron": None}, ""),
    ({"cron": "@daily", "interval_seconds": 5}, ""),
]


class TestEditing:
    async def test_changes_what_is_given_and_nothing_else(self, client: httpx.AsyncClient) -> None:
        made = await make(client, priority=3)
        answer = await client.patch(
            f"{URL}/{made['id']}", json={"input": {"text": "bye"}, "overlap": "queue"}
        )
        edited = answer.json()
        assert edited == made | {
            "input": {"text": "bye"},
            "overlap": "queue",
            "edition": 2,
            "changed_at": edited["changed_at"],
        }
        assert answer.headers["etag"] == '"2"'

    async def test_a_new_rhythm_takes_the_old_one_away(self, client: httpx.AsyncClient) -> None:
        made = await make(client)
        by_interval = (await client.patch(f"{URL}/{made['id']}", json={"interval_seconds": 60})).json()
        assert (by_interval["cron"], by_interval["interval_seconds"]) == (None, 60)
        assert by_interval["next_at"] < made["next_at"]
        by_cron = (await client.patch(f"{URL}/{made['id']}", json={"cron": "@yearly"})).json()
        assert (by_cron["cron"], by_cron["interval_seconds"]) == ("@yearly", None)

    async def test_what_was_optional_can_be_taken_away(self, client: httpx.AsyncClient) -> None:
        made = await make(client, version=1, end_at="2040-01-01T00:00:00Z")
        edited = (await client.patch(f"{URL}/{made['id']}", json={"version": None, "end_at": None})).json()
        assert (edited["version"], edited["end_at"]) == (None, None)

    async def test_of_two_that_have_read_the_same_one_is_refused(self, client: httpx.AsyncClient) -> None:
        path = f"{URL}/{(await make(client))['id']}"
        tag = {"if-match": (await client.get(path)).headers["etag"]}
        codes = [
            (await client.patch(path, json={"priority": priority}, headers=tag)).status_code
            for priority in (1, 2)
        ]
        assert codes == [200, 412]
        assert (await client.get(path)).json()["priority"] == 1
        anyway = await client.patch(path, json={"priority": 2}, headers={"if-match": '"7", *'})
        assert anyway.status_code == 200

    async def test_what_does_not_fit_is_refused_and_changes_nothing(self, client: httpx.AsyncClient) -> None:
        made = await make(client)
        for edit, fault in MISEDITS:
            answer = await client.patch(f"{URL}/{made['id']}", json=edit)
            assert answer.status_code == 400
            assert [item["name"] for item in answer.json()["errors"]] == [fault], edit
        assert (await client.get(f"{URL}/{made['id']}")).json() == made

    async def test_a_change_ends_the_failing_state(self, client: httpx.AsyncClient, conninfo: str) -> None:
        made = await make(client)
        rows(conninfo, "update schedules set failure = 'it rains', failing_since = now()")
        failing = (await client.get(f"{URL}/{made['id']}")).json()["failing"]
        assert failing["reason"] == "it rains"
        assert (await client.patch(f"{URL}/{made['id']}", json={"priority": 1})).json()["failing"] is None


class TestPausing:
    async def test_what_lay_in_the_pause_is_not_made_up_for(
        self, firing_client: httpx.AsyncClient, conninfo: str
    ) -> None:
        client = firing_client
        made = await make(client, interval_seconds=1, missed="all")
        paused = (await client.post(f"{URL}/{made['id']}/pause")).json()
        assert (paused["paused"], paused["next_at"], paused["next_fires"]) == (True, None, [])
        assert (await client.post(f"{URL}/{made['id']}/pause")).json() == paused
        before = now(conninfo)
        await until(lambda: now(conninfo) > before + 1.1 * SECOND)  # a fire lies in it
        assert (await client.get(f"{URL}/{made['id']}/runs")).json()["items"] == []
        resumed = (await client.post(f"{URL}/{made['id']}/resume")).json()
        assert dt.datetime.fromisoformat(resumed["next_at"]) > before + SECOND

    async def test_a_schedule_can_be_made_paused_and_edited_so(self, client: httpx.AsyncClient) -> None:
        made = await make(client, paused=True)
        edited = (await client.patch(f"{URL}/{made['id']}", json={"cron": "@hourly"})).json()
        assert (edited["paused"], edited["next_at"]) == (True, None)
        assert (await client.post(f"{URL}/{made['id']}/resume")).json()["next_at"] is not None


class TestTriggering:
    async def test_makes_a_run_now_that_counts_as_the_last(self, client: httpx.AsyncClient) -> None:
        made = await make(client, paused=True, labels={"team": "ops"}, priority=5)
        answer = await client.post(f"{URL}/{made['id']}/trigger")
        run = answer.json()
        assert (answer.status_code, answer.headers["location"]) == (201, f"/api/v1/runs/{run['id']}")
        assert (run["schedule_id"], run["labels"], run["priority"]) == (made["id"], {"team": "ops"}, 5)
        shown = (await client.get(f"{URL}/{made['id']}")).json()
        assert (shown["last_run_id"], shown["last_at"], shown["edition"]) == (run["id"], run["created_at"], 1)
        assert [item["id"] for item in (await client.get(f"{URL}/{made['id']}/runs")).json()["items"]] == [
            run["id"]
        ]

    async def test_with_the_same_key_again_shows_the_same_run(self, client: httpx.AsyncClient) -> None:
        one, other = await make(client), await make(client)
        key = {"idempotency-key": "monday"}
        made = [
            (await client.post(f"{URL}/{item['id']}/trigger", headers=key)).json()["id"]
            for item in (one, one, other)
        ]
        assert (made[0] == made[1], made[0] == made[2]) == (True, False)
        body = {"workflow": "ask", "input": {"text": "x"}}
        assert (await client.post("/api/v1/runs", json=body, headers=key)).status_code == 201

    async def test_what_does_not_fit_any_more_is_refused(
        self, client: httpx.AsyncClient, conninfo: str
    ) -> None:
        made = await make(client)
        rows(conninfo, "update schedules set payload = %s", b'{"text": ""}')
        answer = await client.post(f"{URL}/{made['id']}/trigger")
        assert (answer.status_code, answer.json()["errors"][0]["name"]) == (400, "/input/text")

    async def test_what_cannot_be_read_is_told_and_hides_nothing(
        self, client: httpx.AsyncClient, conninfo: str
    ) -> None:
        made = await make(client)
        rows(conninfo, "update schedules set codec = 99")
        assert "codec 99" in (await client.get(f"{URL}/{made['id']}")).json()["input"]


async def test_a_deleted_schedule_is_gone_and_its_runs_stay(client: httpx.AsyncClient) -> None:
    made = await make(client)
    run = (await client.post(f"{URL}/{made['id']}/trigger")).json()
    answer = await client.delete(f"{URL}/{made['id']}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await client.delete(f"{URL}/{made['id']}")).status_code == 404
    assert (await client.get(f"/api/v1/runs/{run['id']}")).status_code == 200


async def test_a_schedule_fires_by_itself_and_its_runs_are_executed(firing_client: httpx.AsyncClient) -> None:
    made = await make(firing_client, interval_seconds=1, missed="all", overlap="allow")

    async def completed() -> list[dict[str, Any]]:
        found = (await firing_client.get(f"{URL}/{made['id']}/runs", params={"limit": 2})).json()["items"]
        return found if [item["status"] for item in found] == ["completed"] * 2 else []

    found = await until(completed, 6)
    assert {item["schedule_id"] for item in found} == {made["id"]}
    shown = (await firing_client.get(f"{URL}/{made['id']}")).json()
    assert dt.datetime.fromisoformat(shown["next_at"]) - dt.datetime.fromisoformat(shown["last_at"]) < HOUR
