"""`pilothouse eval` against a simulated provider: who does better, what it costs, and how it ends."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

import pytest

from pilothouse.evaluations.results import load
from support.evaluated import Bench, by_version, judged, speaking, standings, topic_of
from support.provider import Asked, Provider, Reply, Usage, status, structured


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A folder with a good and a poor version."""
    made = Bench(tmp_path)
    made.prompt("Good")
    made.prompt("Poor")
    return made


@pytest.fixture
def provider(bench: Bench) -> Iterator[Provider]:
    """A provider that answers the good version rightly."""
    with speaking(by_version) as found:
        bench.settings(found.url)
        yield found


TWO = ("--prompt", "good.md", "--versions", "poor.md")


def test_a_version_that_does_worse_is_found_and_told_in_plain_words(bench: Bench, provider: Provider) -> None:
    bench.set(24)
    done = bench.eval("set.jsonl", *TWO, "--save", "results.json")
    assert done.code == 1, done.err
    assert (
        "poor.md with one:m: worse than good.md with one:m. Of 24 cases it alone passes 0, the other alone 8"
        in done.out
    )
    assert "66.7% of 24" in done.out
    assert "c1: equals: differs at topic" in done.out
    assert 'answered {"topic": "other"}; expected {"topic": "refund"}' in done.out
    assert "24 of 48" not in done.out
    assert "48 of 48 asked, 0 without a usable answer" in done.err
    assert "$2.4" in done.out  # 24 times 100 tokens at $1,000 a million
    kept = load(bench.folder / "results.json")
    assert (kept.complete, len(kept.sheets[0].trials), kept.checks) == (True, 24, ("equals",))
    assert bench.eval("set.jsonl", "--prompt", "poor.md", "--versions", "good.md").code == 0


def test_two_saved_results_can_be_compared(bench: Bench, provider: Provider) -> None:
    bench.set(24)
    assert bench.eval("set.jsonl", "--prompt", "good.md", "--save", "before.json").code == 0
    bench.prompt("Poor", "good.md")
    assert bench.eval("set.jsonl", "--prompt", "good.md", "--save", "after.json").code == 0
    done = bench.eval("--compare", "before.json", "after.json")
    assert (done.code, "worse than before, good.md" in done.out) == (1, True)
    back = bench.eval("--compare", "after.json", "before.json", "--json")
    assert (back.code, back.document["differences"][0]["verdict"]) == (0, "better")
    (bench.folder / "none.json").write_text("{}")
    assert bench.eval("--compare", "none.json", "after.json").code == 2


def test_what_is_required_decides_the_exit_code(bench: Bench, provider: Provider) -> None:
    bench.set(6)
    only = ("set.jsonl", "--prompt", "poor.md")
    assert bench.eval(*only, "--require", "0.6").code == 0
    done = bench.eval(*only, "--require", "0.7")
    assert (done.code, "passes 66.7%, less than the required 70.0%" in done.err) == (1, True)


def test_answers_that_waver_agree_less_with_themselves(bench: Bench) -> None:
    drawn = Random(7)

    def wavering(asked: Asked) -> Reply:
        wrong = drawn.random() < 0.3 and asked.model == "other"
        return structured({"topic": "other" if wrong else topic_of(asked.prompt)})

    bench.set(40)
    with speaking(wavering) as provider:
        bench.settings(provider.url)
        words = ("--prompt", "good.md", "--models", "default,other", "--repeat", "3", "--json")
        steady, wavers = standings(bench.eval("set.jsonl", *words))
    assert (steady["model"], steady["agreement"], steady["repeats"]) == ("one:m", 1.0, 3)
    assert 0.6 < wavers["passed"]["value"] < 0.8
    assert wavers["agreement"] == pytest.approx(0.7**2 + 0.3**2, abs=0.12)
    assert abs(wavers["kappa"]) < 0.25
    assert len(provider.requests) == 240


def test_nothing_more_is_asked_once_all_is_spent(bench: Bench, provider: Provider) -> None:
    bench.set(30)
    done = bench.eval("set.jsonl", *TWO, "--most-cost", "1", "--at-once", "1", "--json")
    assert len(provider.requests) == 10
    assert done.code == 1
    assert "is not finished" in done.err
    assert [(one["cases"], one["left_out"]) for one in standings(done)] == [(5, 25), (5, 25)]


