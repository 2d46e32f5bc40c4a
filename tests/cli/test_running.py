"""`run` and `watch`: what is shown, asked, saved and returned."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pilothouse.cli.running import parse_answers, read_input
from pilothouse.errors import InvalidInput
from pilothouse.kit import postgres
from support.shell import Shell

Started = Callable[..., dict[str, Any]]


def test_a_run_is_shown_line_by_line_and_its_artifacts_are_saved(pilothouse: Shell) -> None:
    done = pilothouse("run", "orders", '{"customer": "Eve"}', "--yes", "--out", "made")
    assert done.code == 0
    lines = [line[8:] for line in done.out.splitlines()]
    assert "judge: Eve may buy. (confidence 0.70)" in lines
    assert "question colour: Which colour?" in lines
    assert "answered colour: red" in lines
    assert "ship done" in lines
    assert (pilothouse.folder / "made" / "receipt.txt").read_text() == "shipped to Eve in red\n"


def test_json_is_one_document_and_nothing_else(pilothouse: Shell) -> None:
    done = pilothouse("run", "orders", "--answer", "colour=blue", "--json", "--no-save")
    document = done.document
    assert (done.code, document["status"], document["output"]) == (0, "completed", "shipped to Ada in blue")
    assert [card["confidence"] for card in document["cards"]] == [0.7]
    assert [item["name"] for item in document["artifacts"]] == ["receipt.txt"]
    assert not (pilothouse.folder / f"orders-{document['run_id'][-8:]}").exists()


def test_untrusted_input_is_submitted_as_such(pilothouse: Shell) -> None:
    made = {
        told: pilothouse("run", "orders", *told, "--yes", "--json", "--no-save").document["run_id"]
        for told in ((), ("--untrusted",))
    }
    with postgres.attach(pilothouse.data) as attachment, psycopg.connect(attachment.dsn) as connection:
        for told, run_id in made.items():
            found = connection.execute("select untrusted from runs where id = %s", (run_id,)).fetchone()
            assert found == (bool(told),)


def test_an_unanswered_question_ends_with_3_and_can_be_answered_and_watched(pilothouse: Shell) -> None:
    asked = pilothouse("run", "orders", "--json")
    run = asked.document["run_id"]
    assert asked.code == 3
    assert asked.document["questions"][0]["key"] == "colour"
    assert "pilothouse answer" in asked.err
    assert pilothouse("answer", run, "colour=green").code == 2
    assert pilothouse("answer", run[-8:], "colour=BLUE").code == 0
    watched = pilothouse("watch", run, "--json", "--no-save")
    assert (watched.code, watched.document["output"]) == (0, "shipped to Ada in blue")


def test_a_wrong_answer_beforehand_is_refused_and_loses_nothing(pilothouse: Shell) -> None:
    done = pilothouse("run", "orders", "--answer", "colour=green", "--no-save")
    assert done.code == 2
    assert "Choose one of: red, blue" in done.err
    assert pilothouse("runs", "--status", "waiting", "--json").document[0]["status"] == "waiting"


def test_a_failed_run_ends_with_1_and_goes_on_after_a_retry(pilothouse: Shell, started: Started) -> None:
    path = pilothouse.folder / "needed.txt"
    failed = started("fails", str(path))
    assert (failed["status"], failed["error"]["step"]) == ("failed", "fragile#0")
    assert "No such file" in failed["error"]["message"]
    shown = pilothouse("show", failed["run_id"])
    assert "No such file" in shown.out
    path.write_text("there")
    assert "fragile#0" in pilothouse("retry", failed["run_id"]).out
    assert pilothouse("watch", failed["run_id"], "--json").document["output"] == "there"


def test_a_sleeping_run_is_followed_to_its_end(started: Started) -> None:
    assert started("naps")["output"] == "rested"


def test_a_run_of_a_workflow_that_is_not_installed_says_so(pilothouse: Shell, started: Started) -> None:
    run = started("orders")["run_id"]
    executable, *arguments = pilothouse.command("watch", run)
    without = [part for part in arguments if part not in {"--app", "shop:app"}]
    done = subprocess.run(
        [executable, *without], env=pilothouse.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "orders@1, which is not installed here" in done.stderr


def test_interrupted_runs_are_kept_and_go_on(pilothouse: Shell) -> None:
    process = subprocess.Popen(
        pilothouse.command("run", "slow", "0.5", "--no-save"),
        cwd=pilothouse.folder, env=pilothouse.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "dawdle done" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    run = err.split("pilothouse watch ")[1].split()[0]
    done = pilothouse("watch", run, "--json")
    assert (done.code, done.document["output"]) == (0, 1.5)


def test_a_killed_run_goes_on_where_it_was(pilothouse: Shell) -> None:
    process = subprocess.Popen(
        pilothouse.command("run", "slow", "0.4", "--no-save"),
        cwd=pilothouse.folder, env=pilothouse.environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert "dawdle done" in process.stdout.readline()
    process.kill()
    process.communicate()
    run = pilothouse("runs", "--workflow", "slow", "--limit", "1", "--json").document[0]["id"]
    started = time.monotonic()
    done = pilothouse("watch", run, "--json")
    assert (done.code, done.document["output"]) == (0, pytest.approx(1.2))
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nowhere"), "Known workflows"),
        (("run", "orders", '{"amount": -1}'), "amount: Input should be greater than 0"),
        (("run", "orders", '{"amount"'), "no valid JSON"),
        (("run", "orders", "--answer", "colour"), "key=value"),
        (("run", "orders", "text", "--input", "file"), "Give one of them"),
        (("run", "orders", "--input", "missing.json"), "cannot be read"),
        (("watch", "ffffffff"), "There is no run"),
        (("watch", "x"), "names no run"),
        (("runs", "--status", "lost"), "not valid"),
        (("answer", "ffffffff", "a=b"), "There is no run"),
        (("--app", "nothing", "runs"), "module:name"),
        (("--app", "nothing:app", "runs"), "cannot be loaded"),
        (("--app", "os:path", "runs"), "not a pilothouse.App"),
    ],
)
def test_bad_usage_is_a_message_and_2(pilothouse: Shell, arguments: tuple[str, ...], message: str) -> None:
    done = pilothouse(*arguments)
    assert (done.code, "Traceback" in done.err) == (2, False)
    assert message in done.err


def test_wrong_settings_are_all_named(pilothouse: Shell) -> None:
    done = pilothouse("runs", PILOTHOUSE_PORT="99999", PILOTHOUSE_HOST="0.0.0.0", PILOTHOUSE_WORKER_SLOT="1")  # noqa: S104 - refused
    assert done.code == 2
    for named in ("port", "host", "did you mean PILOTHOUSE_WORKER_SLOTS"):
        assert named in done.err


def test_answers_are_pairs() -> None:
    assert parse_answers(["a=b", "c=d=e", "f="]) == {"a": "b", "c": "d=e", "f": ""}
    with pytest.raises(InvalidInput, match="key=value"):
        parse_answers(["=x"])


def test_input_is_json_where_it_is_json_and_text_elsewhere(tmp_path: Path) -> None:
    file = tmp_path / "input.json"
    file.write_text('{"a": 1}')
    assert read_input(None, None) == b"null"
    assert read_input("a plain sentence", None) == b'"a plain sentence"'
    with pytest.raises(InvalidInput, match="no valid JSON"):
        read_input("{not json", None)
    with pytest.raises(InvalidInput, match="nested deeper than 10"):
        read_input("[" * 11 + "]" * 11, None)
    assert read_input("[" * 10 + "]" * 10, None) == b"[" * 10 + b"]" * 10
    assert read_input(None, file) == b'{"a":1}'
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_input(None, file)
