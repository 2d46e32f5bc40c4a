from __future__ import annotations

import re

import pytest

from apps.mlops.designs import case_of
from pilothouse.apps.mlops.codegen import generate
from pilothouse.apps.mlops.requirements import Cloud, Workload
from pilothouse.apps.mlops.validators import Severity, validate
from pilothouse.apps.mlops.validators.terraform import check_references, parse_files


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    case = case_of(Workload.ONLINE, Cloud.AWS)
    return generate(case.design, case.reviews, "demo")


def test_a_generated_repository_passes(files: dict[str, bytes]) -> None:
    validation = validate(files)
    errors = [item for r in validation.results for item in r.findings if item.severity is Severity.ERROR]
    assert errors == []
    assert all(not note.startswith("0 ") for result in validation.results for note in result.notes)


def test_a_misspelt_address_in_the_root_module_is_caught_in_its_line(
    files: dict[str, bytes],
) -> None:
    main = files["terraform/main.tf"].decode()
    places = list(re.finditer(r"\b(?:var|local|module\.\w+)\.\w+", main))
    assert len(places) > 50
    others = [item for item in parse_files(files) if item.path != "terraform/main.tf"]
    for place in places[::5]:
        broken = f"{main[: place.end()]}_gone{main[place.end() :]}"
        result = check_references([*parse_files({"terraform/main.tf": broken.encode()}), *others])
        line = main.count("\n", 0, place.start()) + 1
        assert ("terraform/main.tf", line) in {(item.path, item.line) for item in result.findings}, place[0]
