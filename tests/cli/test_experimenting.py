"""`pilothouse experiments` and `feedback`: on the database itself, and on a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from pilothouse.cli import experimenting
from pilothouse.cli.experiment_view import WIDTH, plot
from pilothouse.cli.main import cli
from pilothouse.cli.opening import Options
from pilothouse.cli.remote import RemoteClient
from pilothouse.errors import InvalidInput
from pilothouse.experiments.schemas import (
    ArmDifference,
    Comparison,
    Conclusion,
    Ending,
    ExperimentQuery,
    Metric,
    NewExperiment,
    StoppedArm,
    Weights,
)
from pilothouse.feedback.schemas import FeedbackQuery, NewFeedback, VersionsQuery


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("candidate=4@25", {"name": "candidate", "version": "4", "weight": "25"}),
        ("b=candidate", {"name": "b", "version": "candidate"}),
        ("fast=model:small@12.5", {"name": "fast", "model": "small", "weight": "12.5"}),
        ("c=sha256:abc@1", {"name": "c", "version": "sha256:abc", "weight": "1"}),
    ],
)
def test_an_arm_is_written_in_one_word(text: str, said: dict[str, str]) -> None:
    assert experimenting.arm(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("latency=20", {"metric": "latency", "worse_by": 20}),
        ("latency<=5000", {"metric": "latency", "bound": 5000}),
        ("validity>=90", {"metric": "validity", "bound": 90}),
        ("latency=20,<=5000", {"metric": "latency", "worse_by": 20, "bound": 5000}),
    ],
)
def test_a_guard_is_written_in_one_word(text: str, said: dict[str, Any]) -> None:
    assert experimenting.guard(text) == said


def test_what_is_no_arm_guard_or_time_is_refused() -> None:
    for read, text in (
        (experimenting.arm, "candidate"),
        (experimenting.guard, "latency"),
        (experimenting.guard, "latency=fast"),
        (experimenting.seconds, "soon"),
    ):
        with pytest.raises(InvalidInput):
            read(text)
    assert experimenting.seconds("2h") == 7_200


def test_an_interval_is_drawn_around_no_difference() -> None:
    def drawn(low: float, estimate: float, high: float) -> str:
        item = ArmDifference(
            arm="candidate",
            metric=Metric.VALIDITY,
            estimate=estimate,
            low=low,
            high=high,
            exact=False,
            verdict=Comparison.BETTER,
        )
        return plot(item, 4.0)

    assert drawn(0.4, 2.0, 4.0) == f"{' ' * 20}| {'-' * 8}*{'-' * 10}"
    assert drawn(-4, 0, 4) == f"{'-' * 20}*{'-' * 20}"
    assert len(drawn(-1, 1, 2)) == WIDTH


@pytest.fixture
def here(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs a command on the test's database, with nothing else running."""
    told = conninfo_to_dict(conninfo)
    url = f"postgresql://{told['user']}@/{told['dbname']}?host={told['host']}&port={told.get('port', 5432)}"
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)
    runner = CliRunner()

    def command(*words: str, fails: bool = False) -> Any:
        done = runner.invoke(cli, list(words))
        assert (done.exception is not None) == fails, done.output
        return done.exception if fails else json.loads(done.output) if "--json" in words else done.output

    return command


def test_experiments_are_made_shown_and_ended(here: Callable[..., Any], conninfo: str) -> None:
    assert "No experiments" in here("experiments", "list")
    said = ("--about", "support/triage", "--arm", "candidate=4@50", "--guard", "errors<=5")
    made = here("experiments", "create", "triage-4", *said, "--json")
    here("experiments", "start", "triage-4")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """
            insert into experiment_hours
            select %s, arm, 2, now(), 'default', 1000, valid, 0, 0, 100000, 2, -6200, 38450, 6684, 44680,
                   '{"77": 1000}'
              from (values ('control', 900), ('candidate', 960)) as known(arm, valid)
            """,
            (made["id"],),
        )
    shown = here("experiments", "show", made["id"][-6:])
    assert "candidate is better on validity by 6.0 points (" in shown
    assert "no difference shown in errors, cost, latency; too few calls to tell of feedback" in shown
    assert "90.0 %" in shown
    assert "\x1b" not in shown
    (line,) = (line for line in shown.splitlines() if line.startswith("candidate  validity"))
    assert "|" in line
    assert line.rstrip().endswith("better")
    assert "candidate 20 %" in here("experiments", "weigh", "triage-4", "candidate=20") + here(
        "experiments", "list"
    )
    assert "stopped: rude" in here("experiments", "stop", "triage-4", "--why", "rude")
    here("experiments", "start", "triage-4")
    assert "candidate by local: rude" in here(
        *("experiments", "stop", "triage-4", "--arm", "candidate", "--why", "rude")
    )
    assert here("experiments", "conclude", "triage-4", "--json")["state"] == "concluded"
    assert here("experiments", "list", "--state", "running", "--json") == []
    assert "names no experiment" in str(here("experiments", "start", "other", fails=True))


