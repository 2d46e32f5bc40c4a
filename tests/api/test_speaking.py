"""Every operation of the gateway needs a permission, and whatever asks a model has a language."""

from __future__ import annotations

import json

import pytest

from pilothouse.api.speaking import SPOKEN, told_at
from pilothouse.errors import NotFound
from pilothouse.policies.service import GATEWAY
from pilothouse.protocols.openai.gateway import OPERATIONS, operation_of


def test_every_operation_has_a_permission_and_a_language_where_it_asks() -> None:
    names = {name for _, name in OPERATIONS.values()}
    assert names == set(GATEWAY)
    assert set(GATEWAY.values()) == {"models:use"}
    assert set(SPOKEN) == {name for method, name in OPERATIONS.values() if method == "POST"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/chat/completions", "create_chat_completion"),
        ("/v1/messages", "create_message"),
        ("/v1/messages/batches", ""),
        ("/model/fast/converse", "converse"),
        ("/model/one:meta~m/converse-stream", "converse_stream"),
        ("/model/fast/invoke", ""),
        ("/model/converse", ""),
        ("/models/fast/converse", ""),
        ("/v1/nothing", ""),
    ],
)
def test_paths_name_operations(path: str, name: str) -> None:
    assert operation_of({"path": path, "method": "POST"}) == name
    assert operation_of({"path": path, "method": "PUT"}) == ""


def test_errors_are_told_by_where_they_are_asked_for() -> None:
    bodies = {path: told_at(NotFound("No."), path, "r1") for path in ("/v1/x", "/v1/messages/x", "/model/x")}
    shapes = [sorted(json.loads(bytes(answer.body))) for answer in bodies.values()]
    assert shapes == [["error"], ["error", "request_id", "type"], ["message"]]
    assert {answer.status_code for answer in bodies.values()} == {404}
