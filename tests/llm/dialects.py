"""What model APIs say in their own dialects when they ask for tools, and how results of tools reach them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anthropic_wire
import ollama_wire
import responses_wire

from graphbit_core.testing import Reply
from graphbit_core.testing.model_server import Received
from graphbit_core.testing.replies import chat_body, chat_events, sse, tool_call, tool_call_events

THOUGHT = "Let me see"
SIGNED = "c2lnbmVk"
"""The signature of thoughts and calls, in base64 as the APIs have it."""
Call = tuple[str, Any]
"""Name of a tool, and its arguments."""
Answer = Callable[[Received], Reply]


@dataclass(frozen=True)
class Dialect:
    """One API.

    Attributes:
        asks: The answer that thinks and asks for tools.
        says: The answer that is a text.
        told: The results of tools in a request: their texts, and whether they are marked as failures.
        instructions: The system prompt in a request.
        again: What of the answer that asked for tools must stand in the next request.
    """

    asks: Callable[..., Answer]
    says: Callable[[str], Answer]
    told: Callable[[Any], list[tuple[str, bool]]]
    instructions: Callable[[Any], str]
    again: tuple[str, ...] = ()


def either(whole: Any, streamed: str, kind: str = "text/event-stream") -> Answer:
    """The reply that the request asks for."""

    def reply(request: Received) -> Reply:
        wanted = "streamGenerateContent" in request.path or request.json().get("stream")
        return Reply.stream(streamed, kind) if wanted else Reply.json(whole)

    return reply


# --- OpenAI, and rows that send thoughts back ---


def _openai_asks(*calls: Call) -> Answer:
    asked = [tool_call(f"call-{number}", name, given) for number, (name, given) in enumerate(calls)]
    body = chat_body(None, tool_calls=asked)
    body["choices"][0]["message"]["reasoning_content"] = THOUGHT
    events = tool_call_events(asked)
    events[0]["choices"][0]["delta"]["reasoning_content"] = THOUGHT
    return either(body, sse(events))


def _openai_says(text: str) -> Answer:
    return either(chat_body(text), sse(chat_events([text[:2], text[2:]])))


def _openai_told(body: Any) -> list[tuple[str, bool]]:
    texts = [message["content"] for message in body["messages"] if message["role"] == "tool"]
    return [(text, text.startswith("Error")) for text in texts]


def _openai_instructions(body: Any) -> str:
    return str(body["messages"][0]["content"])


# --- OpenAI's responses ---


def _responses_asks(*calls: Call) -> Answer:
    items = [
        responses_wire.call(f"call-{number}", name, given if isinstance(given, str) else json.dumps(given))
        for number, (name, given) in enumerate(calls)
    ]
    body = responses_wire.response(responses_wire.reasoning(THOUGHT, secret=SIGNED), *items)
    return either(body, responses_wire.sse(responses_wire.events(body)))


def _responses_says(text: str) -> Answer:
    body = responses_wire.response(responses_wire.message(text))
    return either(body, responses_wire.sse(responses_wire.events(body)))


def _responses_told(body: Any) -> list[tuple[str, bool]]:
    texts = [item["output"] for item in body["input"] if item.get("type") == "function_call_output"]
    return [(text, text.startswith("Error")) for text in texts]


def _responses_instructions(body: Any) -> str:
    return str(body.get("instructions") or body["input"][0]["content"])


# --- Anthropic ---


def _anthropic_asks(*calls: Call) -> Answer:
    """Arguments that are a text are malformed; only a stream can bring such."""
    asked = [
        anthropic_wire.tool_use(f"call-{number}", name, given if isinstance(given, Mapping) else {})
        for number, (name, given) in enumerate(calls)
    ]
    body = anthropic_wire.message(anthropic_wire.thinking(THOUGHT, SIGNED), *asked, stop="tool_use")
    streamed = anthropic_wire.events(body)
    for number, (_, given) in enumerate(calls):
        if isinstance(given, str):
            at = next(i for i, e in enumerate(streamed) if _begins(e, number + 1))
            streamed[at + 1]["delta"]["partial_json"] = given
    return either(body, anthropic_wire.sse(streamed))


def _begins(event: Any, index: int) -> bool:
    return bool(event["type"] == "content_block_start" and event["index"] == index)


def _anthropic_says(text: str) -> Answer:
    body = anthropic_wire.message(anthropic_wire.text(text))
    return either(body, anthropic_wire.streamed(body))


def _anthropic_told(body: Any) -> list[tuple[str, bool]]:
    blocks = [
        block
        for message in body["messages"]
        if message["role"] == "user" and isinstance(message["content"], list)
        for block in message["content"]
        if block["type"] == "tool_result"
    ]
    return [(_text(block["content"]), block.get("is_error", False)) for block in blocks]


def _anthropic_instructions(body: Any) -> str:
    return _text(body["system"])


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


# --- Google ---


def _google_body(*parts: dict[str, Any]) -> dict[str, Any]:
    candidate = {"index": 0, "content": {"role": "model", "parts": list(parts)}, "finishReason": "STOP"}
    counts = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
    return {"candidates": [candidate], "usageMetadata": counts, "responseId": "r-1"}


def _google_asks(*calls: Call) -> Answer:
    asked: list[dict[str, Any]] = [
        {"functionCall": {"id": f"call-{number}", "name": name, "args": given}}
        for number, (name, given) in enumerate(calls)
    ]
    asked[0]["thoughtSignature"] = SIGNED
    body = _google_body({"text": THOUGHT, "thought": True}, *asked)
    return either(body, sse([body]))


def _google_says(text: str) -> Answer:
    body = _google_body({"text": text})
    return either(body, sse([body]))


def _google_told(body: Any) -> list[tuple[str, bool]]:
    given = [
        part["functionResponse"]["response"]
        for content in body["contents"]
        for part in content["parts"]
        if "functionResponse" in part
    ]
    return [(str(next(iter(one.values()))), "error" in one) for one in given]


def _google_instructions(body: Any) -> str:
    return "".join(part["text"] for part in body["systemInstruction"]["parts"])


# --- Ollama ---


def _ollama_asks(*calls: Call) -> Answer:
    asked = [ollama_wire.call(name, given) for name, given in calls]
    body = ollama_wire.reply(thinking=THOUGHT, calls=asked)
    return either(body, ollama_wire.streamed(body), "application/x-ndjson")


def _ollama_says(text: str) -> Answer:
    body = ollama_wire.reply(text)
    return either(body, ollama_wire.streamed(body), "application/x-ndjson")


_OPENAI = (_openai_says, _openai_told, _openai_instructions)
DIALECTS: dict[str, Dialect] = {
    "openai": Dialect(_openai_asks, *_OPENAI),
    "deepseek": Dialect(_openai_asks, *_OPENAI, again=(THOUGHT,)),
    "openai_responses": Dialect(
        _responses_asks, _responses_says, _responses_told, _responses_instructions, (THOUGHT, SIGNED)
    ),
    "anthropic": Dialect(
        _anthropic_asks, _anthropic_says, _anthropic_told, _anthropic_instructions, (THOUGHT, SIGNED)
    ),
    "google": Dialect(_google_asks, _google_says, _google_told, _google_instructions, (SIGNED,)),
    "ollama": Dialect(_ollama_asks, _ollama_says, _openai_told, _openai_instructions, (THOUGHT,)),
}
