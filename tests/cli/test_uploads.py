from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.cli import opening
from pilothouse.cli.local import LocalClient
from pilothouse.cli.uploads import upload


@pytest.mark.parametrize("as_json", [True, False])
async def test_a_file_is_kept_and_its_id_told(
    open_pilothouse: Any, sample_app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str], as_json: bool,
) -> None:  # fmt: skip
    pilothouse: Pilothouse = await open_pilothouse(sample_app, data=tmp_path / "data")

    class Here:
        def __init__(self, _: object) -> None:
            self.client = LocalClient(pilothouse)

        async def __aenter__(self) -> LocalClient:
            return self.client

        async def __aexit__(self, *_: object) -> None:
            return None

    monkeypatch.setattr(opening, "opened", Here)
    file = tmp_path / "notes.txt"
    file.write_text("hello")
    await upload(opening.Options(), file, None, as_json=as_json)
    told = capsys.readouterr()
    if as_json:
        assert json.loads(told.out)["name"] == "notes.txt"
    else:
        assert len(told.out.strip()) == 36
        assert "text/plain, 5 bytes" in told.err
