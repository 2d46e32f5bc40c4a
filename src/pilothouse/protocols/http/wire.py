"""The connection itself: what is not even HTTP is told as a problem document, too."""

from __future__ import annotations

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pilothouse.errors import InvalidInput
from pilothouse.kit.ids import Ids
from pilothouse.kit.problems import MEDIA_TYPE, problem_of


class Connection(H11Protocol):
    """Uvicorn's connection, except for what it answers to bytes that are no request."""

    def send_400_response(self, msg: str) -> None:
        """Tell the problem, and close."""
        error = InvalidInput(msg, hint="Send HTTP/1.1; a request line with headers has at most 64 KiB.")
        body = problem_of(error, instance="", request_id=str(Ids().new())).model_dump_json().encode()
        headers = [
            ("content-type", MEDIA_TYPE),
            ("content-length", str(len(body))),
            ("x-content-type-options", "nosniff"),
            ("connection", "close"),
        ]
        response = h11.Response(status_code=400, headers=headers, reason=b"Bad Request")
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