def test_a_version_is_rolled_out_and_promoted(
    here: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTHOUSE_PROVIDERS", '{"one": {"url": "http://127.0.0.1:9/v1"}}')
    said = ("--about", "model:fast", "--rollout", "model:small", "--stages", "5,100", "--stage-time", "2h")
    made = here("experiments", "create", "small", *said, "--json")
    assert made["rollout"] == {"stages": ["5", "100"], "minimum_seconds": 7_200, "minimum_calls": 100}
    here("experiments", "start", "small")
    assert "stage 2 of 2 (5 % -> 100 %)" in here("experiments", "advance", "small")
    assert "'small' is no model" in str(here("experiments", "promote", "small", "candidate", fails=True))
    monkeypatch.setenv("PILOTHOUSE_MODELS", '{"small": ["one:s"], "fast": ["one:m"]}')
    assert here("experiments", "promote", "small", "candidate", "--json")["winner"] == "candidate"
    (fast,) = [one for one in here("models", "list", "--json")["items"] if one["alias"] == "fast"]
    assert [model["id"] for model in fast["models"]] == ["one:s", "one:m"]


def test_feedback_is_given_and_shown(here: Callable[..., Any]) -> None:
    assert "No feedback" in here("feedback", "list")
    assert "No version" in here("feedback", "versions")
    said = ("--message", "m1", "--prompt", "support/triage", "--version", "4")
    assert "rated bad: message m1" in here("feedback", "add", "bad", *said, "--comment", "Wrong team")
    assert "Wrong team" in here("feedback", "list", "--prompt", "support/triage")
    assert here("feedback", "list", "--json")[0]["rating"] == -1
    assert "-1.00" in here("feedback", "versions", "support/triage")
    assert "This is not valid" in str(here("feedback", "add", "awful", *said, fails=True))


async def test_the_same_is_done_on_a_server(client: httpx.AsyncClient) -> None:
    remote = RemoteClient(client)
    experiments, feedback = experimenting.RemoteExperiments(remote), experimenting.RemoteFeedback(remote)
    arms = [{"name": "control"}, {"name": "candidate", "version": "4", "weight": "5"}]
    made = await experiments.create(NewExperiment.model_validate({"name": "t", "about": "p", "arms": arms}))
    assert (await experiments.start(made.id)).state == "running"
    weighed = await experiments.weigh(made.id, Weights(weights={"candidate": Decimal(9)}))
    assert weighed.arms[1].weight == 9
    assert (await experiments.stop_arm(made.id, StoppedArm(arm="candidate"))).arms[1].weight == 0
    assert (await experiments.stop(made.id, Ending())).state == "stopped"
    assert (await experiments.conclude(made.id, Conclusion())).state == "concluded"
    assert [item.id for item in (await experiments.page(ExperimentQuery())).items] == [made.id]
    assert (await experiments.show(made.id)).name == "t"
    rated = await feedback.give(NewFeedback(message="m", rating=1, prompt="p", version="4"))
    assert (await feedback.page(FeedbackQuery(prompt="p"))).items == [rated]
    assert (await feedback.versions(VersionsQuery())).items[0].good == 1


async def test_another_tenant_is_not_named_on_a_server() -> None:
    with pytest.raises(InvalidInput, match="this machine"):
        async with experimenting.opened(Options(server="http://localhost:1"), "acme"):
            pass
