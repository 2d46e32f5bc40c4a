"""What workers see to about tenants as a whole, made of the parts of a process."""

from __future__ import annotations

from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.ports import ArtifactStore
from pilothouse.tenants.payloads import EnginePayloads
from pilothouse.tenants.working import TenantWork
from pilothouse.vault.service import Vault


def tenant_work(database: Database, engine: Engine, artifacts: ArtifactStore, vault: Vault) -> TenantWork:
    """Exports and erasures."""
    return TenantWork(
        database,
        artifacts,
        EnginePayloads(engine, artifacts),
        SystemClock(),
        vault=vault,
        sealer=vault,
        columns=tuple(vault.columns.values()),
    )
