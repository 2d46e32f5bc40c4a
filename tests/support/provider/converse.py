"""Amazon Bedrock's Converse and ConverseStream, with the binary encoding of event streams."""

from __future__ import annotations

import json
from binascii import crc32
from collections.abc import Iterator, Mapping
from struct import pack

from support.provider.asked import Asked
from support.provider.replies import Reply
from support.provider.wire import JSON, Event, Refusal, Wire, dumped, given, split, usage

KINDS: dict[int, tuple[int, str]] = {
    400: (400, "ValidationException"),
    401: (403, "UnrecognizedClientException"),
    403: (403, "AccessDeniedException"),
    404: (404, "ResourceNotFoundException"),
    408: (408, "ModelTimeoutException"),
    424: (424, "ModelErrorException"),
    429: (429, "ThrottlingException"),
    500: (500, "InternalServerException"),
    503: (503, "ServiceUnavailableException"),
    529: (503, "ServiceUnavailableException"),
}
"""The status and the name of an error by the status that a script says."""
STOPS = {"end": "end_turn", "length": "max_tokens", "filter": "content_filtered"}
STRING = 7
"""The type of a header that is text."""


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """A message of `application/vnd.amazon.eventstream`: lengths, their CRC, headers, payload, CRC of all."""
    said = b"".join(
        pack("!B", len(name)) + name.encode() + pack("!BH", STRING, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    lengths = pack("!II", 16 + len(said) + len(payload), len(said))
    before = lengths + pack("!I", crc32(lengths)) + said + payload
    return before + pack("!I", crc32(before))


def encode(event: Event, data: bytes) -> bytes:
    """An event of a stream."""
    said = {":event-type": event.name, ":content-type": "application/json", ":message-type": "event"}
    return frame(said, data)


def refusal(reply: Reply, asked: Asked) -> Refusal:
    """An error in the shape of AWS: its name is a header."""
    code, kind = KINDS.get(reply.status, (reply.status, "InternalServerException"))
    message = reply.message or f"The simulated provider answers with {reply.status}."
    headers = {"x-amzn-errortype": reply.code or kind, "x-amzn-requestid": f"req-{asked.number}"}
    return Refusal(code, {"message": message}, headers)


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.calls and reply.stop == "end" else STOPS[reply.stop]


def _usage(reply: Reply, asked: Asked) -> JSON:
    used = usage(reply, asked)
    if used is None:
        return {}
    total = used.input + used.output
    counted = {"inputTokens": used.input, "outputTokens": used.output, "totalTokens": total}
    return {"usage": counted | {"cacheReadInputTokens": used.cached, "cacheWriteInputTokens": 0}}


def _input(said: str) -> object:
    try:
        return json.loads(said)
    except ValueError:
        return said


def plain(reply: Reply, asked: Asked) -> JSON:
    """A whole answer."""
    reply = given(reply, asked)
    content: list[JSON] = []
    if reply.thinking:
        thought = {"text": reply.thinking, "signature": "c2ltdWxhdGVk"}
        content.append({"reasoningContent": {"reasoningText": thought}})
    if reply.pieces:
        content.append({"text": reply.text})
    for call in reply.calls:
        used = {"toolUseId": call.id, "name": call.name, "input": _input(call.said)}
        content.append({"toolUse": used})
    output = {"message": {"role": "assistant", "content": content}}
    said: JSON = {"output": output, "stopReason": _stop(reply), "metrics": {"latencyMs": 1}}
    return said | _usage(reply, asked)


def _blocks(reply: Reply) -> Iterator[tuple[JSON | None, list[JSON]]]:
    """How each block of content starts, where that is said, and its pieces."""
    if reply.thinking:
        bits: list[JSON] = [{"reasoningContent": {"text": bit}} for bit in split(reply.thinking)]
        yield None, [*bits, {"reasoningContent": {"signature": "c2ltdWxhdGVk"}}]
    if reply.pieces:
        yield None, [{"text": word} for word in reply.pieces]
    for call in reply.calls:
        start = {"toolUse": {"toolUseId": call.id, "name": call.name}}
        yield start, [{"toolUse": {"input": bit}} for bit in split(call.said)]


def events(reply: Reply, asked: Asked) -> Iterator[Event]:
    """The events of an answer."""
    reply = given(reply, asked)
    yield Event({"role": "assistant"}, "messageStart")
    for at, (start, deltas) in enumerate(_blocks(reply)):
        where = {"contentBlockIndex": at}
        if start is not None:
            yield Event(where | {"start": start}, "contentBlockStart")
        for delta in deltas:
            shown = "signature" not in delta.get("reasoningContent", {})
            yield Event(where | {"delta": delta}, "contentBlockDelta", piece=shown)
        yield Event(where, "contentBlockStop")
    yield Event({"stopReason": _stop(reply)}, "messageStop")
    yield Event(_usage(reply, asked) | {"metrics": {"latencyMs": 1}}, "metadata")


def broken(reply: Reply, asked: Asked) -> bytes:
    """A stream fails by a message that is an exception."""
    _, kind = KINDS.get(reply.status, (500, "InternalServerException"))
    said = {
        ":exception-type": kind[0].lower() + kind[1:],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return frame(said, dumped(refusal(reply, asked).body))


CONVERSE = Wire(
    *("converse", plain, events, encode, b"", refusal, broken),
    stream_type="application/vnd.amazon.eventstream",
)
