"""What `pilothouse audit verify` does: it needs a file and a key, and nothing else of an installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from pilothouse.audit.notes import from_pem
from pilothouse.audit.verifying import Report, verify
from pilothouse.cli.tables import document


def verified(export: Path, public: Path, heads: Sequence[Path], *, as_json: bool) -> int:
    """Verify an export and print what is found; returns the exit code."""
    kept = [path.read_text(encoding="utf-8") for path in heads]
    with export.open("rb") as lines:
        report = verify(lines, from_pem(public.read_bytes()), kept)
    if as_json:
        found = [finding._asdict() for finding in report.findings]
        document(asdict(report) | {"findings": found, "valid": not found})
    else:
        _tell(report)
    return 1 if report.findings else 0


def _tell(report: Report) -> None:
    said = f"{report.tenant_id}: {report.entries:,} of {report.size:,} entries"
    if not report.findings:
        kept = f"; it goes on from {report.kept} kept" if report.kept else ""
        typer.echo(f"{said}, proved by {report.heads:,} signed heads{kept}.")
        return
    typer.echo(f"{said}. What is wrong:")
    for finding in report.findings:
        typer.echo(f"  {finding.flaw.value}: {finding.message}")
