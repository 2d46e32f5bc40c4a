"""A provider that answers at once, a process of its own: the upstream of the gateway's benchmark.

POST gives a fixed completion of OpenAI's chat format, or a fixed stream of chunks where the body asks for
one; GET a list with one model. Nothing is parsed but lengths, so that one core answers tens of thousands a
second.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHUNKS = 50
MODEL = "gpt-4.1-mini"
TEXT = (
    "Your parcel left our warehouse on Monday and is with the carrier now, who brings it to you by Thursday "
    "at the latest. If nobody is at home, a neighbour can take it, or you fetch it from the shop around the "
    "corner within seven days; please bring a document that shows your name."
)
WORDS = [f"{word} " for word in TEXT.split()]
"""What is answered, word by word: an answer as a shop gives it, in which guards have nothing to find."""
_HEAD = {"id": "chatcmpl-1", "created": 1_760_000_000, "model": MODEL, "system_fingerprint": "fp_1"}


def _answer(kind: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (kind, len(body), body)


def completion() -> bytes:
    """A whole completion with its head: 20 words, 24 tokens."""
    message: dict[str, object] = {
        "role": "assistant",
        "content": "".join(WORDS[:20]),
        "refusal": None,
        "annotations": [],
    }
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 12, "completion_tokens": 24, "total_tokens": 36}
    body = {"object": "chat.completion", **_HEAD, "choices": [choice], "usage": usage}
    return _answer(b"application/json", json.dumps(body).encode())


def _event(delta: dict[str, str], stop: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": stop}
    said = {"object": "chat.completion.chunk", **_HEAD, "choices": [choice]}
    return b"data: " + json.dumps(said).encode() + b"\n\n"


def stream(chunks: int) -> list[bytes]:
    """The parts of a stream with `chunks` words: its head, each event and its end, as HTTP chunks."""
    usage = {"prompt_tokens": 12, "completion_tokens": chunks, "total_tokens": 12 + chunks}
    counted = {"object": "chat.completion.chunk", **_HEAD, "choices": [], "usage": usage}
    events = [_event({"role": "assistant", "content": ""})]
    events += [_event({"content": WORDS[at % len(WORDS)]}) for at in range(chunks)]
    events += [_event({}, "stop"), b"data: " + json.dumps(counted).encode() + b"\n\n", b"data: [DONE]\n\n"]
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return [head, *(b"%x\r\n%b\r\n" % (len(one), one) for one in events), b"0\r\n\r\n"]


def events_of(chunks: int) -> int:
    """How many events a stream of `chunks` words has: its role, its stop, its usage and [DONE] besides."""
    return chunks + 4


def models() -> bytes:
    """The list of models with its head."""
    row = {"id": MODEL, "object": "model", "created": 1_760_000_000, "owned_by": "upstream"}
    return _answer(b"application/json", json.dumps({"object": "list", "data": [row]}).encode())


class Upstream(asyncio.Protocol):
    """One connection of a client."""

    def __init__(self, plain: bytes, parts: list[bytes], listed: bytes) -> None:
        """`parts` are written one by one."""
        self._plain, self._parts, self._listed = plain, parts, listed
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is open."""
        self._transport = transport  # type: ignore[assignment]  # of a stream, it is one

    def data_received(self, data: bytes) -> None:
        """A part of a request came, or some requests."""
        self._buffer += data
        while self._answered():
            continue

    def _answered(self) -> bool:
        """Whether a whole request was there; it is answered."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or self._transport is None:
            return False
        head = bytes(self._buffer[:end]).lower()
        at = head.find(b"content-length:")
        size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + size:
            return False
        body = self._buffer[end + 4 : end + 4 + size]
        del self._buffer[: end + 4 + size]
        if head.startswith(b"get "):
            self._transport.write(self._listed)
        elif b'"stream":true' in body or b'"stream": true' in body:
            for part in self._parts:
                self._transport.write(part)
        else:
            self._transport.write(self._plain)
        return True


async def serve(chunks: int, *, at_once: bool) -> None:
    """Print the port and serve for good."""
    plain, listed, parts = completion(), models(), stream(chunks)
    if at_once:
        parts = [b"".join(parts)]
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Upstream(plain, parts, listed), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def upstream(chunks: int = CHUNKS, *, at_once: bool = False) -> Iterator[str]:
    """The address (without `/v1`) of an upstream in a process of its own, while the block lasts.

    Each event of a stream is a write of its own, as of a provider; `at_once` writes a stream as a whole,
    which leaves more of the processor to what is measured.
    """
    command = [
        sys.executable,
        str(Path(__file__)),
        "--chunks",
        str(chunks),
        *(["--at-once"] if at_once else []),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            port = started.stdout.readline().strip() if started.stdout else ""
            if not port:
                raise SystemExit("the upstream does not serve")
            yield f"http://127.0.0.1:{port}"
        finally:
            started.terminate()


def main() -> None:
    """Read the options and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=CHUNKS, help="words of a stream")
    parser.add_argument("--at-once", action="store_true", help="write a stream as a whole")
    options = parser.parse_args()
    asyncio.run(serve(options.chunks, at_once=options.at_once))


if __name__ == "__main__":
    main()