def test_a_provider_that_fails_in_the_middle_is_told_case_by_case(bench: Bench) -> None:
    def failing(asked: Asked) -> Reply:
        return status(503, "overloaded") if asked.number > 4 else by_version(asked)

    bench.set(6)
    with speaking(failing) as provider:
        bench.settings(provider.url)
        done = bench.eval("set.jsonl", "--prompt", "good.md", "--at-once", "1")
    assert done.code == 0
    assert "66.7% of 6" in done.out
    assert "c4: provider_failed: one:m failed (503): overloaded" in done.out
    with speaking(lambda _: status(401, "no")) as provider:
        bench.settings(provider.url)
        done = bench.eval("set.jsonl", "--prompt", "good.md")
    assert (done.code, "gave no usable answer at all" in done.err) == (1, True)


def test_what_was_there_is_kept_where_it_is_interrupted(bench: Bench) -> None:
    def interrupting(asked: Asked) -> Reply:
        if asked.number == 6:
            os.kill(os.getpid(), signal.SIGINT)
            return status(503)
        return by_version(asked)

    bench.set(30)
    with speaking(interrupting) as provider:
        bench.settings(provider.url)
        done = bench.eval("set.jsonl", "--prompt", "good.md", "--at-once", "1", "--save", "part.json")
    assert done.code == 130
    kept = load(bench.folder / "part.json")
    assert not kept.complete
    assert [trial.case for trial in kept.sheets[0].trials] == ["c0", "c1", "c2", "c3", "c4"]


def test_an_answer_of_the_wrong_type_is_repaired_or_fails(bench: Bench) -> None:
    numbers = count()

    def spoiling(asked: Asked) -> Reply:
        if "c-never" in asked.prompt or next(numbers) == 0:
            return structured({"subject": "refund"})
        if "is not valid" in json.dumps(asked.json) and "parcel" not in json.dumps(asked.json):
            return structured({"subject": "refund"})
        return structured({"topic": "delivery"}, usage=Usage(100, 0))

    bench.set(1)
    with speaking(spoiling) as provider:
        bench.settings(provider.url)
        done = bench.eval("set.jsonl", "--prompt", "good.md", "--json")
    assert standings(done)[0]["passed"]["value"] == 1.0
    assert len(provider.requests) == 2
    with speaking(lambda _: structured({"subject": "refund"})) as provider:
        bench.settings(provider.url)
        done = bench.eval("set.jsonl", "--prompt", "good.md")
    assert len(provider.requests) == 3
    assert "answer_invalid: This is not of the schema" in done.out


def test_experts_are_compared_with_models(bench: Bench, provider: Provider) -> None:
    bench.set(24)
    done = bench.eval("set.jsonl", "--prompt", "poor.md", "--expert", "desk.triage", "--json")
    assert [(one["version"], one["model"]) for one in standings(done)] == [
        ("poor.md", "one:m"),
        ("expert", "triage"),
    ]
    assert done.document["differences"][0]["verdict"] == "better"
    refused = bench.eval("set.jsonl", "--expert", "calling")
    assert (refused.code, "The expert of calling uses ctx.now" in refused.err) == (2, True)
    assert len(provider.requests) == 24


def test_a_judge_gives_scores_and_tells_how_far_it_agrees_with_itself(bench: Bench) -> None:
    turns = count()

    def judging(asked: Asked) -> Reply:
        if not judged(asked):
            return by_version(asked)
        good = "other" not in asked.prompt or next(turns) % 2 == 0
        return structured({"why": "because", "score": 0.9 if good else 0.2}, usage=Usage(50, 0))

    bench.set(6)
    with speaking(judging) as provider:
        bench.settings(provider.url)
        words = ("--prompt", "poor.md", "--judge", "default:other", "--judge-repeat", "2", "--at-once", "1")
        done = bench.eval("set.jsonl", *words, "--json")
        (one,) = standings(done)
        assert len(provider.requests) == 6 + 12
        assert one["checks"] == {"judge default": pytest.approx((4 * 0.9 + 2 * 0.55) / 6)}
        assert one["judges"] == {"judge default": pytest.approx(4 / 6)}
        assert (one["cost"], one["judging"]) == ("1.200", "0.600")
        text = bench.eval("set.jsonl", *words)
    assert "judge default on poor.md with one:m: agrees with itself in 67%; judging cost $0.6" in text.out


