"""`pilothouse import`: files become runs, each thing in them once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilothouse import App, Context, Delivery, workflow
from pilothouse.app import Pilothouse
from pilothouse.cli import delivering, opening
from pilothouse.cli.local import LocalClient
from pilothouse.errors import InvalidInput


@workflow("number")
async def number(ctx: Context, value: int) -> int:
    """Take a number."""
    return value


def read_numbers(data: bytes) -> Iterator[Delivery]:
    for line, text in enumerate(data.decode().split(), 1):
        if text.isalnum():
            value: Any = int(text) if text.isdigit() else text
            yield Delivery(where=f"line {line}", value=value, key=f"n-{text}")
        else:
            yield Delivery(where=f"line {line}", problem="it is no number.")


APP = App("numbers", workflows=[number], inlets={".txt": read_numbers})


@pytest.fixture
async def client(open_pilothouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalClient:
    pilothouse: Pilothouse = await open_pilothouse(APP, data=tmp_path / "data")
    here = LocalClient(pilothouse)

    class Here:
        def __init__(self, _: object) -> None:
            pass

        async def __aenter__(self) -> LocalClient:
            return here

        async def __aexit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(opening, "opened", Here)
    monkeypatch.setattr(opening.Options, "installed", lambda _: [APP])
    return here


async def test_each_thing_is_a_run_and_importing_again_makes_none(
    client: LocalClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "numbers.txt"
    file.write_text("1\n-\nx\n2\n")
    for _ in range(2):
        assert await delivering.import_files(opening.Options(), "numbers", [file], as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:4] == lines[4:]
    assert [line.split(": ")[0] for line in lines[:4]] == [f"numbers.txt, line {n}" for n in (1, 2, 3, 4)]
    assert lines[1].endswith("not taken: it is no number.")
    assert "not taken: The input" in lines[2]
    assert len(await client.list({}, 10)) == 2


async def test_all_of_it_is_told_as_one_document(
    client: LocalClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "numbers.TXT"
    file.write_text("7")
    assert await delivering.import_files(opening.Options(), "numbers", [file], as_json=True) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["where"], told["problem"]) == ("line 1", None)


@pytest.mark.parametrize(
    ("app", "name", "said"), [("nobody", "a.txt", "reads files"), ("numbers", "a.pdf", "none of the")]
)
async def test_what_nobody_reads_is_refused(
    client: LocalClient, tmp_path: Path, app: str, name: str, said: str
) -> None:
    (tmp_path / name).write_text("1")
    with pytest.raises(InvalidInput, match=said):
        await delivering.import_files(opening.Options(), app, [tmp_path / name], as_json=False)
