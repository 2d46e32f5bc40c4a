"""The composition root: applications, and the parts of a process."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from pilothouse import App, Context, Difference, Template, workflow
from pilothouse.app import assembled, data_folder, worker_settings
from pilothouse.applications import installed
from pilothouse.errors import DatabaseUnavailable, NotFound
from pilothouse.settings import Settings
from support.waiting import output, rows, submit


@workflow("greet")
async def greet(ctx: Context, name: str) -> str:
    """Greet somebody."""
    await ctx.save("greeting.txt", f"Hello, {name}")
    return f"Hello, {name}"


def differences(before: str, after: str) -> list[Difference]:
    return [Difference(section="text", item="greeting", before=before, after=after)]


GREETER = App("greeter", workflows=[greet], compare=differences)


def settings(**said: object) -> Settings:
    return Settings(_env_file=None, **said)


def test_an_application_is_summed_up_by_its_first_workflow() -> None:
    assert GREETER.summary == "Greet somebody."
    assert App("empty").summary == ""


def template(**said: str) -> Template:
    return Template(
        **{"id": "hello", "title": "Hello", "summary": "", "workflow": "greet", "input": "Ada"} | said
    )


def test_a_template_is_for_a_workflow_of_its_application_and_has_an_id_of_its_own() -> None:
    greeter = App("greeter", workflows=[greet], templates=[template(), template(id="again")])
    assert [item.id for item in greeter.templates] == ["hello", "again"]
    with pytest.raises(ValueError, match="not for a workflow of 'greeter'"):
        App("greeter", workflows=[greet], templates=[template(workflow="mlops")])
    with pytest.raises(ValueError, match="two templates 'hello'"):
        App("greeter", workflows=[greet], templates=[template(), template()])


def test_the_installed_applications_are_found_by_name() -> None:
    assert [app.name for app in installed()] == sorted(app.name for app in installed())
    assert "mlops" in [app.name for app in installed()]


def test_the_workers_part_of_the_settings_reaches_it() -> None:
    made = worker_settings(settings(worker_slots=3, worker_lease=9, worker_grace=1, stall_timeout=7))
    assert (made.slots, made.lease, made.grace, made.stall_timeout, made.blocked_after) == (3, 9, 1, 7, 7)


def test_the_data_folder_is_the_named_one(tmp_path: Path) -> None:
    assert data_folder(settings(data=tmp_path)) == tmp_path
    assert data_folder(settings()).is_absolute()


async def test_a_process_is_put_together_over_an_existing_database(conninfo: str, tmp_path: Path) -> None:
    made = settings(data=tmp_path)
    object.__setattr__(made, "database_url", conninfo)
    async with assembled(made, [GREETER]) as pilothouse:
        assert pilothouse.app_of("greet") is GREETER
        with pytest.raises(NotFound, match="'nothing'"):
            pilothouse.app_of("nothing")
        worker = pilothouse.engine.worker()
        working = asyncio.create_task(worker.run())
        run_id = await submit(pilothouse.engine, greet, "world")
        assert await output(pilothouse.engine, run_id) == "Hello, world"
        await worker.stop()
        await working
    assert rows(conninfo, "select bytes from artifact_contents") == [(b"Hello, world",)]
    assert not (tmp_path / "artifacts").exists()
    assert not (tmp_path / "postgres").exists()


async def test_a_process_brings_its_own_database_and_takes_it_away_again(tmp_path: Path) -> None:
    from pilothouse.kit import postgres

    async with assembled(settings(data=tmp_path), [GREETER]) as pilothouse:
        assert "host=" in pilothouse.conninfo
        assert await pilothouse.engine.journal(pilothouse.engine.ids.new()) == []
        assert postgres.status(tmp_path).running
    assert not postgres.status(tmp_path).running


async def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    away = settings(data=tmp_path, database_url="postgresql://127.0.0.1:1/none")
    with pytest.raises(DatabaseUnavailable):
        async with assembled(away, [GREETER]):
            pass
