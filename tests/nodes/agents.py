"""Agents with tools, run with a scripted model or over HTTP; what the tests of the tool loop share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from graphbit_openai import OpenAIProvider

from graphbit_core import Event, Executor, Host, LlmClient, Node, ToolCall, Workflow, WorkflowResult, tool
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.tool import ToolNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import ScriptedModel

COMPONENTS: dict[tuple[str, str], Any] = {
    ("node_type", "agent"): AgentNode,
    ("node_type", "tool"): ToolNode,
    ("node_type", "transform"): TransformNode,
    ("provider", "openai"): OpenAIProvider,
}


class Ran:
    """A run that has ended, with its events and what a scripted model was asked."""

    def __init__(self, result: WorkflowResult, events: list[Event]) -> None:
        self.result, self.events = result, events

    @property
    def output(self) -> Any:
        return self.result.raise_for_failure().output

    @property
    def cause(self) -> BaseException | None:
        assert self.result.error is not None
        return self.result.error.__cause__

    def of(self, prefix: str) -> list[tuple[str, dict[str, Any]]]:
        return [(e.type, dict(e.data)) for e in self.events if e.type.startswith(prefix)]


def run(
    *nodes: Node,
    llm: Any,
    inputs: Any = None,
    components: Any = None,
    services: Any = None,
    timeout: float = 30,
) -> Ran:
    """Runs a chain of nodes; ``llm`` is a scripted model or a client."""
    extra = {("provider", "scripted"): lambda: llm} if isinstance(llm, ScriptedModel) else {}
    host = Host.isolated({**COMPONENTS, **extra, **(components or {})})
    model = "scripted" if extra else llm
    executor = Executor(model, host=host, services=services, timeout_seconds=timeout)
    stream = executor.stream(Workflow("w").chain(*nodes), inputs)
    events = list(stream)
    return Ran(stream.result, events)


def until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def openai_client(url: str) -> LlmClient:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    return LlmClient("openai:scripted-1", host=host, base_url=url, api_key="sk-any", timeout=10)


@dataclass
class City:
    name: str
    country: str = "DE"


@tool
def weather(city: City, days: int = 1) -> dict[str, object]:
    """Tells the weather.

    Args:
        city: Where.
        days: For how long.
    """
    return {"city": city.name, "sky": ["clear"] * days}


@tool
async def population(city: str) -> int:
    """Counts people."""
    await asyncio.sleep(0)
    return {"Ulm": 126_000}[city]


def answer(*calls, text=""):
    return [
        *([text] if text else []),
        *(ToolCall(str(i), name, arguments) for i, (name, arguments) in enumerate(calls, 1)),
    ]


def told(model, turn=-1):
    """What the model was told by tools, in its given request."""
    return [message.text for message in model.requests[turn].messages if message.role == "tool"]


ULM = '{"city": {"name": "Ulm"}, "days": 2}'
