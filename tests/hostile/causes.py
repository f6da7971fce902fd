"""What makes a node fail: each cause makes a node of a given name that fails in its own way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphbit_core import (
    BadRequestError,
    Choice,
    DeadlineError,
    Host,
    Node,
    NodeError,
    OutputNotProducedError,
    ToolError,
    ValidationError,
    Workflow,
    WorkflowResult,
    tool,
)
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.condition import ConditionNode
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.join import JoinNode
from graphbit_core.nodes.lifecycle import LifecycleNode
from graphbit_core.nodes.loop import LoopNode
from graphbit_core.nodes.map import MapNode
from graphbit_core.nodes.split import SplitNode
from graphbit_core.nodes.subworkflow import SubworkflowNode
from graphbit_core.nodes.tool import ToolNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import ScriptedModel

NODE_TYPES = {
    "agent": AgentNode,
    "condition": ConditionNode,
    "delay": DelayNode,
    "join": JoinNode,
    "lifecycle": LifecycleNode,
    "loop": LoopNode,
    "map": MapNode,
    "split": SplitNode,
    "subworkflow": SubworkflowNode,
    "tool": ToolNode,
    "transform": TransformNode,
}
MakeNode = Callable[..., Node]
"""Makes a node of a name, with options."""


class Own(BaseException):
    """Not an Exception, as some libraries have them."""


@dataclass(frozen=True)
class Cause:
    """A way to fail."""

    make: MakeNode
    kind: type[BaseException]
    """What the chain of causes must hold …"""
    says: str
    """… and what its text must hold."""

    def is_told_by(self, result: WorkflowResult) -> bool:
        """Whether the chain of one of the errors of a run leads to this cause."""
        return any(
            isinstance(error, self.kind) and self.says in str(error)
            for told in (*result.errors, *result.handled)
            for error in chain_of(told)
        )


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__


def make_host() -> Host:
    """A host with the core's node types, a model that repeats what it is told, and one that refuses."""
    components: dict[tuple[str, str], Any] = {("node_type", name): kind for name, kind in NODE_TYPES.items()}
    components["provider", "echo"] = lambda: ScriptedModel(
        [lambda request: f"said {request.messages[-1].text}"], repeat_last=True
    )
    components["provider", "refuses"] = lambda: ScriptedModel(
        [BadRequestError("the model refused")], repeat_last=True
    )
    return Host.isolated(components)


def good(name: str, **options: Any) -> Node:
    """The control: nothing is wrong with it."""
    return Node.transform(name, lambda *_: "good", inline=True, **options)


def _raises(error: BaseException) -> MakeNode:
    def body(*_: Any) -> None:
        raise error

    return lambda name, **options: Node.transform(name, body, **options)


def _is_late(name: str, **options: Any) -> Node:
    async def body(*_: Any) -> None:
        await asyncio.sleep(60)

    return Node.transform(name, body, **{"timeout": 0.01, **options})


def _gives_nothing(name: str, **options: Any) -> Node:
    inner = Workflow("inner").chain(Node.condition("never", lambda *_: [], inline=True), good("end"))
    return Node.subworkflow(name, inner, **options)


def _chooses_wrongly(name: str, **options: Any) -> Node:
    return Node.transform(name, lambda *_: Choice(["nowhere"]), inline=True, **options)


@tool
def breaks() -> str:
    """Never works."""
    raise OSError("the tool broke")


CAUSES = {
    "an exception": Cause(_raises(ValueError("it broke")), ValueError, "it broke"),
    "a base exception": Cause(_raises(Own("it gave up")), Own, "it gave up"),
    "a timeout": Cause(_is_late, DeadlineError, "0.01 s"),
    "its own cancellation": Cause(
        _raises(asyncio.CancelledError("own will")), asyncio.CancelledError, "own will"
    ),
    "no output": Cause(_gives_nothing, OutputNotProducedError, "gave no output"),
    "a wrong choice": Cause(_chooses_wrongly, NodeError, "nowhere"),
    "a provider's error": Cause(
        lambda name, **options: Node.agent(name, "hello", llm="refuses:m", **options),
        BadRequestError,
        "refused",
    ),
    "a tool's error": Cause(
        lambda name, **options: Node.tool(name, breaks, **options), ToolError, "the tool broke"
    ),
    "a template's missing value": Cause(
        lambda name, **options: Node.transform(name, template="{given.nothing}", **options),
        ValidationError,
        "there is no 'given.nothing'",
    ),
}
