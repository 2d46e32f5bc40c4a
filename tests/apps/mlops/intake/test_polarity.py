import pytest

from pilothouse.apps.mlops.intake.reading import look


def denied(text: str) -> list[str]:
    reading = look(text)
    return [str(hit.value) for hit in reading.of("technology") if hit.negated]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("no Kafka", ["kafka"]),
        ("no Kafka and Spark", ["kafka"]),
        ("no Kafka or Spark", ["kafka", "spark"]),
        ("without Kafka and Spark", ["kafka", "spark"]),
        ("without Kafka, Spark and Redis", ["kafka", "spark", "redis"]),
        ("not Kafka, Redis", ["kafka"]),
        ("we do not want to use Kafka", ["kafka"]),
        ("we do not need much but Kafka", []),
        ("no need for Kafka", ["kafka"]),
        ("not only Kafka", []),
        ("not more than 5 ms on Kafka", []),
        ("Kafka is not allowed", ["kafka"]),
        ("Kafka and Spark are not allowed", ["kafka", "spark"]),
        ("Redis and Spark is not allowed", ["spark"]),
        ("Kafka. Not allowed: phones", []),
        ("we are not allowed to use Kafka", ["kafka"]),
        ("instead of Kafka, Redis", ["kafka"]),
        ("No, Kafka", []),
        ("no internet for Kafka", []),
        ("kein Kafka", ["kafka"]),
        ("ohne Kafka oder Spark", ["kafka", "spark"]),
        ("Kafka ist nicht erlaubt", ["kafka"]),
        ("pas de Kafka", ["kafka"]),
        ("Kafka est interdit", ["kafka"]),
        ("sin Kafka", ["kafka"]),
        ("Kafka está prohibido", ["kafka"]),
        ("senza Kafka", ["kafka"]),
        ("nobody knows Kafka", ["kafka"]),
    ],
)
def test_a_negation_reaches_what_it_denies_and_no_further(text: str, values: list[str]) -> None:
    assert denied(text) == values


def test_the_span_of_a_denial_holds_its_negation() -> None:
    reading = look("Please, no Kafka here. Spark is not allowed.")
    spans = [reading.span(hit.first, hit.last).text for hit in reading.of("technology")]
    assert spans == ["no Kafka", "Spark is not allowed"]


def test_a_distant_member_of_a_denied_list_keeps_a_span_of_its_own() -> None:
    reading = look("without Kafka, Spark, Redis, Airflow, Flink or Docker")
    last = reading.of("technology")[-1]
    assert last.negated
    assert reading.span(last.first, last.last).text == "Docker"
