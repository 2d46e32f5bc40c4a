"""The messages of Anthropic's API, and the blocks that they are made of, as those of a chat completion."""

from __future__ import annotations

import re
from collections.abc import Iterator

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

Block = tuple[str, str, Body]
"""A block of a content: where it stands, its type, and itself."""

HINTS = frozenset({"type", "cache_control"})
"""Members that change nothing of what is said."""
_IMAGE = re.compile(r"image/[a-z0-9.+-]{1,40}")


def messages_of(system: JsonValue, given: JsonValue) -> list[JsonValue]:
    """The messages of a chat. Raises `WrongRequest` and `Untranslated`."""
    if not isinstance(given, list) or not given:
        raise wrong("messages", "There is at least one message.")
    said: list[JsonValue] = []
    if system is not None and system != []:
        said.append({"role": "system", "content": _texts(_blocks(system, "system"))})
    last: JsonValue = None
    for at, message in enumerate(given):
        where = f"messages.{at}"
        if not isinstance(message, dict):
            raise wrong(where, "A message is an object.")
        checked(message, {"role", "content"}, where)
        last = message.get("role")
        blocks = _blocks(message.get("content"), f"{where}.content")
        if last == "user":
            said += _of_user(blocks)
        elif last == "assistant":
            said.append(_of_assistant(blocks))
        elif last == "system":
            said.append({"role": "system", "content": _texts(blocks)})
        else:
            raise wrong(f"{where}.role", "A role is user, assistant or system.")
    if last == "assistant":
        raise unsaid(f"messages.{len(given) - 1}", "An answer whose beginning is given cannot be asked for.")
    return said


def _blocks(content: JsonValue, where: str) -> list[Block]:
    if isinstance(content, str):
        return [(where, "text", {"type": "text", "text": content})]
    if not isinstance(content, list):
        raise wrong(where, "A content is a text or a list of blocks.")
    found: list[Block] = []
    for at, block in enumerate(content):
        kind = block.get("type") if isinstance(block, dict) else None
        if not isinstance(block, dict) or not isinstance(kind, str):
            raise wrong(f"{where}.{at}", "A block is an object with a type.")
        found.append((f"{where}.{at}", kind, block))
    return found


def _of_user(blocks: list[Block]) -> Iterator[JsonValue]:
    """What a user says: first the results of tools, each as a message of its own, then the rest."""
    rest: list[JsonValue] = []
    for where, kind, block in blocks:
        if kind == "tool_result":
            yield _result(block, where)
        elif kind == "image":
            rest.append(_image(block, where))
        else:
            rest.append(text_part(_text(block, kind, where)))
    if rest or not blocks:
        yield {"role": "user", "content": plain(rest)}


def _of_assistant(blocks: list[Block]) -> Body:
    texts: list[JsonValue] = []
    calls: list[JsonValue] = []
    for where, kind, block in blocks:
        if kind == "tool_use":
            calls.append(_call(block, where))
        else:
            texts.append(text_part(_text(block, kind, where)))
    return assistant(texts, calls)


def _texts(blocks: list[Block]) -> JsonValue:
    return plain([text_part(_text(block, kind, where)) for where, kind, block in blocks])


def _text(block: Body, kind: str, where: str) -> str:
    if kind != "text":
        raise unsaid(where, f"A block of type {kind[:40]!r} cannot be said here.")
    checked(block, HINTS | {"text"}, where, {"citations": ([],)})
    return text_of(block, "text", where)


def _image(block: Body, where: str) -> Body:
    checked(block, HINTS | {"source"}, where, {"transformations": ({},)})
    source = block.get("source")
    kind = source.get("type") if isinstance(source, dict) else None
    if isinstance(source, dict) and kind == "url":
        return image_part(text_of(source, "url", f"{where}.source"))
    if not isinstance(source, dict) or kind != "base64":
        raise unsaid(f"{where}.source", "An image is sent as base64, or named by a url.")
    media_type = text_of(source, "media_type", f"{where}.source")
    if not _IMAGE.fullmatch(media_type):
        raise wrong(f"{where}.source.media_type", "This is the media type of an image.")
    return image_part(f"data:{media_type};base64,{text_of(source, 'data', f'{where}.source')}")


def _call(block: Body, where: str) -> Body:
    checked(block, HINTS | {"id", "name", "input"}, where, {"caller": ({"type": "direct"},)})
    given = block.get("input")
    if not isinstance(given, dict):
        raise wrong(f"{where}.input", "The input of a tool is an object.")
    return call(text_of(block, "id", where), text_of(block, "name", where), given)


def _result(block: Body, where: str) -> Body:
    checked(block, HINTS | {"tool_use_id", "content", "is_error"}, where)
    blocks = [] if block.get("content") is None else _blocks(block["content"], f"{where}.content")
    texts = [_text(one, kind, place) for place, kind, one in blocks]
    return result(text_of(block, "tool_use_id", where), texts, failed=block.get("is_error") is True)
