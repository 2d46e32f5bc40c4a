"""A table of tickets (CSV, RFC 4180) with a heading: `text`, and if there are any `subject`, `sender`, `id`.

A line that is no ticket is told with its number; the others go on. A cell is text: what begins as a formula
does is taken as it stands and never calculated.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator

from pydantic import ValidationError

from pilothouse import Delivery
from pilothouse.apps.support.inlets.telling import problem_of
from pilothouse.apps.support.tickets import LONGEST, Ticket

LARGEST = 20_000_000
MOST_ROWS = 10_000
COLUMNS = ("text", "subject", "sender", "id")


def read_table(data: bytes) -> Iterator[Delivery]:
    """The tickets of a table, and the lines that are none."""
    if len(data) > LARGEST:
        yield Delivery(where="file", problem=f"it has {len(data):,} bytes, at most {LARGEST:,} are read.")
        return
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        yield Delivery(where=f"line {line}", problem="it is not UTF-8 text. Save the table as UTF-8.")
        return
    if "\0" in text:
        yield Delivery(where="file", problem="it holds NUL characters: it is no table of text.")
        return
    yield from _rows(text)


def _rows(text: str) -> Iterator[Delivery]:
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    previous = csv.field_size_limit(LONGEST * 4)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        heading: list[str] | None = None
        first = 1
        for count, row in enumerate(_lines(reader)):
            if isinstance(row, str):
                yield Delivery(where=f"line {first}", problem=row)
                return
            if heading is None:
                heading = [name.strip().casefold() for name in row]
                if (problem := _wrong_heading(heading)) is not None:
                    yield Delivery(where="line 1", problem=problem)
                    return
            elif count > MOST_ROWS:
                yield Delivery(
                    where=f"line {first}", problem=f"at most {MOST_ROWS:,} tickets are read of a table."
                )
                return
            elif any(cell.strip() for cell in row):
                yield _ticket(f"line {first}", heading, row)
            first = reader.line_num + 1
    finally:
        csv.field_size_limit(previous)


def _lines(reader: Iterator[list[str]]) -> Iterator[list[str] | str]:
    """Rows, and at the end why no more can be read."""
    try:
        yield from reader
    except csv.Error as error:
        yield f"the table cannot be read from here on ({error})."


def _wrong_heading(heading: list[str]) -> str | None:
    if "text" not in heading:
        return f'the heading names no column "text". Columns are: {", ".join(COLUMNS)}.'
    if len(set(heading)) < len(heading):
        return "the heading names a column twice."
    return None


def _ticket(where: str, heading: list[str], row: list[str]) -> Delivery:
    if len(row) != len(heading):
        return Delivery(where=where, problem=f"it has {len(row)} cells, the heading has {len(heading)}.")
    said = {name: cell.strip() for name, cell in zip(heading, row, strict=True)}
    try:
        ticket = Ticket(
            text=said["text"], subject=said.get("subject", ""), sender=said.get("sender", ""), channel="table"
        )
    except ValidationError as error:
        return Delivery(where=where, problem=problem_of(error))
    named = said.get("id") or f"{ticket.sender}\x1f{ticket.subject}\x1f{ticket.text}"
    key = f"table-{hashlib.sha256(named.encode()).hexdigest()[:40]}"
    return Delivery(where=where, value=ticket.model_dump(mode="json"), key=key)
