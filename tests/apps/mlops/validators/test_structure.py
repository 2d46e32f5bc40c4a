from __future__ import annotations

import pytest

from apps.mlops.validators.samples import CLEAN, changed, repository
from pilothouse.apps.mlops.validators.documents import read_documents
from pilothouse.apps.mlops.validators.structure import check_compose, check_workflows

CI, COMPOSE = ".github/workflows/ci.yml", "compose.yaml"


def test_a_clean_workflow_and_compose_file_pass() -> None:
    read = read_documents(repository())
    assert check_workflows(read).findings == ()
    assert check_compose(read).findings == ()
    assert check_workflows(read).notes == ("1 workflow checked against the schema",)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("    steps:", "    stepz: 1\n    steps:", 10, "'stepz' is not a key"),
        ("runs-on: ubuntu-24.04\n", "timeout-minutes: 5\n", 9, "runs-on+steps or uses"),
        ("actions/checkout@v4", "actions/checkout", 11, "actions/checkout"),
        ("- run: make check", "- run: x\n        uses: a/b@v1", 12, "exactly one"),
        ("contents: read", "contents: admin", 6, "admin"),
        ("contents: read", "content: read", 6, "'content' is not a key"),
        ("  push:", "  pushed:", 3, "pushed"),
        ("needs: check", "needs: [check, tests]", 14, "'tests'"),
        ("jobs:", "jobz:", 7, "'jobz' is not a key"),
    ],
)
def test_a_wrong_workflow_is_found_with_its_line(old: str, new: str, line: int, told: str) -> None:
    findings = check_workflows(read_documents(changed(CI, old, new))).findings
    assert any(item.place == f"{CI}:{line}" and told in item.message for item in findings), findings


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("    build: .\n", "", 3, "image or build"),
        ("depends_on: [cache]", "depends_on: [store]", 4, "'store'"),
        ("cache:/data", "data:/data", 10, "'data'"),
        ("    build: .", "    build: .\n    portz: []", 4, "'portz' is not a key"),
        ("    build: .", "    build: .\n    restart: sometimes", 4, "sometimes"),
        ("    build: .", "    build: .\n    networks: [inner]", 4, "'inner' of networks"),
        ("    build: .", "    build: .\n    healthcheck:\n      interval: soon", 5, "soon"),
    ],
)
def test_a_wrong_compose_file_is_found_with_its_line(old: str, new: str, line: int, told: str) -> None:
    findings = check_compose(read_documents(changed(COMPOSE, old, new))).findings
    assert any(item.place == f"{COMPOSE}:{line}" and told in item.message for item in findings), findings


def test_a_document_that_is_no_mapping_is_found() -> None:
    read = read_documents({CI: b"- 1\n", COMPOSE: b"- 1\n", "other.yaml": b"- 1\n"})
    assert [item.place for item in check_workflows(read).findings] == [f"{CI}:1"]
    assert [item.place for item in check_compose(read).findings] == [f"{COMPOSE}:1"]


def test_a_variant_of_the_compose_file_is_checked_too() -> None:
    read = read_documents({"docker-compose.override.yml": CLEAN[COMPOSE].replace("build", "bild").encode()})
    assert not check_compose(read).passed
