"""The kit over every row, each with replies in its own dialect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from graphbit_gateways import EMBEDDERS, HOSTED, LOCAL, Gateway, GatewayEmbedder

from graphbit_core import (
    BadRequestError,
    ChatResponse,
    FinishReason,
    Message,
    ProviderError,
    RateLimitError,
    ReasoningPart,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
)
from graphbit_core.testing import Canned, HttpEmbedderConformance, HttpProviderConformance
from graphbit_core.testing.replies import chat_body, chat_chunk, embeddings_body, error_body, sse

CALLS = (ToolCall("call-1", "weather", '{"city":"Zürich"}'), ToolCall("call-2", "time", "{}"))
TEXT, THOUGHT = "Grüß Gott 👋", "Ein Gruß."
_USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
_APART = {"completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 2}}
USAGES: dict[str, tuple[dict[str, Any], Usage]] = {
    "moonshot": ({**_USAGE, "cached_tokens": 3}, Usage(11, 7, cached_tokens=3)),
    "deepseek": ({**_USAGE, "prompt_cache_hit_tokens": 3}, Usage(11, 7, cached_tokens=3)),
    "xai": (
        {**_USAGE, **_APART, "cost_in_usd_ticks": 37_756_000},
        Usage(11, 7, reasoning_tokens=2, cost=37_756_000 * 1e-10),
    ),
    "openrouter": ({**_USAGE, "cost": 0.25}, Usage(11, 7, cost=0.25)),
    "perplexity": ({**_USAGE, "cost": {"total_cost": 0.5}}, Usage(11, 7, cost=0.5)),
}
FINISH: dict[tuple[str, str], str | None] = {
    ("together", "stop"): "eos",
    ("xai", "tool_calls"): "",
    ("xai", "stop"): "",
    ("ai21", "stop"): None,
}
"""Row and the finish reason of OpenAI: the word that it uses in its place."""


def usage_of(row: Gateway) -> tuple[dict[str, Any], Usage]:
    return USAGES.get(row.name, (_USAGE, Usage(11, 7)))


def thinking(row: Gateway, thought: str) -> dict[str, Any]:
    """A message or delta that shows a thought."""
    if row.name == "mistral":
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": thought}]}]}
    if row.name == "openrouter":
        details = [{"type": "reasoning.text", "text": thought, "index": 0, "signature": None}]
        return {"reasoning": thought, "reasoning_details": details}
    return {"reasoning" if row.name in ("groq", "cerebras") else "reasoning_content": thought}


def signature(row: Gateway) -> str | None:
    detail = {"type": "reasoning.text", "text": THOUGHT, "index": 0, "signature": None}
    compact = json.dumps([detail], ensure_ascii=False, separators=(",", ":"))
    return compact if row.name == "openrouter" else None


def whole(row: Gateway, message: dict[str, Any], finish: str) -> dict[str, Any]:
    body = chat_body(TEXT)
    body["choices"][0] = {
        "index": 0,
        "message": {"role": "assistant", "content": None, **message},
        "finish_reason": FINISH.get((row.name, finish), finish),
    }
    return {**body, "usage": usage_of(row)[0]}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """As short as can be: the kit cuts the stream at every byte, for every row."""
    return {"choices": [{"delta": delta, "finish_reason": finish}]}


def streamed(row: Gateway, deltas: list[dict[str, Any]], finish: str) -> str:
    last = chunk({}, FINISH.get((row.name, finish), finish))
    usage = usage_of(row)[0]
    events: list[Any] = [*map(chunk, deltas)]
    if row.name == "groq":
        events.append({**last, "x_groq": {"id": "r-1", "usage": usage}})
    elif not row.quirks.include_usage or row.name == "xai":
        events.append({**last, "usage": usage})
    else:
        events += [last, {"choices": [], "usage": usage}]
    return sse([*events, "[DONE]"] if row.quirks.require_done else events)


def answer(row: Gateway, message: Message, finish: FinishReason = "stop") -> ChatResponse:
    return ChatResponse(message, finish, usage_of(row)[1])


def call(one: ToolCall, **more: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "type": "function",
        "function": {"name": one.name, "arguments": one.arguments},
        **more,
    }


def text(row: Gateway) -> Canned:
    pieces = [{"content": piece} for piece in ("Grüß", " Gott ", "👋")]
    return Canned(
        whole(row, {"content": TEXT}, "stop"),
        streamed(row, pieces, "stop"),
        answer(row, Message("assistant", TEXT)),
    )


def tools(row: Gateway) -> Canned:
    deltas = [{"tool_calls": [call(one, index=index)]} for index, one in enumerate(CALLS)]
    return Canned(
        whole(row, {"tool_calls": [call(one) for one in CALLS]}, "tool_calls"),
        streamed(row, deltas, "tool_calls"),
        answer(row, Message("assistant", "", tool_calls=CALLS), "tool_calls"),
    )


def reasoning(row: Gateway) -> Canned:
    message = {"content": TEXT} | thinking(row, THOUGHT)
    if row.name == "mistral":
        message["content"] = [*message["content"], {"type": "text", "text": TEXT}]
    parts = (ReasoningPart(THOUGHT, signature(row), row.name), TextPart(TEXT))
    pieces = [thinking(row, "Ein "), thinking(row, "Gruß."), {"content": TEXT}]
    return Canned(
        whole(row, message, "stop"), streamed(row, pieces, "stop"), answer(row, Message("assistant", parts))
    )


def _error_body(self: object, message: str) -> Any:
    return error_body(message)


def conformance(row: Gateway) -> type[HttpProviderConformance]:
    """The kit's rules for one row."""
    rules = {
        "component": row,
        "settings": {} if row.base_url else {"base_url": "https://models.example/v1"},
        "embedder": next((one for one in EMBEDDERS if one.gateway is row), None),
        "key_env": next(iter(row.key_env), ""),
        "key_required": row.key_required,
        "text": text(row),
        "tools": tools(row) if "tools" in row.capabilities else None,
        "reasoning": reasoning(row) if row.reasoning else None,
        "endings": {
            "length": whole(row, {"content": "x"}, "length"),
            "content_filter": whole(row, {"content": "x"}, "content_filter"),
            "other": whole(row, {"content": "x"}, "something new"),
        },
        "stream_error": sse([chat_chunk({"content": "Hel"}), {"error": {"code": 502, "message": "gone"}}]),
        "other_errors": {
            b'{"error":{"message":"bad","code":400}}': BadRequestError,
            b'[{"error":{"message":"slow down","code":429}}]': RateLimitError,
            b'{"error":"plain"}': ProviderError,
            b'{"choices":[{"error":{"code":503},"finish_reason":"error"}]}': UnavailableError,
        },
        "error_body": _error_body,
    }
    return type(f"Test{_title(row)}", (HttpProviderConformance,), rules)


def _vectors_body(self: object, vectors: Sequence[Sequence[float]]) -> Any:
    return embeddings_body(vectors)


def embedder_conformance(row: GatewayEmbedder) -> type[HttpEmbedderConformance]:
    """The kit's rules for the embeddings of one row."""
    rules = {
        "component": row,
        "settings": {} if row.gateway.base_url else {"base_url": "https://models.example/v1"},
        "key_env": next(iter(row.gateway.key_env), ""),
        "key_required": row.gateway.key_required,
        "other_settings": ({"model": "another"}, {"dimensions": 256}, {"extra": {"input_type": "query"}}),
        "other_errors": {b'{"error":{"message":"slow down","code":429}}': RateLimitError},
        "vectors_body": _vectors_body,
        "error_body": _error_body,
    }
    title = f"Test{_title(row.gateway)}Embedder"
    return type(title, (HttpEmbedderConformance,), rules)


def _title(row: Gateway) -> str:
    return row.name.title().replace("_", "")


globals().update({made.__name__: made for made in map(conformance, (*HOSTED, *LOCAL))})
globals().update({made.__name__: made for made in map(embedder_conformance, EMBEDDERS)})
