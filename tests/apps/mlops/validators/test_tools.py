from __future__ import annotations

import pytest

from apps.mlops.validators.samples import changed, repository
from pilothouse.apps.mlops.validators.lint import result_of_ruff, start_ruff
from pilothouse.apps.mlops.validators.model import ValidatorResult
from pilothouse.apps.mlops.validators.own_tests import result_of_tests, start_tests
from pilothouse.apps.mlops.validators.process import running, written


def linted(files: dict[str, bytes]) -> ValidatorResult:
    with written(files) as (folder, home):
        tools = start_ruff(files, folder, home)
        with running(*tools):
            return result_of_ruff(tools, files)


def ran(files: dict[str, bytes], deadline: float = 60) -> ValidatorResult:
    with written(files) as (folder, home):
        tool = start_tests(folder, home, deadline)
        with running(tool):
            return result_of_tests(tool, files, folder, home)


def places(result: ValidatorResult) -> list[tuple[str, str]]:
    return [(item.place, item.rule) for item in result.findings]


def test_ruff_reports_file_line_and_rule() -> None:
    assert places(linted(changed("src/demo.py", "def", "import os\n\n\ndef"))) == [("src/demo.py:1", "F401")]
    broken = places(linted(changed("src/demo.py", "value: int)", "value: int")))
    assert broken
    assert {rule for _, rule in broken} == {"invalid-syntax"}
    assert {place.split(":")[0] for place, _ in broken} == {"src/demo.py"}


def test_a_file_that_is_not_formatted_is_reported() -> None:
    assert places(linted(changed("src/demo.py", "2 * value", "2*value"))) == [
        ("src/demo.py:2", "unformatted")
    ]


def test_ruff_without_configuration_uses_none_from_above() -> None:
    result = linted({"a.py": b"import os\n"})
    assert ("a.py:1", "F401") in places(result)
    assert linted({"a.txt": b""}).notes == ("0 Python files and their formatting checked",)


def test_a_configuration_that_ruff_refuses_fails_the_validator() -> None:
    result = linted(repository(**{"pyproject.toml": "[tool.ruff]\nno-such-option = 1\n"}))
    assert not result.passed
    assert "no-such-option" in result.findings[0].message


def test_passed_and_skipped_tests_are_counted() -> None:
    result = ran(repository())
    assert result.passed
    assert result.notes == ("2 tests passed, 1 skipped",)


def test_a_failing_test_is_reported_where_it_fails() -> None:
    result = ran(changed("tests/test_demo.py", "double(2) == 4", "double(2) == 5"))
    assert places(result) == [("tests/test_demo.py:8", "test-failed")]
    assert result.findings[0].message == "test_doubles: assert 4 == 5"
    assert result.notes == ("1 test passed, 1 failed, 1 skipped",)


def test_a_test_file_that_cannot_be_imported_is_reported() -> None:
    (finding,) = ran(
        changed("tests/test_demo.py", "from demo import double", "from demo import triple")
    ).findings
    assert finding.place == "tests/test_demo.py:4"
    assert "triple" in finding.message


def test_a_repository_without_tests_fails() -> None:
    (finding,) = ran({"a.py": b""}).findings
    assert finding.message == "No tests were found."


def test_a_pytest_that_does_not_start_fails_with_its_reason() -> None:
    files = repository(**{"pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--no-such-option"\n'})
    (finding,) = ran(files).findings
    assert "--no-such-option" in finding.message


@pytest.mark.parametrize("deadline", [1.5])
def test_tests_that_hang_are_ended_at_the_deadline(deadline: float) -> None:
    files = {"test_a.py": b"import time\n\n\ndef test_hangs():\n    time.sleep(60)\n"}
    assert places(ran(files, deadline)) == [("test_a.py:1", "deadline")]
