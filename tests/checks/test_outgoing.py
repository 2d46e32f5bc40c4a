"""Connections are opened by the guarded client, and by listed modules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from checks.outgoing import GUARD, LISTED, unguarded_connections

Found = Callable[..., list[tuple[str, int]]]  # see conftest.py

SERVICE = "src/pilothouse/runs/service.py"


@pytest.mark.parametrize(
    "text",
    [
        "import httpx\n",
        "import httpx as h\n",
        "from httpx import AsyncClient\n",
        "import httpx._client\n",
        "import requests\n",
        "import urllib.request\n",
        "from urllib import request\n",
        "from urllib.request import urlopen\n",
        "import http.client\n",
        "from http import client\n",
        "import aiohttp\n",
        "from socket import create_connection\n",
        "from asyncio import open_connection\n",
        "import boto3\n",
        "import smtplib\n",
        "from opentelemetry.exporter.otlp.proto.http import trace_exporter\n",
        "found = __import__('httpx')\n",
        "found = importlib.import_module('urllib3.util')\n",
    ],
)
def test_a_client_of_another_server_is_found(found: Found, text: str) -> None:
    assert found(unguarded_connections, {SERVICE: text}) == [(SERVICE, 1)]


@pytest.mark.parametrize(
    "call",
    [
        "socket.create_connection(('a', 1))",
        "asyncio.open_connection('a', 1)",
        "loop.create_connection(P, 'a', 1)",
        "asyncio.get_running_loop().create_connection(P, 'a', 1)",
        "anyio.connect_tcp('a', 1)",
        "socket.socket()",
        "await loop.sock_connect(s, ('a', 1))",
    ],
)
def test_a_connection_made_by_hand_is_found(found: Found, call: str) -> None:
    text = f"import socket, asyncio\nasync def ask(): {call}\n"
    assert found(unguarded_connections, {SERVICE: text}) == [(SERVICE, 2)]


def test_an_import_within_a_function_is_found(found: Found) -> None:
    text = "def ask():\n    import requests\n"
    assert found(unguarded_connections, {SERVICE: text}) == [(SERVICE, 2)]


def test_the_guarded_client_and_listed_modules_may_connect(found: Found) -> None:
    files = dict.fromkeys([GUARD, *LISTED], "import httpx\n")
    assert found(unguarded_connections, files) == []


def test_a_listed_module_that_connects_no_longer_is_struck(found: Found) -> None:
    path = next(iter(LISTED))
    assert found(unguarded_connections, {path: "import json\n"}) == [(path, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "from urllib.parse import urlsplit\n",
        "from http import HTTPStatus\n",
        "import socket\nname = socket.gethostname()\n",
        "from starlette.websockets import WebSocket\n",
        "from pilothouse.telemetry.requests import Requests\n",
        "from pilothouse.kit.outgoing import GuardedClient\n",
    ],
)
def test_what_only_looks_like_one_is_fine(found: Found, text: str) -> None:
    assert found(unguarded_connections, {SERVICE: text}) == []


def test_other_folders_are_not_looked_at(found: Found) -> None:
    assert found(unguarded_connections, {"tests/test_a.py": "import httpx\n"}) == []


def test_every_listed_module_is_there(repository: Path) -> None:
    assert [path for path in LISTED if not (repository / path).is_file()] == []
