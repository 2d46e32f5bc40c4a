from decimal import Decimal

import pytest

from apps.mlops.intake.expectations import Case, cases, plain
from pilothouse.apps.mlops.coverage import answer, cover
from pilothouse.apps.mlops.coverage.answers import EXAMPLES
from pilothouse.apps.mlops.coverage.questions import QUESTIONS
from pilothouse.apps.mlops.intake import InvalidPrompt, UnusableAnswer, read
from pilothouse.apps.mlops.requirements import Origin

VAGUE = read("I need some AI for my company")
CLASHES = [case for case in cases("phrases.yaml") if case.get("clash")]


@pytest.mark.parametrize(
    ("key", "text", "field", "value"),
    [
        ("budget", "5k", "budget", "5000 USD"),
        ("budget", "about 5.000 € im Monat", "budget", "5000 EUR"),
        ("cloud", "aws", "cloud", "aws"),
        ("cloud", "AWS please", "cloud", "aws"),
        ("cloud", "not azure", "excluded_clouds", ["azure"]),
        ("cloud", "on-premises", "on_premises", True),
        ("cloud", "any cloud", "excluded_clouds", []),
        ("latency_ms", "200ms p95", "latency_ms", 200),
        ("latency_ms", "200ms p95", "latency_percentile", 95),
        ("latency_ms", "200", "latency_ms", 200),
        ("latency_percentile", "95", "latency_percentile", 95),
        ("availability", "99.9", "availability", 0.999),
        ("availability", "three nines", "availability", 0.999),
        ("throughput_rps", "500", "throughput_rps", 500),
        ("throughput_rps", "2000 users", "users", 2000),
        ("regions", "eu", "regions", ["eu"]),
        ("regions", "Turkey", "regions", ["turkey"]),
        ("regions", "us", "regions", ["us"]),
        ("retraining_days", "weekly", "retraining_days", 7),
        ("retraining_days", "every 2 weeks", "retraining_days", 14),
        ("team_skill", "low", "team_skill", "novice"),
        ("team_skill", "we are experts", "team_skill", "expert"),
        ("compliance", "no", "compliance", []),
        ("compliance", "GDPR and SOC 2", "compliance", ["gdpr", "soc2"]),
        ("users", "2000", "users", 2000),
        ("devices", "5k", "devices", 5000),
        ("context_documents", "20k", "context_documents", 20000),
        ("data_volume_gb", "500", "data_volume_gb", 500),
        ("data_growth_gb_per_month", "100 GB", "data_growth_gb_per_month", 100),
        ("deadline_weeks", "6 weeks", "deadline_weeks", 6),
        ("retention_days", "90 days", "retention_days", 90),
        ("team_size", "4", "team_size", 4),
        ("peak_factor", "3", "peak_factor", 3),
        ("gpu", "no", "gpu", False),
        ("gpu", "no GPUs", "gpu", False),
        ("explainability", "yes please", "explainability", True),
        ("personal_data", "ja", "personal_data", True),
        ("workload", "realtime", "workload", "online"),
        ("use_case", "we want to detect fraud", "use_case", "fraud_detection"),
        ("use_case", "recommendation", "use_case", "recommendation"),
        ("use_case", "other", "use_case", "general"),
        ("existing_stack", "kafka and postgres", "existing_stack", ["kafka", "postgresql"]),
        ("existing_stack", "glue", "existing_stack", ["glue"]),
        ("excluded_technologies", "kubernetes", "excluded_technologies", ["kubernetes"]),
        ("excluded_clouds", "AWS", "excluded_clouds", ["aws"]),
    ],
)
def test_an_answer_is_read_like_a_prompt_or_as_a_bare_value(
    key: str, text: str, field: str, value: object
) -> None:
    found = getattr(answer(VAGUE, key, text).requirements, field)
    assert plain(found.value) == value
    assert found.origin is Origin.ANSWERED
    assert found.span is None
    assert found.confidence >= 0.95
    assert text in found.note


@pytest.mark.parametrize("key", QUESTIONS)
def test_every_choice_and_default_of_a_question_answers_it(key: str) -> None:
    question = QUESTIONS[key]
    texts = {*question.choices, question.default, *(text for text, _ in question.by_workload.values())}
    values = set()
    for text in texts:
        after = answer(VAGUE, key, text).requirements
        assert after != VAGUE.requirements, text
        values.add(str(after.model_dump(exclude={"prompt"})))
    assert len(values) == len(texts)


@pytest.mark.parametrize("key", EXAMPLES)
def test_every_example_given_in_a_message_is_usable(key: str) -> None:
    for text in EXAMPLES[key]:
        assert getattr(answer(VAGUE, key, text).requirements, key) is not None


