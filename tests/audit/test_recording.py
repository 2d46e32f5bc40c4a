from __future__ import annotations

import datetime as dt
import json
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pilothouse import settings as product
from pilothouse.audit.errors import KeyUnfit
from pilothouse.audit.notes import Signer
from pilothouse.audit.recording import LONGEST, entry, fingerprint
from pilothouse.audit.schemas import Kind
from pilothouse.errors import SettingsInvalid
from pilothouse.runtime import beside

AT = dt.datetime(2026, 11, 21, 13, 30, tzinfo=dt.timezone(dt.timedelta(hours=1)))
ID, RUN = UUID(int=7), UUID(int=9)


def written(id_: UUID = ID, **said: Any) -> Any:
    return entry(id_, "default", AT, Kind.DISPATCH, "key:1", "pay_refund", **said)


def test_an_entry_is_the_same_bytes_however_its_details_are_ordered() -> None:
    one = written(details={"a": 1, "b": {"c": 2, "d": 3}})
    other = written(details={"b": {"d": 3, "c": 2}, "a": 1})
    assert one == other
    assert json.loads(one.parameters["leaf"]) == {
        "version": 1,
        "id": str(ID),
        "tenant_id": "default",
        "at": "2026-11-21T12:30:00.000000+00:00",
        "kind": "dispatch",
        "actor": "key:1",
        "subject": "pay_refund",
        "run_id": None,
        "step": None,
        "append": None,
        "details": {"a": 1, "b": {"c": 2, "d": 3}},
    }


async def test_entries_ride_in_an_append_and_are_found_by_their_steps(conninfo: str) -> None:
    steps = ["main/pay_refund/1", 'main/"\\ä€\n/2']
    made = [
        written(UUID(int=number), run_id=RUN, step=step, append="dispatch")
        for number, step in enumerate(steps)
    ]
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        await beside.execute(connection, list(enumerate(made)))
        rows = await connection.execute(
            "select run_id, step, append, kind, at, leaf from audit_inbox order by id"
        )
        found = await rows.fetchall()
    assert [row[:4] for row in found] == [(RUN, step, "dispatch", "dispatch") for step in steps]
    assert [row[4:] for row in found] == [(AT, one.parameters["leaf"]) for one in made]


def test_long_and_broken_texts_are_kept_within_bounds() -> None:
    made = entry(ID, "default", AT, Kind.ACCESS, "a" * 1_000, "x\0\ud800", details={})
    actor, subject = made.parameters["actor"], made.parameters["subject"]
    assert actor == "a" * LONGEST + "#" + fingerprint(b"a" * 1_000)
    assert subject == "x\ufffd?"


def test_a_key_of_another_kind_signs_nothing() -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    private = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(KeyUnfit):
        Signer(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.parametrize("where", ["https://user:word@example.com", "ftp://example.com/heads"])
def test_a_place_for_heads_is_checked_at_the_start(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PILOTHOUSE_AUDIT_PUBLISH_TO", json.dumps([where]))
    with pytest.raises(SettingsInvalid, match="audit_publish_to"):
        product.load()
