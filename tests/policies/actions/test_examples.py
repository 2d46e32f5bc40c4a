"""The examples that ship: valid, and all of their tests pass."""

from __future__ import annotations

from importlib.resources import files

import pytest

from pilothouse.policies.actions.bundles import Bundle, read_folder
from pilothouse.policies.versions.checking import checked
from support.governed import known

FOLDER = files("pilothouse.policies") / "examples"
EXAMPLES = sorted(
    name.removesuffix(".cedar") for name in read_folder(FOLDER).files if name.endswith(".cedar")
)


def test_there_is_an_example_of_each_kind() -> None:
    assert EXAMPLES == [
        "agent-tools", "business-hours", "confidence-thresholds", "data-residency", "environments",
        "spending-limits", "two-person-rule", "untrusted-data",
    ]  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_valid_and_its_tests_pass(name: str) -> None:
    every = read_folder(FOLDER).files
    bundle = Bundle({file: text for file, text in every.items() if file.split(".")[0] == name})
    assert len(bundle.files) == 2
    found = checked(bundle, known(), "default")
    assert found.faults == ()
    assert [f"{test.name}: {test.failure}" for test in found.tests if test.failure] == []
    assert len(found.tests) >= 2
    assert found.notes == ()
