"""The tools that a node names: objects, functions, places of functions, and installed tools."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeGuard

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.contracts.tool import Tool
from graphbit_core.errors import ConfigError, Finding, ToolError, ValidationError
from graphbit_core.tools.call import BoundTool, Caller
from graphbit_core.tools.context import ToolContext
from graphbit_core.tools.decorator import FunctionTool
from graphbit_core.types.messages import ToolCall
from graphbit_core.workflow.functions import resolve_function

if TYPE_CHECKING:
    from graphbit_core.host import Resources

ToolRef = Any
"""A tool, a function, ``package.module:function``, or the name of an installed tool."""


class GivenTools:
    """What a node was given as tools. All but installed ones are made, and checked, with the node.

    Raises:
        ValidationError: One is none of these, or cannot be made a tool.
    """

    def __init__(self, given: Sequence[ToolRef], field: str = "tools") -> None:
        if isinstance(given, str) or not isinstance(given, Sequence):
            raise ValidationError(f"{field} is {given!r:.80}; give a list of tools", field=field)
        self.given = [one if _is_name(one) else _as_tool(one, field) for one in given]
        self.ready = [one for one in self.given if not isinstance(one, str)]
        """The others, as tools."""
        for one in self.ready:
            BoundTool(one)
        self.names = [one for one in self.given if isinstance(one, str)]
        """Names of installed tools, which are looked up when the node runs."""

    def lacking(self, resources: Resources) -> Sequence[Finding]:
        """Installed tools that are not there."""
        return [found for name in self.names for found in resources.lacks_component("tool", name)]

    def resolve(self, context: NodeContext) -> list[Tool]:
        """All of them as tools.

        Raises:
            PluginError: An installed one cannot be had.
        """
        return [
            _as_tool(context.service("host").create("tool", one), "tools") if isinstance(one, str) else one
            for one in self.given
        ]


class CutOff:
    """Activations of a node that have made a call which must not be repeated, and have not come to an end of
    their own: they run, or were cancelled.

    An error says by itself that the node is not to be tried again. A timeout of the attempt cannot, so the
    next attempt asks here; it may begin before the one that was cancelled has noticed.
    """

    def __init__(self) -> None:
        self._activations: dict[str, None] = {}

    def note(self, activation: str) -> None:
        """Remembers an activation. Most have no next attempt, so the oldest are forgotten."""
        self._activations[activation] = None
        while len(self._activations) > _REMEMBERED:
            self._activations.pop(next(iter(self._activations)), None)

    @contextmanager
    def watching(self, activation: str) -> Iterator[None]:
        """Around an attempt: what is noted in it is forgotten unless it is cancelled."""
        self.check(activation)
        try:
            yield
        except asyncio.CancelledError:
            raise
        except BaseException:
            self._activations.pop(activation, None)
            raise
        self._activations.pop(activation, None)

    def check(self, activation: str) -> None:
        """Raises a ToolError if an earlier attempt of this activation was noted."""
        if activation in self._activations:
            raise ToolError(
                "not tried again: an earlier attempt was cut off after it had called a tool that is not "
                "declared idempotent",
                reason="refused",
                retryable=False,
            )


_REMEMBERED = 10_000


def caller_of(context: NodeContext) -> Caller:
    """Tools called for a node share its deadline, services and count of tokens."""

    def approve() -> Any:
        try:
            return context.service("approve")
        except ConfigError:
            return None

    about = ToolContext(
        ToolCall("", "", "{}"),
        context.deadline,
        context.run_id,
        context.node_id,
        service=context.service,
        add_usage=context.add_usage,
    )
    return Caller(about, approve)


def _is_name(one: ToolRef) -> bool:
    return isinstance(one, str) and ":" not in one


def _is_tool(one: Any) -> TypeGuard[Tool]:
    """Not by isinstance: since Python 3.12 that does not see what a plugin's wrapper has by __getattr__."""
    return hasattr(one, "spec") and hasattr(one, "call") and not isinstance(one, type)


def _as_tool(one: ToolRef, field: str) -> Tool:
    if isinstance(one, str):
        one = resolve_function(one, field)
    if _is_tool(one):
        return one
    if not callable(one):
        raise ValidationError(
            f"{field} holds {one!r:.80}; a tool is a function, what @tool made, "
            "'package.module:function', or the name of an installed tool",
            field=field,
        )
    return FunctionTool(one)