@pytest.mark.parametrize("case", CLASHES, ids=lambda case: str(case["say"]))
def test_every_choice_of_a_contradiction_settles_it(case: Case) -> None:
    intake = read(case["say"])
    inquiry = cover(intake).inquiries[0]
    outcomes = set()
    for choice in inquiry.choices:
        settled = answer(intake, inquiry.key, choice)
        assert settled.contradictions == ()
        outcomes.add(settled.requirements.model_dump_json(exclude={"prompt"}))
    assert len(outcomes) == len(inquiry.choices)


def test_the_answer_beats_what_it_contradicts() -> None:
    intake = read("Nightly batch scoring with 50 ms latency")
    key = "contradiction:workload+latency_ms"
    batch = answer(intake, key, "scheduled batch").requirements
    assert batch.latency_ms is None
    online = answer(intake, key, "real time").requirements
    assert online.latency_ms is not None
    assert online.latency_ms.value == 50


def test_only_the_contradicting_member_of_a_set_gives_way() -> None:
    intake = read("open source only, with Snowflake, Kafka and Airflow")
    settled = answer(intake, "contradiction:open_source_only+existing_stack", "open source only").requirements
    assert settled.existing_stack is not None
    assert settled.existing_stack.value == ("kafka", "airflow")
    kept = answer(intake, "contradiction:open_source_only+existing_stack", "use snowflake").requirements
    assert kept.existing_stack is not None
    assert set(kept.existing_stack.value) == {"snowflake", "kafka", "airflow"}
    assert kept.open_source_only is None


def test_what_follows_is_worked_out_again() -> None:
    intake = read("a system for our bank")
    assert intake.requirements.model_family is None
    after = answer(intake, "use_case", "fraud detection").requirements
    assert after.model_family is not None
    assert after.model_family.origin is Origin.INFERRED
    assert answer(intake, "use_case", "fraud detection").requirements.prompt == "a system for our bank"


def test_further_statements_in_an_answer_are_taken_where_nothing_was_said() -> None:
    intake = read("on Azure")
    after = answer(intake, "budget", "$5000 a month, on AWS, GDPR").requirements
    assert after.cloud is not None
    assert after.cloud.value == "azure"
    assert after.compliance is not None
    assert after.budget is not None
    assert after.budget.value.monthly == Decimal(5000)


def test_an_answer_may_bring_up_a_new_contradiction() -> None:
    after = answer(read("batch scoring"), "latency_ms", "50 ms")
    assert [item.fields for item in after.contradictions] == [("workload", "latency_ms")]


def test_other_contradictions_stay_open() -> None:
    intake = read("Real-time, but batch only. Budget $5000 a month, at most $3000 a month.")
    after = answer(intake, "contradiction:budget", "3000 USD a month")
    assert [item.fields for item in after.contradictions] == [("workload",)]


@pytest.mark.parametrize("text", ["I don't know", "skip", "default", "keine Ahnung"])
def test_who_does_not_know_gets_the_default_as_an_assumption(text: str) -> None:
    found = answer(VAGUE, "workload", text).requirements.workload
    assert found is not None
    assert (found.value, found.origin) == ("batch", Origin.ASSUMED)
    clash = read("Budget $5000 a month, at most $3000 a month.")
    assert answer(clash, "contradiction:budget", text).contradictions == ()
    with pytest.raises(UnusableAnswer, match="no default"):
        answer(VAGUE, "users", text)


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("workload", "dunno really", r"says nothing about the workload.*\"real-time predictions\""),
        ("budget", "a lot", r"says nothing about the budget.*\"500 USD per month\""),
        ("budget", "-5000 USD", "negative"),
        ("budget", "0 USD", "nothing runs for free"),
        ("cloud", " ", "empty"),
        ("cloud", "x" * 10_001, "too long"),
        ("cloud", "AWS\x00", "control character"),
        ("gpu", "maybe", r"\"yes\", \"no\""),
        ("colour", "blue", "no open question 'colour'"),
        ("prompt", "x", "no open question"),
        ("contradiction:budget", "5k", "no open question"),
    ],
)
def test_an_unusable_answer_is_refused_with_help(key: str, text: str, message: str) -> None:
    with pytest.raises(UnusableAnswer, match=message) as refused:
        answer(VAGUE, key, text)
    assert refused.value.key == key
    assert not isinstance(refused.value, InvalidPrompt)


def test_an_unusable_answer_to_a_contradiction_names_its_choices() -> None:
    intake = read("Budget $5000 a month, at most $3000 a month.")
    with pytest.raises(UnusableAnswer, match='"5000 USD per month", "3000 USD per month"'):
        answer(intake, "contradiction:budget", "hm")
