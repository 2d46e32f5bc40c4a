"""The same commands on a server: over the public API and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.shell import Client


def test_a_run_is_submitted_answered_and_followed(remote: Client) -> None:
    said = ("--answer", "colour=blue", "--untrusted", "--out", "made")
    done = remote("run", "orders", '{"customer": "Zoë"}', *said)
    assert done.code == 0
    assert "judge: Zoë may buy. (confidence 0.70)" in done.out
    assert (remote.folder / "made" / "receipt.txt").read_text() == "shipped to Zoë in blue\n"


def test_a_waiting_run_is_found_answered_watched_and_compared(remote: Client) -> None:
    first = remote("run", "orders", "--json")
    assert first.code == 3
    run = first.document["run_id"]
    assert run in [row["id"] for row in remote("runs", "--status", "waiting", "--json").document]
    assert remote("answer", run[-8:], "colour=red").code == 0
    assert remote("watch", run, "--json", "--no-save").document["output"] == "shipped to Ada in red"
    other = remote("run", "orders", "--answer", "colour=blue", "--json", "--no-save").document["run_id"]
    differences = remote("diff", run, other, "--json").document
    assert [(item["section"], item["item"]) for item in differences] == [
        ("output", "output"),
        ("artifacts", "receipt.txt"),
    ]


def test_a_failed_run_is_retried_there(remote: Client, tmp_path: Path) -> None:
    path = tmp_path / "needed.txt"
    failed = remote("run", "fails", str(path), "--json")
    assert failed.code == 1
    path.write_text("there")
    assert "fragile#0" in remote("retry", failed.document["run_id"]).out
    assert remote("watch", failed.document["run_id"], "--json").document["output"] == "there"


def test_a_waiting_run_is_cancelled(remote: Client) -> None:
    run = remote("run", "orders", "--json").document["run_id"]
    assert "cancelled" in remote("cancel", run).out
    assert remote("watch", run, "--json").code == 1
    again = remote("cancel", run)
    assert (again.code, "Traceback" in again.err) in {(0, False), (2, False)}


def test_what_there_is_is_listed(remote: Client) -> None:
    assert {"orders", "slow"} <= {item["name"] for item in remote("workflows", "--json").document}
    assert "judge" in remote("agents").out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nowhere"), "no workflow"),
        (("run", "orders", '{"amount": -1}'), "greater than 0"),
        (("watch", "ffffffff"), "There is no run"),
    ],
)
def test_the_servers_problems_are_messages(remote: Client, arguments: tuple[str, ...], message: str) -> None:
    done = remote(*arguments)
    assert (done.code, "Traceback" in done.err) == (2, False)
    assert message in done.err


def test_a_server_that_is_not_there_is_said_to_be_away(remote: Client) -> None:
    done = replace(remote, app="http://127.0.0.1:9")("runs")
    assert done.code == 1
    assert "Is `pilothouse serve` running there?" in done.err


def test_an_address_that_is_none_is_refused(remote: Client) -> None:
    assert replace(remote, app="127.0.0.1:8000")("runs").code == 2
