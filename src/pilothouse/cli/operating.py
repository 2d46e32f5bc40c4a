"""`pilothouse serve` and `doctor`."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from pilothouse.app import data_folder
from pilothouse.cli.opening import Options
from pilothouse.cli.tables import document
from pilothouse.errors import PilothouseError
from pilothouse.settings import Settings, load
from pilothouse.telemetry import logs

FREE_BYTES = 500_000_000
"""Below this much free space, `doctor` warns."""


def serve(
    common: dict[str, Any], host: str | None, port: int | None, *, execute: bool = True, **tls: Path | None
) -> None:
    """Serve until SIGTERM or Ctrl-C; turns of a worker that is to `execute` are given time."""
    from pilothouse.server import serve as serve_now

    options = Options(**common)
    settings = load(data=options.data, host=host, port=port, **tls)
    logs.configure(settings.log_level.value, settings.log_format.value)
    serve_now(settings, options.installed(), execute=execute)


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: whether it is well, and what to do where it is not."""

    check: str
    well: bool
    detail: str
    advice: str = ""


def doctor(common: dict[str, Any], *, as_json: bool, production: bool = False, ca: Path | None = None) -> int:
    """Check everything that a run needs; returns 0 where all is well, 1 otherwise.

    For `production` all that has to be so before it, with the running server asked (`ca`: whom to trust).
    """
    options = replace(Options(**common), verbose=False)
    if production:
        from pilothouse.cli import opening
        from pilothouse.cli.readiness import examine

        return opening.run(lambda: examine(options, ca=ca, as_json=as_json))
    findings = [_attempt("python", _python)]
    settings = _attempt("settings", lambda: _settings(options))
    findings.append(settings)
    if settings.well:
        loaded = options.settings()
        findings.append(_attempt("disk", lambda: _disk(data_folder(loaded))))
        findings.append(_attempt("database", lambda: _database(loaded)))
        findings.append(_attempt("artifacts", lambda: _artifacts(loaded)))
        findings.append(_attempt("machine", lambda: _machine(loaded)))
        findings.append(_attempt("applications", lambda: _applications(options)))
    if as_json:
        document([finding.__dict__ for finding in findings])
    else:
        _print(findings)
    return 0 if all(finding.well for finding in findings) else 1


def _attempt(check: str, work: Callable[[], Finding]) -> Finding:
    try:
        return work()
    except PilothouseError as error:
        return Finding(check, well=False, detail=error.message, advice=error.hint or "")
    except Exception as error:  # noqa: BLE001 - a doctor reports what it meets
        return Finding(check, well=False, detail=f"{type(error).__name__}: {error}")


def _python() -> Finding:
    version = importlib.metadata.version("pilothouse")
    return Finding("python", well=True, detail=f"Python {platform.python_version()}, Pilothouse {version}")


def _settings(options: Options) -> Finding:
    settings = options.settings()
    where = "a server of your own" if settings.database_url else f"embedded in {data_folder(settings)}"
    return Finding("settings", well=True, detail=f"database {where}")


def _disk(folder: Path) -> Finding:
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    well = free >= FREE_BYTES
    return Finding(
        "disk", well, f"{free / 1e9:.1f} GB free in {existing}", "" if well else "Free some space."
    )


def _database(settings: Settings) -> Finding:
    from pilothouse.kit.connecting import insist_on_sessions, server_version
    from pilothouse.migrations.upgrade import head, upgrade

    if settings.database_url is None:
        from pilothouse.kit import postgres

        with postgres.attach(data_folder(settings)) as attachment:
            upgrade(attachment.dsn)
            state = postgres.status(data_folder(settings))
        return Finding("database", well=True, detail=f"PostgreSQL {state.version}, schema {head()}")
    if settings.database_direct_url is None:
        insist_on_sessions(settings.database_url)
    upgrade(settings.owner_url or settings.database_url)
    version = server_version(settings.database_url)  # through the pooler, if there is one
    well = version >= 15
    advice = "" if well else "Use PostgreSQL 15 or newer."
    return Finding("database", well, f"PostgreSQL {version}, schema {head()}", advice)


def _artifacts(settings: Settings) -> Finding:
    import asyncio

    from pilothouse.app import open_artifacts
    from pilothouse.artifacts.opening import place, try_out
    from pilothouse.kit.clock import SystemClock

    async def attempt() -> None:
        store = open_artifacts(settings, settings.database_url or "")
        try:
            await try_out(store, SystemClock().now())
        finally:
            await store.close()

    asyncio.run(attempt())
    where = place(settings.artifacts_url, settings.database_url, data_folder(settings) / "artifacts")
    return Finding("artifacts", well=True, detail=f"written and read in {where}")


def _machine(settings: Settings) -> Finding:
    import asyncio
    from contextlib import ExitStack

    from pilothouse.cli.readiness import capacity_lines
    from pilothouse.kit import postgres
    from pilothouse.kit.session import Database
    from pilothouse.readiness.schemas import Verdict

    async def look(conninfo: str) -> Finding:
        database = Database(conninfo, connections=1, prepare=False, purpose="doctor")
        try:
            [line] = [line async for line in capacity_lines(database)]
        finally:
            await database.close()
        return Finding("machine", line.verdict is not Verdict.FAIL, line.found, line.todo)

    with ExitStack() as stack:
        conninfo = settings.sessions_url
        if conninfo is None:
            conninfo = stack.enter_context(postgres.attach(data_folder(settings))).dsn
        return asyncio.run(look(conninfo))


def _applications(options: Options) -> Finding:
    names = [app.name for app in options.installed()]
    return Finding("applications", bool(names), ", ".join(names) or "none", "" if names else "Install one.")


def _print(findings: list[Finding]) -> None:
    console = Console()
    for finding in findings:
        mark = "[green]ok[/]  " if finding.well else "[red]fail[/]"
        console.print(f"{mark} {finding.check:13} {escape(finding.detail)}", highlight=False)
        if finding.advice:
            console.print(f"     {'':13} {escape(finding.advice)}", style="yellow", highlight=False)
