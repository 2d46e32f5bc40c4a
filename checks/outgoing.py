"""Who may open connections: addresses that a caller can name are asked through `kit/outgoing.py` only.

Everything else that connects is listed with whose address it is, so that the list is the whole of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checks.layers import imported
from checks.tree import Finding, Source, Tree

GUARD = "src/pilothouse/kit/outgoing.py"

CLIENTS = frozenset(
    {
        *(
            "apprise",
            "aiohttp",
            "anyio.connect_tcp",
            "boto3",
            "botocore.session",
            "ftplib",
            "grpc",
            "http.client",
        ),
        *("httpcore", "httplib2", "httpx", "imaplib", "limits.aio.storage", "limits.storage", "niquests"),
        *(
            "obstore",
            "opentelemetry.exporter",
            "paramiko",
            "poplib",
            "pycurl",
            "redis",
            "requests",
            "smtplib",
        ),
        *(
            "socket.create_connection",
            "socket.socket",
            "asyncio.open_connection",
            "urllib.request",
            "urllib3",
        ),
        *("websocket", "websockets", "xmlrpc.client"),
    }
)
"""Modules and functions by which a process connects to another one."""

METHODS = frozenset(
    {"connect_tcp", "create_connection", "create_datagram_endpoint", "open_connection", "sock_connect"}
)
"""Methods that connect, of an event loop above all."""

LISTED = {
    "src/pilothouse/artifacts/store.py": "the bucket that the setting artifacts_url names",
    "src/pilothouse/audit/publishing.py": "the bucket that the setting audit_publish_to names",
    "src/pilothouse/backups/depots.py": "the bucket that the setting backup_to names",
    "src/pilothouse/cli/console.py": "asks the server of this machine whether it is there, at loopback only",
    "src/pilothouse/cli/remote.py": "the command line asks the server that its user names",
    "src/pilothouse/cli/scheduling.py": "asks the API in its own process, by no connection",
    "src/pilothouse/kit/connecting.py": "shuts a connection of libpq's to the database, and makes none",
    "src/pilothouse/kit/postgres/sockets.py": "the embedded PostgreSQL, by a socket of this machine",
    "src/pilothouse/llm/providers.py": "the providers of models that settings name",
    "src/pilothouse/notifications/apprise_process.py": "each address is looked at before it is connected to",
    "src/pilothouse/notifications/service.py": "the mail server that the setting mail_url names",
    "src/pilothouse/protocols/mcp/endpoint.py": "asks the API in its own process, by no connection",
    "src/pilothouse/protocols/openai/shared.py": "the Redis that the setting redis_url names",
    "src/pilothouse/protocols/openai/upstream.py": "the providers that the setting providers names",
    "src/pilothouse/readiness/transport.py": "the production check asks the server whose operator started it",
    "src/pilothouse/resilience/shared.py": "the Redis that the setting redis_url names",
    "src/pilothouse/secrets/providers/aws.py": "AWS Secrets Manager of the operator's account",
    "src/pilothouse/server.py": "binds the port on which it is asked, and asks nobody",
    "src/pilothouse/telemetry/sdk.py": "the collector that the setting otlp_endpoint names",
    "src/pilothouse/throttling/shared.py": "the Redis that the setting redis_url names",
    "src/pilothouse/vault/masters.py": "AWS KMS of the operator's account",
}
"""The other modules that connect or bind, and whose address it is: an operator's, never a caller's."""

_REMEDY = (
    "ask through GuardedClient, or list the module with its reason in checks/outgoing.py where only an "
    "operator names the address"
)


def unguarded_connections(tree: Tree) -> Iterator[Finding]:
    """Nothing but the guarded client connects to anywhere, and listed modules, each of which does."""
    for source in tree.python("src/pilothouse"):
        if source.path == GUARD:
            continue
        found = dict(connections(source))
        if source.path not in LISTED:
            for line, name in sorted(found.items()):
                yield source.finding(line, f"{name} connects past the guarded client", _REMEDY)
        elif not found:
            yield source.finding(1, "is listed, and connects to nothing", "strike it from checks/outgoing.py")


def connections(source: Source) -> Iterator[tuple[int, str]]:
    """Line and name of everything in a module by which it may connect: what it imports, and what it calls."""
    for line, name in imported(source):
        if found := _client(".".join(name)):
            yield line, found
    for node in source.nodes:
        if isinstance(node, ast.Attribute):
            path = ast.unparse(node)
            if node.attr in METHODS or path in CLIENTS:
                yield node.lineno, path
        elif isinstance(node, ast.Call) and (found := _imported_by_name(node)):
            yield node.lineno, found


def _client(name: str) -> str | None:
    """The client that a dotted name is, or is part of."""
    parts = name.split(".")
    prefixes = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
    return next((prefix for prefix in prefixes if prefix in CLIENTS), None)


def _imported_by_name(node: ast.Call) -> str | None:
    """The client that a call such as `import_module("httpx")` imports."""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if called not in {"__import__", "import_module"} or not node.args:
        return None
    said = node.args[0]
    return _client(said.value) if isinstance(said, ast.Constant) and isinstance(said.value, str) else None