def test_a_judge_that_cannot_be_asked_fails_the_answer(bench: Bench) -> None:
    bench.set(3)
    with speaking(lambda asked: status(500) if judged(asked) else by_version(asked)) as provider:
        bench.settings(provider.url)
        done = bench.eval("set.jsonl", "--prompt", "good.md", "--judge", "default")
    assert done.code == 1
    assert "not judged by judge default: provider_failed" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prompt", "good.md", "--models", "free"), "Nobody knows what 'one:free' costs"),
        (("--prompt", "good.md", "--models", "nobody"), "is no model"),
        (("--prompt", "good.md", "--check", "os:sep"), "is no function"),
        (("--prompt", "good.md", "--check", "nothing"), "is no check"),
        (("--prompt", "good.md", "--tag", "urgent"), "has the tag urgent"),
        (("--prompt", "good.md", "--baseline", "3"), "The baseline 3 is not evaluated"),
        (("--prompt", "good.md", "--most-cost", "much"), "is no amount"),
        (("--prompt", "good.md", "--agent", "nobody"), "none of the installed agents"),
        (("--prompt", "none.md"), "cannot be read"),
        (("--prompt", "good.md", "--save", "no/where.json"), "cannot be written"),
        ((), "Nothing is named to be evaluated"),
        (("--prompt", "good.md", "--judge", "good.md"), "cannot judge"),
    ],
)
def test_wrong_input_is_told_before_anything_is_asked(
    bench: Bench, provider: Provider, words: tuple[str, ...], said: str
) -> None:
    bench.set(3)
    done = bench.eval("set.jsonl", *words)
    assert (done.code, said in done.err) == (2, True), (done.out, done.err)
    assert not provider.requests


def test_cases_that_do_not_fit_are_named(bench: Bench, provider: Provider) -> None:
    file = bench.set(3)
    file.write_text('{"id": "a", "variables": {"ticket": "parcel"}}')
    done = bench.eval("set.jsonl", "--prompt", "good.md", "--check", "equals")
    assert (done.code, "needs what is expected; so say nothing: a" in done.err) == (2, True)
    assert bench.eval("set.jsonl", "--prompt", "good.md").code == 2
    assert bench.eval("set.jsonl", "--prompt", "good.md", "--check", "support.evaluated:again").code == 0
    file.write_text('{"id": "a", "variables": {"text": "parcel"}, "expected": 1}')
    done = bench.eval("set.jsonl", "--prompt", "good.md")
    assert (done.code, "does not fit version" in done.err) == (2, True)


def test_a_line_for_each_answer(bench: Bench, provider: Provider) -> None:
    bench.set(2, tags=["urgent"])
    done = bench.eval("set.jsonl", "--prompt", "good.md", "--tag", "urgent", "--csv", "--repeat", "2")
    lines = done.out.splitlines()
    assert lines[0] == "version,model,case,repeat,passed,failure,output,tokens,cost,latency_ms,equals"
    assert lines[4].startswith('good.md,one:m,c1,2,1,,"{""topic"": ""refund""}",110,0.1')
    assert len(lines) == 5


def test_an_agent_gives_the_type_and_checks_answers_as_it_does_in_runs(
    bench: Bench, provider: Provider
) -> None:
    bench.set(3)
    file = bench.folder / "poor.md"
    file.write_text(file.read_text().replace(file.read_text().splitlines()[2], "output: Triage"))
    refused = bench.eval("set.jsonl", "--prompt", "poor.md")
    assert (refused.code, "answers with Triage, a type of some agent" in refused.err) == (2, True)
    done = bench.eval("set.jsonl", "--prompt", "poor.md", "--agent", "desk.checked")
    assert "c1: answer_invalid: nobody sorts money so" in done.out
    assert len(provider.requests) == 1 + 3 + 1  # one case was asked again twice


def test_versions_that_are_the_same_are_asked_once(bench: Bench, provider: Provider) -> None:
    bench.set(3)
    bench.prompt("Good", "again.md")
    done = bench.eval("set.jsonl", "--prompt", "good.md", "--versions", "again.md")
    assert "again.md and good.md are the same version: it is asked once, as good.md." in done.err
    assert len(provider.requests) == 3
