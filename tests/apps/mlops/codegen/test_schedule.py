"""Schedules: days between runs as cron lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.apps.mlops.codegen.schedule import eventbridge, unix_cron


@pytest.mark.parametrize(
    ("days", "cron", "schedule"),
    [
        (1 / 24, "0 * * * *", "cron(0 * ? * * *)"),
        (0.25, "0 */6 * * *", "cron(0 */6 ? * * *)"),
        (1, "0 3 * * *", "cron(0 3 ? * * *)"),
        (7, "0 3 * * 1", "cron(0 3 ? * MON *)"),
        (14, "0 3 1,15 * *", "cron(0 3 1,15 * ? *)"),
        (30, "0 3 1 * *", "cron(0 3 1 * ? *)"),
        (365, "0 3 1 1,4,7,10 *", "cron(0 3 1 1,4,7,10 ? *)"),
    ],
)
def test_an_interval_becomes_a_line(days: float, cron: str, schedule: str) -> None:
    assert unix_cron(days) == cron
    assert eventbridge(cron) == schedule


@given(st.floats(0.01, 10_000))
def test_every_interval_gives_five_fields_and_one_question_mark(days: float) -> None:
    cron = unix_cron(days)

    assert len(cron.split()) == 5
    assert eventbridge(cron).count("?") == 1


def test_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="every 0"):
        unix_cron(0)
