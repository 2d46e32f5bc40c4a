import pytest

from pilothouse.apps.mlops.intake import read
from pilothouse.apps.mlops.intake.resolve import alike


@pytest.mark.parametrize(
    ("prompt", "users"),
    [
        ("2 million customers, 500 employees", 2_000_000),
        ("500 employees, 2 million customers", 2_000_000),
        ("500 users, sorry, 300 users", 300),
    ],
)
def test_the_larger_size_stands_unless_it_was_corrected(prompt: str, users: int) -> None:
    found = read(prompt).requirements.users
    assert found is not None
    assert found.value == users


def test_a_surer_statement_beats_an_earlier_hint() -> None:
    found = read("always on, 99.99% uptime").requirements.availability
    assert found is not None
    assert found.value == 0.9999


def test_a_correction_counts_only_where_it_is_near() -> None:
    far = " ".join(["word"] * 30)
    assert read(f"on AWS. Actually {far} on Azure").contradictions
    assert not read("on AWS. Actually on Azure").contradictions


def test_a_set_spans_its_members_within_a_sentence_and_the_surest_across() -> None:
    near = read("GDPR, and HIPAA").requirements.compliance
    apart = read("We mind GDPR. And there is HIPAA.").requirements.compliance
    assert near is not None
    assert near.span is not None
    assert near.span.text == "GDPR, and HIPAA"
    assert apart is not None
    assert apart.span is not None
    assert apart.span.text == "GDPR"
    assert len(apart.value) == 2


def test_a_stated_country_is_preferred_to_an_adjective() -> None:
    found = read("a German bank, hosted in France").requirements.regions
    assert found is not None
    assert found.value == ("france",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(100.0, 102.0, True), (100.0, 110.0, False), (True, False, False), ("a", "a", True), (1, 1.0, True)],
)
def test_numbers_within_three_percent_are_alike(one: object, other: object, same: bool) -> None:
    assert alike(one, other) is same
