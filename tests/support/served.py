"""A server in a thread of its own, so that a client may block, with one thing of each kind."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from pilothouse.app import SEALED, Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.server import Serving, listening, uvicorn_server
from pilothouse.settings import Settings
from support import parcels
from support.entrance import CALM
from support.kept import secrets_in, vault_over
from support.signed import signed

UNLIMITED = {"limit_address": 0, "limit_user": 0, "limit_costly": 0, "sign_in_address_failures": 10_000}


class Served:
    """The sample application behind a real socket. Whoever made it closes it.

    `headers` sign in as `local`; `known` holds, by the name of the parameter, the id of what is there.
    """

    def __init__(self, conninfo: str, folder: Path) -> None:
        """Serve over a migrated database; files lie in `folder`. Returns once the things are there."""
        self._conninfo, self._folder = conninfo, folder
        self.url = ""
        self.headers: dict[str, str] = {}
        self.known: dict[str, str] = {}
        self._failure: BaseException | None = None
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._started.wait(20)
        if self._failure is not None:
            raise self._failure
        try:
            self._furnish()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # for the thread that waits
            self._failure = error
            self._started.set()

    async def _serve(self) -> None:
        store = ObjectArtifacts.local(self._folder)
        secrets = secrets_in(self._folder / "secrets")
        vault = vault_over(self._conninfo, self._folder / "secrets", columns=SEALED)
        engine = Engine(self._conninfo, Workflows(parcels.app.workflows), store, sealer=vault)
        await engine.open()
        settings = Settings(_env_file=None, drain_timeout=1, data=self._folder, **UNLIMITED, **CALM)
        self.headers = {
            name.title(): value for name, value in (await signed(secrets)).items()
        }  # as the checks look for it
        with listening("127.0.0.1", 0) as bound:
            self.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
            serving = Serving(
                Pilothouse(settings, [parcels.app], engine, store, self._conninfo, secrets, vault)
            )
            self._server = uvicorn_server(serving, settings)
            threading.Thread(target=self._tell_when_started, daemon=True).start()
            await self._server.serve(sockets=[bound])
        await engine.close()
        await vault.close()

    def _tell_when_started(self) -> None:
        while not self._server.started:
            time.sleep(0.01)
        self._started.set()

    def _furnish(self) -> None:
        with httpx.Client(base_url=f"{self.url}/api/v1", headers=self.headers, timeout=10) as client:

            def made(path: str, **said: Any) -> Any:
                answer = client.post(path, **said)
                assert answer.is_success, (path, answer.text)
                return answer.json()

            runs = {
                workflow: made("/runs", json={"workflow": workflow, "input": {"text": "x"}})["id"]
                for workflow in ("ask", "echo")
            }
            run: dict[str, Any] = {}
            while run.get("status") != "completed":
                run = client.get(f"/runs/{runs['echo']}").json()
            nightly = {"name": "nightly", "workflow": "echo", "input": {"text": "x"}, "cron": "@daily"}
            questions: list[dict[str, Any]] = []
            while not questions:
                questions = client.get("/questions").json()["items"]
            person = {"email": "ada@example.com", "roles": ["viewer"]}
            stated = {"topic": "on_call", "stated_by": "Ada", "evidence": "the rota", "days": 30}
            made("/tenants", json={"id": "acme", "name": "Acme"})
            self.known = {
                "run_id": runs["echo"],
                "artifact_id": run["artifacts"][0]["id"],
                "question_id": questions[0]["id"],
                "schedule_id": made("/schedules", json=nightly)["id"],
                "engagement_id": made("/engagements", json={"name": "project"})["id"],
                "key_id": made("/keys", json={"name": "program", "roles": ["viewer"]})["key"]["id"],
                "person_id": made("/users", json=person)["person"]["id"],
                "attestation_id": made("/attestations", json=stated)["id"],
                "upload_id": made("/uploads", content=b"bytes", headers=_BYTES)["id"],
                "tenant_id": "acme",
                "job_id": made("/tenants/acme/export")["id"],
                "session_id": str(uuid4()),  # `local` has none
                "name": "echo",
                "workflow": "echo",
            }


_BYTES = {"content-type": "application/octet-stream"}
