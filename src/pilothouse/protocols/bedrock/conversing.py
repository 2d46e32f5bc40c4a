"""The messages of Bedrock's Converse, and the blocks that they are made of, as those of a chat completion."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson
from pydantic import JsonValue

from pilothouse.protocols.openai.asking import Body
from pilothouse.protocols.openai.saying import (
    assistant,
    call,
    checked,
    image_part,
    plain,
    result,
    text_of,
    text_part,
    unsaid,
    wrong,
)

Block = tuple[str, str, JsonValue]
"""A block of a content: where it stands, its only member's name, and that member."""

HINT = "cachePoint"
"""A block that changes nothing of what is said."""
_FORMAT = re.compile(r"[a-z0-9.+-]{1,40}")


def messages_of(system: JsonValue, given: JsonValue) -> list[JsonValue]:
    """The messages of a chat. Raises `WrongRequest` and `Untranslated`."""
    if not isinstance(given, list) or not given:
        raise wrong("messages", "There is at least one message.")
    said: list[JsonValue] = []
    texts = [text_part(_text(*block)) for block in blocks_of(system or [], "system")]
    if texts:
        said.append({"role": "system", "content": plain([*texts])})
    last: JsonValue = None
    for at, message in enumerate(given):
        where = f"messages.{at}"
        if not isinstance(message, dict):
            raise wrong(where, "A message is an object.")
        checked(message, {"role", "content"}, where)
        last = message.get("role")
        blocks = blocks_of(message.get("content"), f"{where}.content")
        if last == "user":
            said += _of_user(blocks)
        elif last == "assistant":
            said.append(_of_assistant(blocks))
        else:
            raise wrong(f"{where}.role", "A role is user or assistant.")
    if last == "assistant":
        raise unsaid(f"messages.{len(given) - 1}", "An answer whose beginning is given cannot be asked for.")
    return said


def blocks_of(content: JsonValue, where: str) -> list[Block]:
    """The blocks of a list, without hints. Raises `WrongRequest`."""
    if not isinstance(content, list):
        raise wrong(where, "This is a list of blocks.")
    found: list[Block] = []
    for at, block in enumerate(content):
        if not isinstance(block, dict) or len(block) != 1:
            raise wrong(f"{where}.{at}", "A block is an object with one member.")
        ((kind, said),) = block.items()
        if kind != HINT:
            found.append((f"{where}.{at}", kind, said))
    return found


def object_at(where: str, kind: str, said: JsonValue) -> Body:
    """A block's member that is an object. Raises `WrongRequest`."""
    if not isinstance(said, dict):
        raise wrong(f"{where}.{kind}", "This is an object.")
    return said


def _of_user(blocks: list[Block]) -> Iterator[JsonValue]:
    """What a user says: first the results of tools, each as a message of its own, then the rest."""
    rest: list[JsonValue] = []
    for where, kind, said in blocks:
        if kind == "toolResult":
            yield _result(object_at(where, kind, said), f"{where}.{kind}")
        elif kind == "image":
            rest.append(_image(object_at(where, kind, said), f"{where}.{kind}"))
        else:
            rest.append(text_part(_text(where, kind, said)))
    if rest or not blocks:
        yield {"role": "user", "content": plain(rest)}


def _of_assistant(blocks: list[Block]) -> Body:
    texts: list[JsonValue] = []
    calls: list[JsonValue] = []
    for where, kind, said in blocks:
        if kind == "toolUse":
            calls.append(_call(object_at(where, kind, said), f"{where}.{kind}"))
        else:
            texts.append(text_part(_text(where, kind, said)))
    return assistant(texts, calls)


def _text(where: str, kind: str, said: JsonValue) -> str:
    if kind != "text":
        raise unsaid(f"{where}.{kind[:40]}", "Such a block cannot be said here.")
    if not isinstance(said, str):
        raise wrong(f"{where}.text", "This is a text.")
    return said


def _image(said: Body, where: str) -> Body:
    checked(said, {"format", "source"}, where)
    source = said.get("source")
    if not isinstance(source, dict) or set(source) != {"bytes"}:
        raise unsaid(f"{where}.source", "An image is sent as bytes.")
    form = text_of(said, "format", where)
    if not _FORMAT.fullmatch(form):
        raise wrong(f"{where}.format", "This is the format of an image.")
    return image_part(f"data:image/{form};base64,{text_of(source, 'bytes', f'{where}.source')}")


def _call(said: Body, where: str) -> Body:
    checked(said, {"toolUseId", "name", "input"}, where)
    given = said.get("input")
    if not isinstance(given, dict):
        raise wrong(f"{where}.input", "The input of a tool is an object.")
    return call(text_of(said, "toolUseId", where), text_of(said, "name", where), given)


def _result(said: Body, where: str) -> Body:
    checked(said, {"toolUseId", "content", "status"}, where)
    texts = [
        orjson.dumps(one).decode() if kind == "json" else _text(place, kind, one)
        for place, kind, one in blocks_of(said.get("content"), f"{where}.content")
    ]
    return result(text_of(said, "toolUseId", where), texts, failed=said.get("status") == "error")
