"""`pilothouse prompts optimise`: what wins, on which cases it is judged, and what is made of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pilothouse.app import SEALED
from pilothouse.cli import evaluating, optimising
from pilothouse.cli.opening import Options
from pilothouse.evaluations.candidates import shuffled, with_examples
from pilothouse.evaluations.schemas import Case
from pilothouse.evaluations.searching import split
from pilothouse.evaluations.sets import read_set
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import local_scope
from pilothouse.kit.session import Database
from pilothouse.prompts.book import PromptBook, PromptParts
from pilothouse.prompts.book_schemas import LabelMove, NewPromptVersion
from pilothouse.prompts.files import Source, read
from pilothouse.prompts.repository import PromptRepository
from pilothouse.prompts.shipped import ShippedPrompts
from pilothouse.prompts.writing import written
from support.evaluated import BODY, HEAD, Bench, by_version, speaking
from support.kept import vault_over
from support.provider import Asked, Provider, Reply, Usage, structured

NAME = "support/triage"
RUN = ("prompts", "optimise", NAME, "set.jsonl")


@pytest.fixture
def bench(tmp_path: Path, conninfo: str, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A folder with a set, whose commands find the poor version in production."""

    @asynccontextmanager
    async def opened(_options: Options, _tenant: str | None = None) -> AsyncIterator[PromptBook]:
        database, scope = Database(conninfo, connections=1), local_scope()
        vault = vault_over(conninfo, tmp_path / "secrets", columns=SEALED)
        parts = PromptParts(ShippedPrompts(), vault, SystemClock(), Ids())
        try:
            async with database.session(scope) as session:
                book = PromptBook(PromptRepository(session, scope), parts, scope)
                made = await book.create(NAME, NewPromptVersion(text=HEAD + BODY % "Poor"))
                if made.number == 1 and "production" not in made.labels:
                    await book.move(NAME, "production", LabelMove(version="1"))
                yield book
        finally:
            await vault.close()
            await database.close()

    monkeypatch.setattr(evaluating, "opened", opened)
    monkeypatch.setattr(optimising, "opened", opened)
    made = Bench(tmp_path)
    made.set(60)
    return made


@pytest.fixture
def provider(bench: Bench) -> Iterator[Provider]:
    """A provider that answers what says `Good` rightly."""
    with speaking(by_version) as found:
        bench.settings(found.url)
        yield found


def test_the_best_candidate_wins_is_judged_on_other_cases_and_gets_a_label(
    bench: Bench, provider: Provider
) -> None:
    bench.prompt("Good", "drafts/good.md")
    bench.prompt("Poor again", "drafts/poor.md")
    done = bench(*RUN, "--candidates", "drafts", "--create")
    assert done.code == 0, done.err
    assert "good.md with one:m: better than production with one:m" in done.out
    assert "Version 2 of support/triage is labelled candidate." in done.out
    seen, held = split(read_set(bench.folder / "set.jsonl"))
    asked_for_good = [one for one in provider.requests if "Good" in json.dumps(one.json)]
    assert len(asked_for_good) == len(seen) + len(held)  # no case is asked twice
    again = bench(*RUN, "--candidates", "drafts", "--json").document
    assert again["winner"] == "good.md"
    assert again["held_back"][0]["cases"] == len(held)
    assert again == bench(*RUN, "--candidates", "drafts", "--json").document | {
        "held_back": again["held_back"]  # which tell how long answers took
    }


def test_what_does_no_better_becomes_no_version(bench: Bench, provider: Provider) -> None:
    bench.prompt("Poor again", "drafts/poor.md")
    done = bench(*RUN, "--candidates", "drafts", "--create")
    assert "No candidate does better than production." in done.out
    assert "No version was made" in done.out


def test_a_writer_is_shown_what_fails_and_its_bodies_are_tried(bench: Bench) -> None:
    def writing(asked: Asked) -> Reply:
        said = json.dumps(asked.json)
        if "You improve prompts" not in said:
            return by_version(asked)
        assert "answered {" in asked.prompt
        assert "Poor" in asked.prompt
        bodies = {"This is attempt 1": BODY % "Good", "This is attempt 2": "{{ nobody }}"}
        body = next((body for words, body in bodies.items() if words in asked.prompt), BODY % "Poor too")
        return structured({"body": body}, usage=Usage(1_000, 0))

    with speaking(writing) as provider:
        bench.settings(provider.url)
        done = bench(*RUN, "--writer", "other", "--rewrites", "3", "--json")
    assert done.code == 0, done.err
    assert "rewrite 2 is left out" in done.err
    assert done.document["winner"] == "rewrite 1"
    assert read(NAME, Source(done.document["text"])).body == (BODY % "Good").rstrip()


def test_a_search_ends_where_all_is_spent(bench: Bench, provider: Provider) -> None:
    bench.prompt("Good", "drafts/good.md")
    done = bench(*RUN, "--candidates", "drafts", "--most-cost", "2", "--at-once", "1")
    assert (done.code, "are spent before the search has ended" in done.err) == (1, True)
    assert len(provider.requests) == 20


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "There is no candidate beside"),
        (("--candidates", "none"), "There is no .md file"),
        (("--version", "7", "--examples", "1"), "no version 7"),
    ],
)
def test_what_cannot_be_searched_is_told(
    bench: Bench, provider: Provider, words: tuple[str, ...], said: str
) -> None:
    done = bench(*RUN, *words)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not provider.requests


def test_few_cases_are_refused(bench: Bench, provider: Provider) -> None:
    bench.set(9)
    done = bench(*RUN, "--examples", "2")
    assert (done.code, "would be held back" in done.err) == (2, True)


def test_examples_are_chosen_by_the_seed_and_are_not_judged_by() -> None:
    cases = [
        Case(id=str(n), variables={"ticket": f"money {n}"}, expected={"topic": "refund"}) for n in range(20)
    ]
    version = read(NAME, Source(HEAD + BODY % "Poor"))
    made = with_examples(version, cases, 4, "a")
    assert [len(one.shown) for one in made] == [2, 4, 8, 2]
    assert made == with_examples(version, list(reversed(cases)), 4, "a")
    assert made != with_examples(version, cases, 4, "b")
    assert {case.id for case in made[1].fair(cases)} == {case.id for case in cases} - made[1].shown
    assert read(NAME, Source(written(made[2].version))).digest == made[2].version.digest
    assert shuffled(cases, "a") != cases
    assert with_examples(version, cases[:1], 4, "a") == []
