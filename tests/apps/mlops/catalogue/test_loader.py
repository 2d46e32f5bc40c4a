"""The loader says which entry of which file is wrong, and why."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pilothouse.apps.mlops.catalogue import CatalogueError, load_catalogue
from pilothouse.apps.mlops.catalogue.loader import FOLDER


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in FOLDER.glob("*.toml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_copy_of_the_files_loads_to_the_same_catalogue(folder: Path) -> None:
    assert load_catalogue(folder) == load_catalogue()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("lock_in = 0.7", "lock_in = 1.7", ["aws.toml", "aws-kinesis", "lock_in", "less than or equal"]),
        ("managed = true", 'managed = "perhaps"', ["aws.toml", "aws-kinesis", "managed"]),
        ("p50_ms = 70", 'p50_ms = "=peak_rpz"', ["aws.toml", "aws-kinesis", "peak_rpz", "nothing sets"]),
        ("p50_ms = 70", 'p50_ms = "70"', ["aws-kinesis", "starts with '='"]),
        ("p50_ms = 70", 'p50_ms = "=open(1)"', ["aws-kinesis", "calls something else"]),
        ('roles = ["ingest"]', 'roles = ["ingesting"]', ["aws-kinesis", "roles"]),
        ("https://aws.amazon.com/kinesis/sla/", "somewhere", ["aws-kinesis", "address of a public source"]),
        (
            '"=shards", retention',
            '"=open(1)", retention',
            ["aws-kinesis", "resource 'events'", "calls something"],
        ),
        ('"=shards", retention', '"=shard", retention', ["aws-kinesis", "resource 'events'", "shard"]),
        ('id = "aws-msk"', 'id = "aws-kinesis"', ["aws-kinesis", "twice"]),
        ('id = "aws-msk"', 'id = "msk"', ["aws.toml", "msk", "id"]),
        ("[platform]\n", "[place]\n", ["aws.toml", "platform", "Field required"]),
        (
            'summary = "Ordered',
            'surprise = 1\nsummary = "Ordered',
            ["aws-kinesis", "surprise", "Extra inputs"],
        ),
        ('name = "AWS"', "name = ", ["aws.toml", "not valid TOML"]),
    ],
)
def test_a_wrong_entry_is_named_with_its_file(folder: Path, old: str, new: str, words: list[str]) -> None:
    edit(folder, "aws.toml", old, new)
    with pytest.raises(CatalogueError) as caught:
        load_catalogue(folder)
    for word in words:
        assert word in str(caught.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "gcp.toml").unlink()
    with pytest.raises(CatalogueError, match=r"gcp\.toml: the catalogue file is missing"):
        load_catalogue(folder)


def test_a_file_without_entries_is_named(folder: Path) -> None:
    text = (folder / "azure.toml").read_text(encoding="utf-8")
    (folder / "azure.toml").write_text(text.split("[[component]]")[0], encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"azure\.toml: \[\[component\]\] entries are missing"):
        load_catalogue(folder)


def test_a_wrong_workload_is_named(folder: Path) -> None:
    edit(folder, "workloads.toml", "zones = 1", "zones = 9")
    with pytest.raises(CatalogueError, match=r"workloads\.toml, entry 'batch': zones"):
        load_catalogue(folder)


def test_a_file_without_a_platform_is_named(folder: Path) -> None:
    (folder / "kubernetes.toml").write_text("[place]\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"kubernetes\.toml: the table \[platform\] is missing"):
        load_catalogue(folder)
