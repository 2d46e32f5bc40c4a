import pytest

from pilothouse.apps.mlops.intake import read

NO_CALENDAR = "a date was named; intake knows no calendar, so 13 weeks are assumed"
ON_DRIFT = "triggered by drift; at least monthly is assumed"


@pytest.mark.parametrize(
    ("prompt", "field", "words", "note"),
    [
        ("budget 5000 a month", "budget", "5000 a month", "no currency was named; US dollars are assumed"),
        ("budget $5000", "budget", "$5000", "no period was named; a monthly budget is assumed"),
        ("2-3k USD monthly", "budget", "2-3k USD monthly", "the upper end of the range is designed for"),
        ("one-off budget of $12k", "budget", "$12k", "a one-off amount, spread over twelve months"),
        ("latency 200", "latency_ms", "200", "no unit was named; milliseconds are assumed"),
        ("50 million rows", "data_volume_gb", "50 million rows", "one kilobyte per row is assumed"),
        ("peak 3k rps", "throughput_rps", "3k rps", "only a peak was stated; the mean is taken as 1/3 of it"),
        (
            "live by Q3",
            "deadline_weeks",
            "by Q3",
            NO_CALENDAR,
        ),
        ("AWS or GCP", "cloud", "AWS", "gcp would do as well"),
        ("AWS and GCP", "cloud", "AWS", "gcp is used as well"),
        ("real-time and batch", "workload", "real-time", "also named: batch"),
        ("data must stay in France", "regions", "France", "data must stay there"),
        ("data must not leave France", "regions", "France", "data must stay there"),
        ("no data outside France", "regions", "no data outside France", "data must stay there"),
        (
            "retrain when drift is seen",
            "retraining_days",
            "when drift",
            ON_DRIFT,
        ),
        ("12 stores with cameras", "devices", "12 stores", "one device per site is assumed"),
        ("no compliance", "compliance", "no compliance", "no regime applies"),
    ],
)
def test_what_was_assumed_in_reading_is_noted(prompt: str, field: str, words: str, note: str) -> None:
    found = getattr(read(prompt).requirements, field)
    assert found.note == note
    assert found.span.text == words


@pytest.mark.parametrize(
    ("prompt", "field", "low", "high"),
    [
        ("2-3k USD monthly", "budget", 2000, 3000),
        ("$24k-36k a year", "budget", 2000, 3000),
        ("100-200 rps", "throughput_rps", 100, 200),
        ("latency of 50-100 ms", "latency_ms", 50, 100),
        ("2-3 TB of data", "data_volume_gb", 2000, 3000),
        ("live in 4-8 weeks", "deadline_weeks", 4, 8),
    ],
)
def test_a_range_is_kept_and_its_upper_end_taken(prompt: str, field: str, low: float, high: float) -> None:
    found = getattr(read(prompt).requirements, field)
    assert (found.low, found.high) == (low, high)
    value = found.value.monthly if field == "budget" else found.value
    assert float(value) == high


@pytest.mark.parametrize(
    ("surer", "less_sure", "field"),
    [
        ("budget $5000/month", "some $5000", "budget"),
        ("p99 under 100 ms", "within 2 minutes", "latency_ms"),
        ("99.9% uptime", "some 99.9%", "availability"),
        ("XGBoost", "decision trees", "model_family"),
        ("hosted in Germany", "a German bank", "regions"),
        ("2000 users", "thousands of users", "users"),
    ],
)
def test_a_plain_statement_is_surer_than_a_hint(surer: str, less_sure: str, field: str) -> None:
    plain, hint = (getattr(read(prompt).requirements, field) for prompt in (surer, less_sure))
    assert plain.confidence > hint.confidence
