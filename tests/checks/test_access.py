"""Sessions and repositories have a scope, and only repositories name tables."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from checks.access import (
    MAINTENANCE,
    raw_tables,
    repositories_without_scope,
    sessions_without_scope,
)

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

SERVICE, REPOSITORY = "src/pilothouse/runs/service.py", "src/pilothouse/runs/repository.py"


def test_a_session_without_a_scope_is_found(found: Found) -> None:
    text = "async def all(database):\n    async with database.maintenance() as session: ...\n"
    assert found(sessions_without_scope, {SERVICE: text}) == [(SERVICE, 2)]


def test_a_listed_module_may_open_one(found: Found) -> None:
    path = next(iter(MAINTENANCE))
    assert found(sessions_without_scope, {path: "database.maintenance()\n"}) == []


@pytest.mark.parametrize(
    "text",
    [
        "class RunRepository: ...\n",
        "class RunRepository(Base): ...\n",
        "class RunRepository(DoorRepository): ...\n",
    ],
)
def test_a_repository_that_does_not_derive_from_ours_is_found(found: Found, text: str) -> None:
    assert found(repositories_without_scope, {REPOSITORY: text}) == [(REPOSITORY, 1)]


@pytest.mark.parametrize(
    "parameters",
    [
        "self, session",
        "self, session, scope",
        "self, scope: Scope = HOME",
        "self, *, scope: Scope | None = None",
    ],
)
def test_a_repository_that_can_be_made_without_a_scope_is_found(found: Found, parameters: str) -> None:
    text = f"class RunRepository(Repository):\n    def __init__({parameters}): ...\n"
    assert found(repositories_without_scope, {REPOSITORY: text}) == [(REPOSITORY, 2)]


def test_the_base_of_all_repositories_has_to_take_one_too(found: Found) -> None:
    path = "src/pilothouse/kit/repository.py"
    good = "class Repository:\n    def __init__(self, session: AsyncSession, scope: Scope): ...\n"
    assert found(repositories_without_scope, {path: good}) == []
    bad = "class Repository:\n    def __init__(self, session: AsyncSession): ...\n"
    assert found(repositories_without_scope, {path: bad}) == [(path, 2)]


@pytest.mark.parametrize(
    "text",
    [
        "class RunRepository(Repository):\n    def get(self): ...\n",
        "class RunRepository(kit.Repository):\n    def __init__(self, *, scope: Scope): ...\n",
        "class OldRunRepository(RunRepository): ...\n",
        "class Runs: ...\n",
    ],
)
def test_a_repository_with_a_scope_is_fine(found: Found, text: str) -> None:
    assert found(repositories_without_scope, {REPOSITORY: text}) == []


LIMITS, KEYS = "src/pilothouse/limits/repository.py", "src/pilothouse/keys/repository.py"
LISTED = (
    "class LimitRepository:\n    def __init__(self, session: AsyncSession): ...\n    def all(self): ...\n"
)
ANOTHER = LISTED + "    def every(self): ...\n"


def test_a_listed_method_may_see_all_tenants_and_no_other_of_its_class(found: Found) -> None:
    assert found(repositories_without_scope, {LIMITS: LISTED}) == []
    assert found(repositories_without_scope, {LIMITS: ANOTHER}) == [(LIMITS, 4)]


def test_a_class_of_that_name_elsewhere_is_not_exempt(found: Found) -> None:
    assert found(repositories_without_scope, {REPOSITORY: LISTED}) == [(REPOSITORY, 3)]
    keys = "class KeyRepository:\n    def __init__(self, session): ...\n    def page(self, query): ...\n"
    assert (KEYS, 3) in found(repositories_without_scope, {KEYS: keys})


def test_what_is_listed_in_vain_is_found(found: Found) -> None:
    assert found(repositories_without_scope, {LIMITS: "class Limits: ...\n"}) == [(LIMITS, 1)]


@pytest.mark.parametrize(
    ("parameters", "lines"),
    [
        ("self, tenant_id: str", []),
        ("self, *, tenant_id: str", []),
        ("self, scope: Scope", []),
        ("self", [3]),
        ("self, tenant_id", [3]),
        ("self, tenant_id: str | None", [3]),
        ("self, tenant_id: str = 'default'", [3]),
    ],
)
def test_what_works_in_a_session_alone_takes_the_tenant_in_each_method(
    found: Found, parameters: str, lines: list[int]
) -> None:
    text = (
        f"class Lookup:\n    def __init__(self, session: AsyncSession): ...\n    def one({parameters}): ...\n"
    )
    assert found(repositories_without_scope, {REPOSITORY: text}) == [(REPOSITORY, line) for line in lines]
    assert found(repositories_without_scope, {SERVICE: text}) == []


@pytest.mark.parametrize(
    "text",
    [
        "from sqlalchemy import table\nruns = table('runs')\n",
        "from sqlalchemy import Table as T\nruns = T('runs', metadata)\n",
    ],
)
def test_a_table_outside_a_repository_is_found(found: Found, text: str) -> None:
    assert found(raw_tables, {SERVICE: text}) == [(SERVICE, 2)]
    assert found(raw_tables, {REPOSITORY: text}) == []


def test_tables_of_others_are_none_of_ours(found: Found) -> None:
    text = "from rich.table import Table\nshown = Table('runs')\n"
    assert found(raw_tables, {SERVICE: text}) == []
