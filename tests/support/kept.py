"""Secrets in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

from pilothouse.secrets.providers.files import Files
from pilothouse.secrets.service import Secrets
from pilothouse.vault.opening import open_vault
from pilothouse.vault.service import Vault


def secrets_in(folder: Path) -> Secrets:
    """Secrets that are made in `folder` when they are asked for first."""
    files = Files(folder)
    return Secrets([files], maker=files, own=files)


def vault_over(conninfo: str, folder: Path, **said: object) -> Vault:
    """A vault over a database whose master key is made in a folder; whoever makes it closes it."""
    return open_vault(conninfo, secrets_in(folder), **said)
