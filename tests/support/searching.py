"""What is searched for in everything that is written, and every row of a database to search in."""

from __future__ import annotations

import base64
from urllib.parse import quote

import psycopg
from psycopg import sql

TABLES = "select tablename from pg_tables where schemaname = 'public'"


def forms(secret: bytes) -> set[bytes]:
    """What a secret looks like when somebody writes it."""
    found = {secret, secret.hex().encode(), quote(secret, safe="").encode()}
    for shift in range(3):  # in base64, at whatever place in a longer text it stands
        whole = base64.b64encode(b"\0" * shift + secret)
        found.add(whole[4 if shift else 0 : -4])
    found |= {form.translate(bytes.maketrans(b"+/", b"-_")) for form in found}
    return {form for form in found if len(form) >= 12}


def dump(conninfo: str) -> bytes:
    """Every row of every table, as text; what is shown in hexadecimal digits also as it is."""
    pieces: list[bytes] = []
    with psycopg.connect(conninfo) as connection:
        for (name,) in connection.execute(TABLES).fetchall():
            query = sql.SQL("copy (select * from {}) to stdout").format(sql.Identifier(name))
            with connection.cursor().copy(query) as copy:
                pieces += [bytes(piece) for piece in copy]
            for row in connection.execute(sql.SQL("select * from {}").format(sql.Identifier(name))):
                pieces += [value for value in row if isinstance(value, bytes)]
    return b"\n".join(pieces)
