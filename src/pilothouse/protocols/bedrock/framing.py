"""The binary encoding of AWS's event streams (application/vnd.amazon.eventstream).

A message is its length and that of its headers (32 bits each, big-endian), their CRC-32, the headers (each a
name, the type 7 for text, and a value, behind their lengths in 8 and 16 bits), the payload, and the CRC-32 of
all before it: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Mapping
from struct import pack

import orjson

from pilothouse.protocols.openai.asking import Body

MEDIA_TYPE = b"application/vnd.amazon.eventstream"
_TEXT = 7
_AROUND = 16
"""Bytes of a message beside its headers and its payload."""


def event(name: str, said: Body) -> bytes:
    """An event of a stream."""
    return _message({":message-type": "event", ":event-type": name}, said)


def exception(name: str, message: str) -> bytes:
    """What ends a stream that fails."""
    return _message({":message-type": "exception", ":exception-type": name}, {"message": message})


def _message(headers: Mapping[str, str], said: Body) -> bytes:
    payload = orjson.dumps(said)
    named = b"".join(
        [_header(*header) for header in (*headers.items(), (":content-type", "application/json"))]
    )
    lengths = pack("!II", _AROUND + len(named) + len(payload), len(named))
    whole = b"".join((lengths, pack("!I", crc32(lengths)), named, payload))
    return whole + pack("!I", crc32(whole))


def _header(name: str, value: str) -> bytes:
    """A header whose name and value are ASCII."""
    return pack("!B", len(name)) + name.encode() + pack("!BH", _TEXT, len(value)) + value.encode()
