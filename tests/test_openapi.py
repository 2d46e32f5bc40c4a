"""The OpenAPI document is the contract: it is kept in docs/reference, and the server keeps to it.

Written anew by `python tests/test_openapi.py`.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from pilothouse.app import Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.server import Serving, create_api, listening, uvicorn_server
from pilothouse.settings import Settings
from support import parcels

KEPT = Path(__file__).parent.parent / "docs" / "reference" / "openapi.json"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
FEW = settings(
    max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None
)

schema = schemathesis.openapi.from_path(str(KEPT))


def written(folder: Path) -> str:
    """The document as it is kept."""
    store = ObjectArtifacts.local(folder)
    engine = Engine("dbname=none", Workflows([]), store)
    pilothouse = Pilothouse(Settings(_env_file=None), [], engine, store, "dbname=none")
    document = create_api(pilothouse, execute=False).openapi()
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def test_the_document_that_is_kept_is_the_one_that_is_served(tmp_path: Path) -> None:
    assert KEPT.read_text() == written(tmp_path), "the API has changed: run `python tests/test_openapi.py`"


def test_every_operation_says_what_it_does_and_how_it_fails() -> None:
    document = json.loads(KEPT.read_text())
    operations = [item for path in document["paths"].values() for item in path.values()]
    assert len(operations) >= 19
    referred = set(re.findall(r"#/components/schemas/(\w+)", KEPT.read_text()))
    assert referred == set(document["components"]["schemas"])
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    for operation in operations:
        assert operation["description"]
        assert operation["responses"]["default"]["content"].keys() == {"application/problem+json"}
        assert "422" not in operation["responses"]


class Served:
    """A server in a thread of its own, so that a client may block; with one run of each kind of end."""

    def __init__(self, conninfo: str, folder: Path) -> None:
        self._conninfo, self._folder = conninfo, folder
        self.url = ""
        self.known: dict[str, str] = {}
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._started.wait(10)
        self._make_runs()

    async def _serve(self) -> None:
        store = ObjectArtifacts.local(self._folder)
        engine = Engine(self._conninfo, Workflows(parcels.app.workflows), store)
        await engine.open()
        settings = Settings(_env_file=None, drain_timeout=1)
        with listening("127.0.0.1", 0) as bound:
            self.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
            serving = Serving(Pilothouse(settings, [parcels.app], engine, store, self._conninfo))
            self._server = uvicorn_server(serving, settings)
            threading.Thread(target=self._tell_when_started).start()
            await self._server.serve(sockets=[bound])
        await engine.close()

    def _tell_when_started(self) -> None:
        while not self._server.started:
            threading.Event().wait(0.01)
        self._started.set()

    def _make_runs(self) -> None:
        with httpx.Client(base_url=self.url) as client:
            made = {
                workflow: client.post(
                    "/api/v1/runs", json={"workflow": workflow, "input": {"text": "x"}}
                ).json()["id"]
                for workflow in ("ask", "echo")
            }
            run: dict[str, Any] = {}
            while run.get("status") != "completed":
                run = client.get(f"/api/v1/runs/{made['echo']}").json()
            nightly = {"name": "nightly", "workflow": "echo", "input": {"text": "x"}, "cron": "@daily"}
            schedule = client.post("/api/v1/schedules", json=nightly).json()
            questions: list[dict[str, Any]] = []
            while not questions:
                questions = client.get("/api/v1/questions").json()["items"]
        self.known = {
            "run_id": made["echo"],
            "artifact_id": run["artifacts"][0]["id"],
            "question_id": questions[0]["id"],
            "schedule_id": schedule["id"],
            "name": "echo",
            "workflow": "echo",
        }

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()


@pytest.fixture(scope="module")
def served(
    postgres_server: postgres.Attachment, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    conninfo = postgres_server.create_database("contract", "migrated")
    served = Served(conninfo, tmp_path_factory.mktemp("artifacts"))
    yield served
    served.close()
    postgres_server.drop_database("contract")


@schema.exclude(path="/api/v1/events").parametrize()  # whose answer has no end
@FEW
def test_whatever_is_asked_the_answer_is_a_documented_one(case: schemathesis.Case, served: Served) -> None:
    case.call_and_validate(base_url=served.url, checks=CHECKS, timeout=10)


@schema.include(path_regex=r"\{").parametrize()
@FEW
def test_so_it_is_for_things_that_are_there(case: schemathesis.Case, served: Served) -> None:
    for name in case.path_parameters:
        case.path_parameters[name] = served.known[name]
    case.call_and_validate(base_url=served.url, checks=CHECKS, timeout=10)


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        KEPT.write_text(written(Path(folder)))
