"""The guide to usage works as printed: its commands, and its settings."""

from __future__ import annotations

import tomllib
from decimal import Decimal

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from pilothouse.cli.main import cli
from pilothouse.settings import Settings
from pilothouse.usage.pricing import Prices
from pilothouse.usage.schemas import Tokens
from support.printed import DOCS

GUIDE = (DOCS / "guides" / "usage.md").read_text()


def test_the_commands_of_the_guide_work(conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = conninfo_to_dict(conninfo)
    url = f"postgresql://{told['user']}@/{told['dbname']}?host={told['host']}&port={told.get('port', 5432)}"
    monkeypatch.setenv("PILOTHOUSE_DATABASE_URL", url)
    commands = [line.split()[1:] for line in GUIDE.splitlines() if line.startswith("pilothouse ")]
    assert len(commands) == 4
    for words in commands:
        done = CliRunner().invoke(cli, words)
        assert done.exception is None, (words, done.output)


def test_the_prices_of_the_guide_hold() -> None:
    said = tomllib.loads(GUIDE.split("```toml\n")[1].split("```")[0])
    prices = Prices(Settings.model_validate(said).model_prices)
    assert prices.cost("ollama:llama3", Tokens(10**6, 10**6)).amount == 0
    assert prices.cost("mycorp:gpt-4o", Tokens(10**6, 10**6, 10**6)).amount == Decimal(9)
