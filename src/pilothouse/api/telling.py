"""What a process tells of itself."""

from collections.abc import Iterator, Sequence

from pilothouse.app import Pilothouse, backup_looks, data_folder
from pilothouse.artifacts.opening import try_out
from pilothouse.health import examination
from pilothouse.health.endpoints import routes as health_routes
from pilothouse.health.service import Health
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.session import Database
from pilothouse.llm import condition
from pilothouse.migrations.upgrade import head
from pilothouse.resilience import Registry
from pilothouse.resilience.telling import BreakerMetrics, examined
from pilothouse.routing import Endpoints
from pilothouse.runtime.worker import Worker
from pilothouse.telemetry.endpoints import metrics as metric_routes


def telling(
    pilothouse: Pilothouse,
    database: Database,
    worker: Worker | None,
    own: Sequence[examination.Probe] = (),
) -> Iterator[Endpoints]:
    """What a process tells of itself: how it is, and what it counts."""
    settings, telemetry, store = pilothouse.settings, pilothouse.telemetry, pilothouse.artifacts
    around = pilothouse.resilience or Registry()
    own = [*own, examination.Probe("dependencies", lambda: examined(around))]
    providers, secrets = settings.providers, pilothouse.secrets
    own = [*own, examination.Probe(condition.NAME, lambda: condition.examined(providers, secrets))]
    probes = [
        examination.listener(lambda: pilothouse.engine.listener.connected),
        examination.artifacts(lambda: try_out(store, SystemClock().now())),
        examination.disk(data_folder(settings)),
        examination.secrets(lambda: pilothouse.secrets.stale),
        *own,
    ]
    if telemetry is not None and telemetry.exporter is not None:
        exporter = telemetry.exporter
        probes.append(examination.collector(lambda: exporter.reachable, lambda: exporter.lost))
    probes += [examination.Probe(name, look) for name, look in backup_looks(settings, pilothouse.direct)]
    worker_id = worker.id if worker is not None else None
    yield health_routes(Health(database, head(), worker_id, settings.worker_lease, probes))
    if telemetry is not None:
        telemetry.metrics.registry.register(BreakerMetrics(around))
        yield metric_routes(telemetry)
