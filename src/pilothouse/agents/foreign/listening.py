"""What the models that a graph's nodes ask through LangChain have taken, as LangChain tells of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import LLMResult

from pilothouse.agents.foreign.metering import book, priced
from pilothouse.kit.clock import elapsed
from pilothouse.runtime.booking import Request
from pilothouse.runtime.branch import current
from pilothouse.runtime.context import Context

_ADDRESSES = ("base_url", "openai_api_base", "anthropic_api_url", "azure_endpoint", "endpoint_url")
"""What LangChain's models call the address that they were given."""


class Used(NamedTuple):
    """What one request has used, as it is journalled with its superstep."""

    model: str
    input_tokens: int
    output_tokens: int


class Requests(BaseCallbackHandler):
    """The requests of one superstep. Threads of nodes tell of theirs; `close` them in the event loop."""

    run_inline = True

    def __init__(self, ctx: Context, agent: str) -> None:
        """Those of `agent`, within the step that runs."""
        self._ctx, self._agent, self._step = ctx, agent, current.get().path
        self._open: dict[UUID, tuple[float, Request]] = {}
        self._over: list[tuple[str, Request]] = []
        self.used: list[Used] = []

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[Any]], *, run_id: UUID, **told: Any
    ) -> None:
        """A chat model is asked."""
        self.on_llm_start(serialized, [], run_id=run_id, **told)

    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """A model is asked."""
        said, given = metadata or {}, (serialized or {}).get("kwargs") or {}
        address = next((str(given[name]) for name in _ADDRESSES if given.get(name)), "")
        request = Request(str(said.get("ls_model_name") or ""), str(said.get("ls_provider") or ""), address)
        self._open[run_id] = elapsed(), request

    def on_llm_new_token(self, token: Any, *, run_id: UUID, **_: Any) -> None:
        """A piece of an answer has come."""
        if (known := self._open.get(run_id)) is not None and not known[1].streamed:
            self._open[run_id] = known[0], replace(known[1], streamed=True)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """A model has answered."""
        message = getattr(response.generations[0][0], "message", None) if response.generations else None
        told = getattr(message, "response_metadata", None) or {}
        named = str(told.get("model_name") or told.get("model") or "")
        took = _took(getattr(message, "usage_metadata", None) or {})
        self.used.append(Used(named, took.input, took.output))
        self._ended(run_id, took, "ok", named)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """A model has not answered."""
        from pilothouse.llm.service import outcome_of  # which loads what speaks with models

        self._ended(run_id, Request(), outcome_of(error))

    def close(self) -> list[str]:
        """Have them written, those that were left included; the models of `used` whose price nobody knows."""
        for run_id in list(self._open):
            self._ended(run_id, Request(), "stopped")
        over, self._over = self._over, []
        for _, request in over:
            book(self._ctx, self._agent, self._step, request)
        return sorted({named for named, request in over if not priced(self._ctx, request)})

    def _ended(self, run_id: UUID, took: Request, outcome: str, named: str = "") -> None:
        begun, asked = self._open.pop(run_id, (None, Request()))
        if begun is None:
            return  # it was told as stopped
        told = replace(
            took,
            model=asked.model or named,
            provider=asked.provider,
            address=asked.address,
            streamed=asked.streamed,
            seconds=elapsed() - begun,
            outcome=outcome,
        )
        self._over.append((named, told))


def _took(usage: Any) -> Request:
    """What a message says of its tokens. One that comes from LangChain's cache has cost nothing."""
    details = usage.get("input_token_details") or {}
    return Request(
        input=_count(usage.get("input_tokens")),
        output=_count(usage.get("output_tokens")),
        cache_read=_count(details.get("cache_read")),
        cache_write=_count(details.get("cache_creation")),
        cached=usage.get("total_cost") == 0,
    )


def _count(said: object) -> int:
    return said if isinstance(said, int) else 0
