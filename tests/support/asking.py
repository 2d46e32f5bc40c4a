"""Agents of each framework whose model is one at an address: the simulated provider's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import openai
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langgraph.graph import END, START, StateGraph
from pydantic import ConfigDict
from pydantic_ai import Agent as PydanticAgent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from typing_extensions import TypedDict

import agents as sdk
from pilothouse import Agent

MODEL = "gpt-4.1"


def client(url: str) -> openai.AsyncOpenAI:
    """OpenAI's own client, which tries once. It is closed by `async with`."""
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="sk-test", max_retries=0)


def pydantic_ai(speaks: openai.AsyncOpenAI, *, stream: bool = False) -> Agent[Any, Any]:
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(openai_client=speaks))
    return Agent.from_pydantic_ai(PydanticAgent(model, name="desk"), stream=stream)


def openai_agents(speaks: openai.AsyncOpenAI, *, stream: bool = False) -> Agent[Any, Any]:
    model = sdk.OpenAIChatCompletionsModel(MODEL, speaks)
    return Agent.from_openai_agents(sdk.Agent("desk", model=model), stream=stream)


class Chat(BaseChatModel):
    """A chat model of LangChain that asks OpenAI's chat completions, whole."""

    base_url: str
    client: openai.AsyncOpenAI
    model: str = MODEL
    model_config = ConfigDict(arbitrary_types_allowed=True)

    @property
    def _llm_type(self) -> str:
        return "chat"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        return True

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        with openai.OpenAI(base_url=self.base_url, api_key="sk-test", max_retries=0) as client:
            return self._found(client.chat.completions.create(model=self.model, messages=_written(messages)))

    async def _agenerate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        return self._found(
            await self.client.chat.completions.create(model=self.model, messages=_written(messages))
        )

    def _found(self, found: Any) -> ChatResult:
        usage = found.usage
        message = AIMessage(
            found.choices[0].message.content,
            usage_metadata=_usage(usage.prompt_tokens, usage.completion_tokens),
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


class StreamedChat(Chat):
    """As `Chat`, piece by piece."""

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        pieces = await self.client.chat.completions.create(
            model=self.model,
            messages=_written(messages),
            stream=True,
            stream_options={"include_usage": True},
        )
        async for piece in pieces:
            text = (piece.choices[0].delta.content or "") if piece.choices else ""
            used = piece.usage
            metadata = _usage(used.prompt_tokens, used.completion_tokens) if used else None
            yield ChatGenerationChunk(message=AIMessageChunk(text, usage_metadata=metadata))


def _usage(took: int, gave: int) -> UsageMetadata:
    return UsageMetadata(input_tokens=took, output_tokens=gave, total_tokens=took + gave)


def _written(messages: list[BaseMessage]) -> Any:
    return [{"role": "user", "content": message.text} for message in messages]


class State(TypedDict, total=False):
    text: str
    answer: str


def graph(
    speaks: openai.AsyncOpenAI, then: Callable[[str], Any] = str, *, stream: bool = False
) -> Agent[Any, Any]:
    """A graph whose one node asks the model, and then does something with its answer."""
    model = (StreamedChat if stream else Chat)(base_url=str(speaks.base_url), client=speaks)

    async def ask(state: State) -> State:
        message = await model.ainvoke(state["text"])
        return {"answer": then(message.text)}

    builder = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return Agent.from_langgraph(builder.compile(), name="desk")


DESKS: dict[str, Callable[..., Agent[Any, Any]]] = {
    "pydantic-ai": pydantic_ai,
    "openai-agents": openai_agents,
    "langgraph": graph,
}


def given(framework: str, text: str) -> Any:
    """A text as the agent of a framework takes it."""
    return {"text": text} if framework == "langgraph" else text


def answer_of(framework: str, found: Any) -> Any:
    """The text that it has answered with."""
    return found["answer"] if framework == "langgraph" else found
