"""What is wrong with a request of Converse, or cannot be said in a chat, is refused by its place."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from botocore.eventstream import EventStreamBuffer

from pilothouse.protocols.bedrock.framing import event, exception
from pilothouse.protocols.bedrock.reading import read, read_streamed
from pilothouse.protocols.openai.errors import WrongRequest
from protocols.bedrock.conftest import Rim

PATH = "/model/fast/converse"
TOOL = {"toolSpec": {"name": "x", "inputSchema": {"json": {}}}}


def user(*blocks: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


def assistant(*blocks: Any) -> dict[str, Any]:
    last = {"role": "user", "content": [{"text": "x"}]}
    return {"messages": [{"role": "assistant", "content": list(blocks)}, last]}


def terms(**said: Any) -> dict[str, Any]:
    return {"inferenceConfig": said}


def tools(**said: Any) -> dict[str, Any]:
    return {"toolConfig": {"tools": [TOOL], **said}}


UNSAID: list[tuple[dict[str, Any], str]] = [
    ({"guardrailConfig": {"guardrailIdentifier": "g"}}, "guardrailConfig"),
    ({"additionalModelRequestFields": {"top_k": 5}}, "additionalModelRequestFields"),
    ({"promptVariables": {"x": {"text": "y"}}}, "promptVariables"),
    ({"outputConfig": {"effort": "low"}}, "outputConfig"),
    ({"performanceConfig": {"latency": "optimized"}}, "performanceConfig"),
    ({"system": [{"guardContent": {}}]}, "system.0.guardContent"),
    (terms(topK=5), "inferenceConfig.topK"),
    (user({"document": {}}), "messages.0.content.0.document"),
    (user({"image": {"format": "png", "source": {"s3Location": {}}}}), "messages.0.content.0.image.source"),
    (
        user({"toolResult": {"toolUseId": "t", "content": [{"image": {}}]}}),
        "messages.0.content.0.toolResult.content.0.image",
    ),
    (assistant({"reasoningContent": {}}), "messages.0.content.0.reasoningContent"),
    (
        {"messages": [*user({"text": "x"})["messages"], {"role": "assistant", "content": [{"text": "{"}]}]},
        "messages.1",
    ),
    (tools(tools=[{"systemTool": {"name": "x"}}]), "toolConfig.tools.0.systemTool"),
]
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"messages": []}, "messages"),
    ({"messages": ["x"]}, "messages.0"),
    ({"messages": [{"role": "tool", "content": []}]}, "messages.0.role"),
    ({"messages": [{"role": "user", "content": "x"}]}, "messages.0.content"),
    (user({"text": "x", "image": {}}), "messages.0.content.0"),
    (user({"text": 7}), "messages.0.content.0.text"),
    (user({"image": "x"}), "messages.0.content.0.image"),
    (
        user({"image": {"format": "png;x", "source": {"bytes": ""}}}),
        "messages.0.content.0.image.format",
    ),
    (
        assistant({"toolUse": {"toolUseId": "t", "name": "x", "input": "{}"}}),
        "messages.0.content.0.toolUse.input",
    ),
    ({"system": "x"}, "system"),
    ({"inferenceConfig": 7}, "inferenceConfig"),
    (terms(temperature="hot"), "inferenceConfig.temperature"),
    (terms(stopSequences="END"), "inferenceConfig.stopSequences"),
    (terms(maxTokens=0), "max_tokens"),
    ({"toolConfig": []}, "toolConfig"),
    (tools(tools="x"), "toolConfig.tools"),
    (tools(tools=[{"toolSpec": {"name": "x"}}]), "toolConfig.tools.0.toolSpec.inputSchema"),
    (tools(toolChoice={"all": {}}), "toolConfig.toolChoice"),
]


@pytest.mark.parametrize(("said", "where"), UNSAID, ids=[where for _, where in UNSAID])
def test_what_cannot_be_said_is_refused(said: dict[str, Any], where: str) -> None:
    with pytest.raises(WrongRequest) as caught:
        read(orjson.dumps(user({"text": "x"}) | said), PATH)
    assert (caught.value.code, caught.value.param) == ("not_translated", where)


@pytest.mark.parametrize(("said", "where"), WRONG, ids=[where for _, where in WRONG])
def test_what_is_wrong_is_refused(said: dict[str, Any], where: str) -> None:
    with pytest.raises(WrongRequest) as caught:
        read(orjson.dumps(user({"text": "x"}) | said), PATH)
    assert (caught.value.code, caught.value.param) == ("invalid_request", where)


def test_what_says_nothing_is_passed_over_and_the_path_names_the_model() -> None:
    said = {
        "requestMetadata": {"team": "x"},
        "performanceConfig": {"latency": "standard"},
        "promptVariables": {},
    }
    body = orjson.dumps(user({"text": "x"}, {"cachePoint": {"type": "default"}}) | said)
    found = read(body, "/model/one:meta~m/converse")
    assert (found.model, found.stream) == ("one:meta/m", False)
    assert found.body == {"model": "one:meta/m", "messages": [{"role": "user", "content": "x"}]}
    assert read_streamed(body, "/model/fast/converse-stream").stream


def test_frames_are_those_of_aws() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event("messageStart", {"role": "assistant"}) + exception("validationException", "No: ä."))
    first, second = [message.to_response_dict() for message in buffer]
    assert first["headers"] == {
        ":message-type": "event",
        ":event-type": "messageStart",
        ":content-type": "application/json",
    }
    assert orjson.loads(first["body"]) == {"role": "assistant"}
    assert second["headers"][":exception-type"] == "validationException"
    assert orjson.loads(second["body"]) == {"message": "No: ä."}


async def test_paths_that_are_none_are_told_in_the_same_shape(rim: Rim) -> None:
    server = await rim.open()
    cases = [
        ("GET", "/model/fast/converse", 405, "ValidationException"),
        ("POST", "/model/fast/invoke", 404, "ResourceNotFoundException"),
        ("POST", "/model/converse", 404, "ResourceNotFoundException"),
    ]
    for method, path, status, name in cases:
        answer = await server.client.request(method, path, json={})
        assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (status, name)
        assert set(answer.json()) == {"message"}
