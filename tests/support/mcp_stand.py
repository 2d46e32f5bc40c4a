"""A small MCP server over stdio, by the wire: `python mcp_stand.py FOLDER`. Files there say how it behaves.

It imports nothing but the standard library, so that a process is there in some 20 ms.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
NUMBERS = {
    "type": "object",
    "properties": {"first": {"type": "integer"}, "second": {"type": "integer"}},
    "required": ["first", "second"],
}
NOTHING = {"type": "object", "properties": {}}


def said(name: str, default: str) -> str:
    path = FOLDER / name
    return path.read_text() if path.exists() else default


def call(name: str, given: dict[str, Any]) -> dict[str, Any]:
    if name == "add":
        with (FOLDER / "calls").open("a") as calls:
            calls.write(f"{given['first']}+{given['second']}\n")
        return {"content": [], "structuredContent": {"result": given["first"] + given["second"]}}
    if name == "die":
        sys.stderr.write("the stand dies\n")
        sys.stderr.flush()
        os._exit(3)
    text = {"environment": " ".join(sorted(os.environ)), "long": "x" * 5_000, "fail": "no such order"}[name]
    return {"content": [{"type": "text", "text": text}], "isError": name == "fail"}


def answer(method: str, given: dict[str, Any]) -> dict[str, Any] | None:
    if method == "initialize":
        about = {"name": "stand", "version": said("version", "1.0")}
        version = given["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}
    if method == "tools/list":
        about = [("add", said("description", "Add two numbers."), NUMBERS)]
        about += [(name, f"To {name}.", NOTHING) for name in ("die", "environment", "fail", "long")]
        return {"tools": [{"name": n, "description": d, "inputSchema": s} for n, d, s in about]}
    if method == "tools/call":
        return call(given["name"], given.get("arguments") or {})
    return None


if __name__ == "__main__":
    (FOLDER / "pids").open("a").write(f"{os.getpid()}\n")
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        found = answer(asked["method"], asked.get("params", {}))
        no = {"error": {"code": -32601, "message": "no such method"}}
        told = {"jsonrpc": "2.0", "id": asked["id"], **({"result": found} if found is not None else no)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
