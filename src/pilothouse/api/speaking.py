"""The languages in which clients ask models: how each is read, told, and refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from starlette.responses import Response
from starlette.types import Send

from pilothouse.errors import PilothouseError
from pilothouse.protocols.anthropic.errors import response_of as told_to_anthropic
from pilothouse.protocols.anthropic.reading import read as message
from pilothouse.protocols.anthropic.writing import Messages
from pilothouse.protocols.bedrock.errors import response_of as told_to_bedrock
from pilothouse.protocols.bedrock.reading import read as converse
from pilothouse.protocols.bedrock.reading import read_streamed as converse_stream
from pilothouse.protocols.bedrock.writing import Converse
from pilothouse.protocols.http.context import Tells
from pilothouse.protocols.openai.errors import response_of as told_to_openai
from pilothouse.protocols.openai.gateway import CONVERSE, LANGUAGES, MESSAGES, Language
from pilothouse.protocols.openai.retelling import RetellingSender, Speech
from pilothouse.protocols.openai.sending import Sender
from pilothouse.runtime.observing import origin


def _retold(speech: Callable[[str], Speech]) -> Callable[[Send], Sender]:
    """What makes senders of another language, for the request that is being served."""
    return lambda send: RetellingSender(send, speech(origin.get().request_id or ""))


SPOKEN: Mapping[str, Language] = MappingProxyType(
    {
        **LANGUAGES,
        "create_message": Language(message, _retold(Messages)),
        "converse": Language(converse, _retold(Converse)),
        "converse_stream": Language(converse_stream, _retold(Converse)),
    }
)
"""How clients speak, by operation."""
_ELSEWHERE: tuple[tuple[str, Tells], ...] = ((MESSAGES, told_to_anthropic), (CONVERSE, told_to_bedrock))


def told_at(error: PilothouseError, path: str, request_id: str) -> Response:
    """The answer that tells an error, as the clients that come to a path read it."""
    for prefix, tells in _ELSEWHERE:
        if path.startswith(prefix):
            return tells(error, path, request_id)
    return told_to_openai(error, path, request_id)
