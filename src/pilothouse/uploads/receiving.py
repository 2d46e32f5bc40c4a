"""Takes a file from a request piece by piece: from a form (RFC 7578), or as the body itself."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Mapping

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header

from pilothouse.uploads.errors import UploadIncomplete

FORM = "multipart/form-data"
FIELD = "file"
"""The name of the field whose file is taken."""

_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,100}/[a-z0-9!#$&^_.+-]{1,100}")


def media_type(header: str) -> str:
    """The media type that a header declares, without parameters; "" where it declares none."""
    kind = header.partition(";")[0].strip().lower()
    return kind if _TYPE.fullmatch(kind) else ""


class Form:
    """The one file of a form, while the form is still coming in. Other fields are passed over.

    `name` and `declared` are known once the first piece of the file is given.
    """

    def __init__(self, content_type: str) -> None:
        """Raises `UploadIncomplete` where the header names no boundary."""
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary", b"")
        if not 1 <= len(boundary) <= 70:
            raise UploadIncomplete("The form has no boundary between its parts.")
        self.name, self.declared = "", ""
        self._files = 0
        self._wanted = self._ended = False
        self._given: deque[bytes] = deque()
        self._head: dict[bytes, bytes] = {}
        self._field, self._value = b"", b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._head.clear,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_end": self._end,
            },
        )

    async def file(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces of the file. Raises `UploadIncomplete` for a form without one, or cut off."""
        try:
            async for piece in body:
                self._parser.write(piece)
                while self._given:
                    yield self._given.popleft()
        except MultipartParseError as error:
            raise UploadIncomplete(f"The form cannot be read: {str(error)[:200]}.") from None
        if not self._ended or self._files != 1:
            raise UploadIncomplete(
                f"The form has {self._files} files, and is {'whole' if self._ended else 'cut off'}.",
                hint=f"Send one file in the field {FIELD!r}.",
            )

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self._head[self._field.lower()] = self._value
        self._field, self._value = b"", b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._head.get(b"content-disposition", b""))
        self._wanted = b"filename" in options and options.get(b"name") == FIELD.encode()
        if self._wanted:
            self._files += 1
            self.name = options[b"filename"].decode("utf-8", "replace")
            self.declared = media_type(self._head.get(b"content-type", b"").decode("latin-1"))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._wanted and self._files == 1:
            self._given.append(bytes(data[start:end]))

    def _end(self) -> None:
        self._ended = True


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether a request's body is a form."""
    return media_type(headers.get("content-type", "")) == FORM
