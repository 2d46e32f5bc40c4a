"""Migrations that would stop the processes of the previous release are found."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.migrations import unsafe_migrations

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py
FILE = "src/pilothouse/migrations/versions/0009_more.py"


@pytest.mark.parametrize(
    "text",
    [
        "STATEMENTS = ('create index runs_x on runs (x)',)\n",
        "STATEMENTS = ('create unique index if not exists runs_x on runs (x)',)\n",
        "def upgrade() -> None:\n    op.execute('create index runs_x on runs (x)')\n",
        "STATEMENTS = ('alter table runs drop column losses',)\n",
        "STATEMENTS = ('alter table runs alter column seq type bigint',)\n",
        "STATEMENTS = ('alter table runs alter column seq set not null',)\n",
        "STATEMENTS = ('alter table runs rename column seq to number',)\n",
    ],
)
def test_what_keeps_writers_waiting_or_breaks_older_code_is_found(found: Found, text: str) -> None:
    (place,) = found(unsafe_migrations, {FILE: text})
    assert place[0] == FILE


@pytest.mark.parametrize(
    "text",
    [
        "STATEMENTS = ('create index concurrently runs_x on runs (x)',)\n",
        "STATEMENTS = ('create index journal_x on only journal (x)',)\n",
        "STATEMENTS = ('create table things (id int)', 'create index things_x on things (id)')\n",
        "STATEMENTS = ('alter table runs add column x int',)\n",
        "UNDO: tuple[str, ...] = ('alter table runs drop column x',)\n",
        "def downgrade() -> None:\n    op.execute('alter table runs drop column x')\n",
    ],
)
def test_what_older_code_does_not_notice_is_fine(found: Found, text: str) -> None:
    assert found(unsafe_migrations, {FILE: text}) == []


def test_the_first_migration_made_the_tables_before_anybody_used_them(found: Found) -> None:
    text = "STATEMENTS = ('create index runs_x on runs (x)',)\n"
    assert found(unsafe_migrations, {FILE.replace("0009", "0001"): text}) == []
