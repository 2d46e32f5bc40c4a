"""Makes the vault of a process."""

from __future__ import annotations

from collections.abc import Sequence

from pilothouse.kit.sealing import SealedColumn
from pilothouse.kit.session import Database
from pilothouse.resilience import Registry
from pilothouse.secrets.service import Secrets
from pilothouse.vault.masters import KmsMaster, LocalMaster, Masters
from pilothouse.vault.service import Vault

CONNECTIONS = 2
"""A job that seals anew holds one of them while it looks keys up."""


def open_vault(
    conninfo: str,
    secrets: Secrets,
    resilience: Registry | None = None,
    *,
    kms_key: str | None = None,
    columns: Sequence[SealedColumn] = (),
    prepare: bool = True,
) -> Vault:
    """A vault over a database, whose keys the secret `vault_key` wraps, or the key `kms_key` in AWS KMS.

    Nothing is opened or read before something is sealed.
    """
    database = Database(
        conninfo, connections=CONNECTIONS, statement_timeout=60, prepare=prepare, purpose="vault"
    )
    local = LocalMaster(secrets, secrets.forget)
    masters = Masters(local, kms_key, asked=lambda key: KmsMaster(key, resilience=resilience))
    return Vault(database, masters, columns=columns)
