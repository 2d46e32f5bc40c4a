"""Every table has a tenant."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.tables import tables_without_tenant

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

TABLES = "src/pilothouse/runs/tables.py"


@pytest.mark.parametrize(
    "text",
    [
        "class Run(Base):\n    __tablename__ = 'runs'\n    id = Column()\n",
        "class Run(Base):\n    __tablename__: str = 'runs'\n    id: int\n",
        "Table('runs', metadata, Column('id', Uuid))\n",
        "op.create_table('runs', sa.Column('id', Uuid))\n",
        "'create table runs (id uuid)'\n",
        "'CREATE TABLE IF NOT EXISTS \"runs\" (id uuid); create index x on y (tenant_id)'\n",
    ],
)
def test_a_table_without_a_tenant_is_found(found: Found, text: str) -> None:
    assert found(tables_without_tenant, {TABLES: text}) == [(TABLES, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "class Run(Base):\n    __tablename__ = 'runs'\n    tenant_id: int\n",
        "class Run(Base):\n    __tablename__ = 'runs'\n    tenant_id = Column()\n",
        "class Run(Owned):\n    __tablename__ = 'runs'\nclass Owned(Base):\n    tenant_id: int\n",
        "class Run(Base):\n    __tablename__ = 'runs'\n    @declared_attr\n    def tenant_id(cls): ...\n",
        "Table('runs', metadata, Column('id'), Column('tenant_id'))\n",
        "Table('runs', metadata, *tenant_columns())\n",
        "'create table runs (id uuid, tenant_id text)'\n",
        "'create table journal_default partition of journal default'\n",
        "class Tenant(Base):\n    __tablename__ = 'tenants'\n",
        "class Plain:\n    name: str\n",
        "metadata.tables.get('runs')\nTable('runs')\n",
    ],
)
def test_a_table_with_a_tenant_or_of_tenants_is_fine(found: Found, text: str) -> None:
    assert found(tables_without_tenant, {TABLES: text}) == []


def test_the_column_may_come_from_a_base_in_another_module(found: Found) -> None:
    files = {
        "src/pilothouse/kit/rows.py": "class Owned(Base):\n    tenant_id: int\n",
        TABLES: "class Run(rows.Owned):\n    __tablename__ = 'runs'\n",
    }
    assert found(tables_without_tenant, files) == []


def test_bases_that_name_each_other_end_the_search(found: Found) -> None:
    text = "class A(B):\n    __tablename__ = 'a'\nclass B(A):\n    x: int\n"
    assert found(tables_without_tenant, {TABLES: text}) == [(TABLES, 1)]


def test_a_migration_is_named_by_the_line_of_the_statement_in_a_longer_text(found: Found) -> None:
    path = "src/pilothouse/migrations/versions/0001_engine.py"
    text = '"""\ncreate table a (tenant_id text);\ncreate table b (id int);\n"""\n'
    assert found(tables_without_tenant, {path: text}) == [(path, 3)]


def test_tables_of_generated_repositories_are_their_own_matter(found: Found) -> None:
    path = "src/pilothouse/apps/mlops/codegen/store.py"
    assert found(tables_without_tenant, {path: "SQL = 'create table vectors (id int)'\n"}) == []
