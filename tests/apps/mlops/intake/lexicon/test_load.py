from importlib import resources

import pytest

from pilothouse.apps.mlops.intake.lexicon.load import TABLES, lexicon, names, parse, vocabulary
from pilothouse.apps.mlops.requirements import Cloud, Requirements, UseCase

SILENT = {"cue", "polarity", "correction", "ignored", "frequency", "technology", "expertise"}
ASIDES = {"open_cloud", "self_hosted", "no_regime"}
FOLDER = resources.files("pilothouse.apps.mlops.intake.lexicon") / "words"


@pytest.mark.parametrize("table", TABLES)
def test_phrases_are_folded_confidences_are_shares_and_fields_exist(table: str) -> None:
    entries = list(parse((FOLDER / f"{table}.txt").read_text(encoding="ascii")))
    assert entries
    for entry in entries:
        assert 0 < entry.confidence <= 1
        assert entry.field in Requirements.model_fields or entry.field in SILENT | ASIDES
        assert all(word == word.lower() and "-" not in word for word in entry.words), entry
        assert entry.words[0] != "~"
        assert entry.words[-1] != "~"
        assert "*" not in entry.words[0] or len(entry.words[0].strip("*")) >= 3, entry


def test_no_phrase_means_two_values_of_one_field() -> None:
    meanings: dict[tuple[str, tuple[str, ...]], set[object]] = {}
    for table in TABLES:
        for entry in parse((FOLDER / f"{table}.txt").read_text(encoding="ascii")):
            if entry.field not in {"cue", "technology", "data_kinds", "sources", "compliance"}:
                meanings.setdefault((entry.field, entry.words), set()).add(entry.value)
    assert {key: values for key, values in meanings.items() if len(values) > 1} == {}


def test_no_word_of_the_units_means_two_things() -> None:
    seen: set[tuple[str, str]] = set()
    for entry in parse((FOLDER / "units.txt").read_text(encoding="ascii")):
        assert len(entry.words) == 1
        assert (entry.field, entry.words[0]) not in seen, entry
        seen.add((entry.field, entry.words[0]))


def test_an_entry_is_found_by_its_word_its_stem_or_its_ending() -> None:
    words = lexicon()
    assert any(entry.value is Cloud.AWS for entry in words.starting("aws", ""))
    assert any(entry.value is UseCase.CHURN for entry in words.starting("churning", "customers"))
    assert any(entry.value is UseCase.FORECASTING for entry in words.starting("umsatzprognose", ""))
    assert not any(entry.field == "use_case" for entry in words.starting("xyzzy", "plugh"))


def test_values_are_known_by_their_own_names() -> None:
    assert names("use_case")["fraud detection"] is UseCase.FRAUD_DETECTION
    assert names("regions")["new zealand"] == "new-zealand"
    assert vocabulary("period")["wochen"] == "week"


@pytest.mark.parametrize("table", ["cloud = mars @ 0.9\n    mars", "cloud = aws @ much\n    aws"])
def test_a_malformed_table_is_refused(table: str) -> None:
    with pytest.raises(ValueError, match=r"mars|much"):
        list(parse(table))
