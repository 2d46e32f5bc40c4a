"""`pilothouse db migrate`: shows what is to be changed in the schema, and changes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import typer

from pilothouse.app import data_folder
from pilothouse.cli.opening import Options
from pilothouse.cli.tables import document
from pilothouse.migrations import post, upgrade
from pilothouse.runtime.connection import CONNECT_TIMEOUT, explain


def migrate(common: dict[str, Any], *, plan: bool, with_post: bool, force: bool, as_json: bool) -> None:
    """Bring the schema to the newest revision, and make its post steps; with `plan` only tell."""
    with _conninfo(Options(**common)) as conninfo:
        facts = _planned(conninfo)
        if plan:
            if as_json:
                document(facts)
            else:
                typer.echo(_described(facts))
            return
        before = upgrade.upgrade(conninfo)
        made = post.make(conninfo, force=force, told=_told(as_json)) if with_post else []
    done = {"before": before, "after": upgrade.head(), "post": [step.name for step in made]}
    if as_json:
        document(done)
        return
    typer.echo(f"schema {before or 'none'} -> {done['after']}")
    waiting = facts["post"] if not with_post else []
    if waiting:
        typer.echo(f"{len(waiting)} post steps wait: `pilothouse db migrate --plan` tells which.")


def _told(quiet: bool) -> Any:
    return (lambda _: None) if quiet else (lambda text: typer.echo(f"post: {text}"))


@contextmanager
def _conninfo(options: Options) -> Iterator[str]:
    settings = options.settings()
    if settings.owner_url is not None:
        yield settings.owner_url
        return
    from pilothouse.kit import postgres

    with postgres.attach(data_folder(settings)) as attachment:
        yield attachment.dsn


def _planned(conninfo: str) -> dict[str, Any]:
    try:
        with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
            at = upgrade.revision(connection)
            known = upgrade.revisions().items()
            return {
                "revision": at,
                "newest": upgrade.head(),
                "oldest_that_works": upgrade.oldest(connection),
                "migrations": [f"{number} {title}" for number, title in known if at is None or number > at],
                "post": {step.name: step.summary for step in post.pending(connection)},
                "older_workers": post.older_workers(connection) if at and at >= "0002" else [],
            }
    except psycopg.OperationalError as error:
        raise explain(error) from error


def _described(facts: dict[str, Any]) -> str:
    lines = [f"schema {facts['revision'] or 'none'}, newest {facts['newest']}"]
    if facts["oldest_that_works"]:
        lines.append(f"code of schema {facts['oldest_that_works']} or newer works on it")
    lines += [f"to migrate: {item}" for item in facts["migrations"]] or ["nothing to migrate"]
    lines += [f"post step: {name} {summary}" for name, summary in facts["post"].items()]
    lines += [f"older worker: {item}" for item in facts["older_workers"]]
    if facts["post"]:
        lines.append("Post steps are made by --post, once no process of an older release is there any more.")
    return "\n".join(lines)
