from __future__ import annotations

import io
import json
import zipfile

from pilothouse.apps.mlops.agents import PublishRequest
from pilothouse.apps.mlops.publish import publication


def test_the_artifacts_are_named_and_ordered(request_: PublishRequest) -> None:
    assert list(publication(request_)) == [
        "fraud-detection.zip",
        "report.md",
        "report.html",
        "architecture.svg",
    ]


def test_the_same_request_gives_the_same_bytes(request_: PublishRequest) -> None:
    again = PublishRequest.model_validate_json(request_.model_dump_json())
    assert publication(again) == publication(request_)


def test_the_zip_holds_the_repository_and_the_validators_report(request_: PublishRequest) -> None:
    archive = zipfile.ZipFile(io.BytesIO(publication(request_)["fraud-detection.zip"]))
    assert archive.namelist() == [
        "fraud-detection/a/run",
        "fraud-detection/b.py",
        "fraud-detection/docs/validation.json",
        "fraud-detection/docs/validation.md",
    ]
    told = archive.read("fraud-detection/docs/validation.md").decode()
    assert "2 of 2 validators passed" in told
    assert "12 tests passed, 1 skipped" in told
    assert "terraform/main.tf:3" in told
    results = json.loads(archive.read("fraud-detection/docs/validation.json"))["results"]
    assert [item["name"] for item in results] == ["terraform-references", "tests"]
