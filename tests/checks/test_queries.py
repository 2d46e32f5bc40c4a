"""Queries live in repositories."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.queries import queries_elsewhere

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

SERVICE = "src/pilothouse/runs/service.py"


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import select\nselect(1)\n",
        "from sqlalchemy.sql import text as raw\nraw('x')\n",
        "import sqlalchemy as sa\nsa.update(runs)\n",
        "import sqlalchemy\nsqlalchemy.text('x')\n",
        "\nawait session.execute(query)\n",
        "\nawait session.scalars(query)\n",
        "\nQUERY = 'select id from runs where id = 1'\n",
        "\nQUERY = '  INSERT INTO runs values (1)'\n",
        "\nQUERY = 'with due as (select 1) select * from due'\n",
        "\nQUERY = 'update runs set status = 1'\n",
        "\nQUERY = f'delete from {table}'\n",
        "\nQUERY = 'create unique index x on runs (id)'\n",
    ],
)
def test_a_query_in_a_service_is_found_and_one_in_a_repository_is_not(found: Found, text: str) -> None:
    assert found(queries_elsewhere, {SERVICE: text}) == [(SERVICE, 2)]
    for home in (
        "src/pilothouse/runs/repository.py",
        "src/pilothouse/runs/tables.py",
        "src/pilothouse/runtime/queue.py",
        "src/pilothouse/kit/session.py",
        "src/pilothouse/migrations/versions/0001_engine.py",
        "src/pilothouse/apps/desk/migrations/0001_desk.py",
        "src/pilothouse/runs/repository/listing.py",
        "tests/runs/test_service.py",
    ):
        assert found(queries_elsewhere, {home: text}) == []


@pytest.mark.parametrize(
    "text",
    [
        "def select(thing): ...\nselect(1)\n",
        "from rich.text import text\ntext('x')\n",
        "HELP = 'Select a region from the list.'\n",
        "HELP = 'Update the record set of the zone.'\n",
        "HELP = 'Create table and chairs.'\n",
        "choices.update(more)\n",
        "x = ''\n",
    ],
)
def test_what_only_looks_like_a_query_is_not_found(found: Found, text: str) -> None:
    assert found(queries_elsewhere, {SERVICE: text}) == []


def test_code_generation_may_hold_sql_texts_but_runs_no_query(found: Found) -> None:
    path = "src/pilothouse/apps/mlops/codegen/store.py"
    files = {path: "TEMPLATE = 'create extension vector '\nsession.execute(TEMPLATE)\n"}
    assert found(queries_elsewhere, files) == [(path, 2)]
