"""The peer of the API's benchmark: a bare FastAPI application that answers with the same JSON."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import TypeAdapter

from pilothouse.runs.schemas import Run


def bare(body: bytes) -> FastAPI:
    """An application with one endpoint, which makes and writes a run as Pilothouse's does, out of nothing."""
    found: dict[str, Any] = TypeAdapter(dict[str, Any]).validate_json(body)
    api = FastAPI(openapi_url=None)

    @api.get("/api/v1/runs/{run_id}")
    async def show_run(run_id: str) -> Run:  # noqa: ARG001 - read from the path, as Pilothouse does
        return Run(**found)

    return api


if __name__ == "__main__":
    uvicorn.run(
        bare(Path(sys.argv[1]).read_bytes()),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        log_level="error",
        http="httptools",
        loop="asyncio",
    )
