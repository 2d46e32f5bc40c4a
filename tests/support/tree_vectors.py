"""Trees, proofs and a signed head for the console's tests, by the server's own code: run it to write them."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from pilothouse.audit.notes import Signer, as_base64, as_pem
from pilothouse.audit.tree import Edge, consistency_spans, inclusion_spans, leaf_hash
from pilothouse.kit.canonical import to_json

STORED = Path(__file__).parents[2] / "console/src/features/audit/vectors.json"
SIZES = (1, 2, 3, 7, 8, 13, 33)
LEAVES = [f'{{"n":{n}}}'.encode() for n in range(max(SIZES))]
AT = dt.datetime(2026, 1, 7, 12, 0, 0, 123456, tzinfo=dt.UTC)
SAID: dict[str, Any] = {
    "version": 1,
    "id": "01a202de-aee4-7000-8903-01865514eb0b",
    "tenant_id": "default",
    "at": AT.isoformat(timespec="microseconds"),
    "kind": "outcome",
    "actor": "person:1",
    "subject": "pay_refund \u00fc\U0001f9fe",
    "run_id": None,
    "step": None,
    "append": None,
    "details": {"succeeded": True, "marks": ["personal"], "cost": {"amount": "1.50", "currency": "EUR"}},
}
SHOWN = "2026-01-07T12:00:00.123456Z"


def made() -> dict[str, Any]:
    """All of it."""
    return {
        "leaves": [leaf.decode() for leaf in LEAVES],
        "trees": [
            {
                "size": size,
                "root": _root(LEAVES[:size]),
                "paths": [_path(LEAVES[:size], n) for n in range(size)],
            }
            for size in SIZES
        ],
        "pairs": [
            {
                "first": first,
                "second": second,
                "path": [_root(LEAVES[span.begin : span.end]) for span in consistency_spans(first, second)],
            }
            for first in SIZES
            for second in SIZES
            if first <= second
        ],
        "evidence": _evidence(),
    }


def _evidence() -> dict[str, Any]:
    """An entry with its proof, the head of its tree, and the key: what the API gives of it."""
    leaf = to_json(SAID)
    log = [*LEAVES[:4], leaf, *LEAVES[4:6]]
    private = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    signer = Signer(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    head = signer.head("default", len(log), _edge(log).root(), AT)
    shown = {name: SAID[name] for name in SAID if name not in {"tenant_id", "version"}}
    return {
        "tenantId": "default",
        "entry": shown | {"at": SHOWN, "position": 4, "leaf": leaf.decode()},
        "proof": {
            "id": SAID["id"],
            "position": 4,
            "size": len(log),
            "leaf_hash": as_base64(leaf_hash(leaf)),
            "path": _path(log, 4),
            "root": _root(log),
            "head": {
                "id": "01a202de-aeff-7000-86af-0536a3067a80",
                "size": head.size,
                "root": as_base64(head.root),
                "at": SHOWN,
                "key_id": signer.key_id,
                "signature": as_base64(head.signature),
                "note": head.note(signer.public),
            },
        },
        "key": {"key_id": signer.key_id, "pem": as_pem(signer.public)},
    }


def _path(leaves: list[bytes], index: int) -> list[str]:
    return [_root(leaves[span.begin : span.end]) for span in inclusion_spans(index, len(leaves))]


def _root(leaves: list[bytes]) -> str:
    return as_base64(_edge(leaves).root())


def _edge(leaves: list[bytes]) -> Edge:
    edge = Edge()
    edge.extend(b"".join(map(leaf_hash, leaves)))
    return edge


if __name__ == "__main__":
    STORED.write_text(json.dumps(made(), indent=1) + "\n")
