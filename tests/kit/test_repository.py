from __future__ import annotations

from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect
from sqlalchemy.dialects.postgresql import dialect
from sqlalchemy.pool import NullPool

import pilothouse
from pilothouse.kit.repository import Table

ROOT = Path(pilothouse.__file__).parent


DECLARED = (
    *("runs", "journal", "workers", "questions", "artifacts", "schedules", "limits", "retention_rules"),
    "incarnations",
)
WRITTEN_OUT = {
    *("limit_tokens", "run_labels", "artifact_contents", "released_contents", "payload_references"),
    *("backups", "schema_state", "sign_in_failures", "upload_totals", "upload_reservations", "notices"),
}
"""Tables that only statements in SQL name."""


def declared() -> dict[str, dict[str, tuple[str, bool]]]:
    """Each column's type and whether it may be null, of every table that a domain declares."""
    for path in ROOT.glob("*/tables.py"):
        import_module(f"pilothouse.{path.parent.name}.tables")
    return {
        table.name: {
            column.name: (column.type.compile(dialect()), column.nullable) for column in table.columns
        }
        for table in Table.metadata.sorted_tables
    }


@pytest.mark.parametrize("name", DECLARED)
def test_a_declared_table_is_the_migrated_one(conninfo: str, name: str) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    inspector = inspect(engine)
    migrated = {
        column["name"]: (column["type"].compile(dialect()), column["nullable"])
        for column in inspector.get_columns(name)
    }
    keys = {column.name for column in Table.metadata.tables[name].primary_key} if declared() else set()
    assert declared()[name] == migrated
    assert keys == set(inspector.get_pk_constraint(name)["constrained_columns"])


def test_every_migrated_table_is_declared_or_known_to_statements_only(conninfo: str) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=NullPool
    )
    names = {name for name in inspect(engine).get_table_names() if not name.startswith("journal_")}
    assert names - {"alembic_version"} == set(declared()) | WRITTEN_OUT
