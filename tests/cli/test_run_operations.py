"""Forking, labelling, moving and counting runs, and cancelling and retrying many, from the command line."""

from __future__ import annotations

from pathlib import Path

from support.shell import Client, Shell


def test_a_run_is_labelled_found_forked_and_counted(pilothouse: Shell) -> None:
    first = pilothouse(
        "run", "orders", "--label", "name=one", "--answer", "colour=red", "--json", "--no-save"
    )
    parent = first.document["run_id"]
    assert first.document["output"] == "shipped to Ada in red"
    made = pilothouse("fork", parent[-8:], "--answer", "colour=blue", "--json")
    assert made.code == 0, made.err
    fork = made.document["id"]
    watched = pilothouse("watch", fork, "--json", "--no-save").document
    assert (watched["output"], watched["status"]) == ("shipped to Ada in blue", "completed")
    assert [item["name"] for item in watched["artifacts"]] == ["receipt.txt"]
    assert pilothouse("label", fork, "name=two", "first=").out == f"run {fork[-8:]} has name=two\n"
    listed = pilothouse("runs", "--label", "name=one", "--where", "has_open_questions=false")
    assert (parent[-8:] in listed.out, fork[-8:] in listed.out, "name=one" in listed.out) == (
        True,
        False,
        True,
    )
    figures = pilothouse("stats").out
    assert "orders" in figures
    assert "until completed: p50" in figures


def test_the_same_on_a_server(remote: Client, tmp_path: Path) -> None:
    path = tmp_path / "needed.txt"
    failed = remote("run", "fails", str(path), "--label", "kind=file", "--json").document["run_id"]
    fork = remote("fork", failed, "--at", "fragile#0", "--json").document
    assert fork["forked_from"] == failed
    path.write_text("there")
    done = remote("retry", "--label", "kind=file", "--json").document
    assert done["done"] == done["matched"] - len(done["refused"])
    assert done["done"] >= 1
    refused = remote("move", "--workflow", "fails", "--to", "9")
    assert (refused.code, "no version 9" in refused.err) == (2, True)


def test_all_runs_are_meant_only_where_that_is_said(pilothouse: Shell) -> None:
    done = pilothouse("cancel")
    assert (done.code, "every run would be meant" in done.err, "Traceback" in done.err) == (2, True, False)
