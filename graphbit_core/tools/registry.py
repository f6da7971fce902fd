"""Named tools, which can be listed, switched on and off, called and measured."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.tool import Tool, ToolOptions
from graphbit_core.errors import ToolError, ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.tools.call import BoundTool, Caller
from graphbit_core.tools.decorator import FunctionTool, make_options
from graphbit_core.tools.results import ToolResult
from graphbit_core.types.json_form import to_json
from graphbit_core.types.messages import ToolCall, ToolSpec
from graphbit_core.workers import wait_for

_SHOWN = 2000
"""Characters of arguments and results that are remembered."""


@dataclass(frozen=True, slots=True)
class ToolStats:
    """Calls of one tool, or of several together; times in milliseconds.

    Attributes:
        abandoned: Calls that timed out and whose function went on.
        last_ms: The latest call; None before it.
    """

    calls: int = 0
    successes: int = 0
    failures: int = 0
    abandoned: int = 0
    total_ms: float = 0.0
    last_ms: float | None = None

    @property
    def avg_ms(self) -> float:
        """Mean time of a call; 0 without calls."""
        return self.total_ms / self.calls if self.calls else 0.0

    @property
    def success_rate(self) -> float:
        """Successes of all calls, 0 to 1; 0 without calls."""
        return self.successes / self.calls if self.calls else 0.0

    def plus(self, result: ToolResult) -> ToolStats:
        """With one more call."""
        return ToolStats(
            self.calls + 1,
            self.successes + result.ok,
            self.failures + (not result.ok),
            self.abandoned + result.abandoned,
            self.total_ms + result.execution_time_ms,
            result.execution_time_ms,
        )


class RegisteredTool:
    """A tool as one registry holds it: what calls it, an agent too, is counted there."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(self, tool: Tool, record: Callable[[ToolResult], None]) -> None:
        self.tool = tool
        self.spec: ToolSpec = tool.spec
        self.options: ToolOptions = getattr(tool, "options", ToolOptions())
        self.record = record
        self.function = getattr(tool, "function", tool.call)

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """Calls the tool."""
        return self.tool.call(arguments)

    def __repr__(self) -> str:
        return f"RegisteredTool({self.spec.name!r})"


class ToolRegistry:
    """Tools by name. Registries are independent of each other: each switches and counts for itself, also
    where two hold the same tool. Any thread may call any method.

    An agent is given its enabled tools by ``tools=[*registry]``.

    Args:
        history: How many calls it remembers, at least 0.
    """

    def __init__(self, tools: Sequence[Tool | Callable[..., Any]] = (), *, history: int = 1000) -> None:
        self._lock = threading.Lock()
        self._tools: dict[str, tuple[RegisteredTool, BoundTool]] = {}
        self._stats: dict[str, ToolStats] = {}
        self._history: deque[ToolResult] = deque(maxlen=history)
        for tool in tools:
            self.add(tool)

    def add(
        self,
        tool: Tool | Callable[..., Any],
        *,
        name: str | None = None,
        description: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Tool:
        """Adds a tool, or a function, of which it makes one as ``@tool`` does; returns it as it is held here.

        Raises:
            ValidationError: There is one of this name, the function cannot be described, or a ready tool came
                with a name, description, parameters or options, which it has already.
        """
        if not isinstance(tool, Tool):
            tool = FunctionTool(
                tool, name=name, description=description, parameters=parameters, options=make_options(options)
            )
        elif name or description or parameters or options:
            raise ValidationError(
                f"the tool {tool.spec.name!r} has a name, description and options already", field="tool"
            )
        held = RegisteredTool(tool, self._record)
        bound = BoundTool(held)
        with self._lock:
            if bound.name in self._tools:
                raise ValidationError(
                    f"there is a tool {bound.name!r} already; remove it first, or pass name=", field="name"
                )
            self._tools[bound.name] = held, bound
        return held

    def remove(self, name: str) -> None:
        """Removes a tool; what is remembered of its calls stays."""
        self._find(name)
        with self._lock:
            self._tools.pop(name, None)

    def get(self, name: str) -> Tool:
        """The tool of that name.

        Raises:
            ValidationError: There is none; the message names the nearest.
        """
        return self._find(name)[0]

    def names(self, category: str | None = None) -> list[str]:
        """Names of all tools, or of those in a category, in the order they were added."""
        with self._lock:
            held = [tool for tool, _ in self._tools.values()]
        return [t.spec.name for t in held if category is None or t.options.category == category]

    def enable(self, name: str) -> None:
        """Offers a tool to models again."""
        self._switch(name, True)

    def disable(self, name: str) -> None:
        """Offers a tool no more, and refuses calls; also to agents that have it already."""
        self._switch(name, False)

    def specs(self, category: str | None = None) -> list[ToolSpec]:
        """The enabled tools as models see them."""
        return [tool.spec for tool in self if category is None or tool.options.category == category]

    def call(self, name: str, arguments: Mapping[str, Any] | None = None) -> ToolResult:
        """Calls a tool with checked arguments and waits for its end. What goes wrong is in the result.

        Raises:
            ValidationError: There is no such tool, or the arguments have no JSON form.
            ToolError: The failure is fatal.
        """
        return wait_for(lambda: self.call_async(name, arguments))

    async def call_async(self, name: str, arguments: Mapping[str, Any] | None = None) -> ToolResult:
        """As ``call``, on the running event loop."""
        _, bound = self._find(name)
        try:
            text = json.dumps(to_json(dict(arguments or {})))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValidationError(
                f"the arguments for tool {name!r} have no JSON form: {error}", field="arguments"
            ) from error
        return await bound.run(ToolCall("direct", name, text), Caller())

    def stats(self, name: str | None = None) -> ToolStats:
        """Calls of one tool, or of all together."""
        with self._lock:
            if name is not None and (name in self._stats or name in self._tools):
                return self._stats.get(name, ToolStats())
            every = list(self._stats.values())
            last = self._history[-1].execution_time_ms if self._history else None
        if name is not None:
            self._find(name)
        return ToolStats(
            sum(s.calls for s in every),
            sum(s.successes for s in every),
            sum(s.failures for s in every),
            sum(s.abandoned for s in every),
            sum(s.total_ms for s in every),
            last,
        )

    @property
    def history(self) -> list[ToolResult]:
        """The latest calls, oldest first: without values, and with the first 2,000 characters of texts."""
        with self._lock:
            return list(self._history)

    def clear_history(self) -> None:
        """Forgets all calls, and starts counting anew."""
        with self._lock:
            self._history.clear()
            self._stats.clear()

    def clear(self) -> None:
        """Removes all tools and forgets all calls."""
        with self._lock:
            self._tools.clear()
        self.clear_history()

    def __repr__(self) -> str:
        return f"ToolRegistry({self.names()})"

    def __iter__(self) -> Iterator[RegisteredTool]:
        with self._lock:
            held = [tool for tool, _ in self._tools.values()]
        return (tool for tool in held if tool.options.enabled)

    def __contains__(self, name: object) -> bool:
        return name in self._tools

    def __len__(self) -> int:
        return len(self._tools)

    def _find(self, name: str) -> tuple[RegisteredTool, BoundTool]:
        with self._lock:
            found = self._tools.get(name)
        if found is None:
            known = self.names()
            raise ValidationError(
                f"there is no tool {name!r}{nearest(name, known)}; there are: {', '.join(known) or 'none'}",
                field="name",
            )
        return found

    def _switch(self, name: str, enabled: bool) -> None:
        held, _ = self._find(name)
        held.options = replace(held.options, enabled=enabled)

    def _record(self, result: ToolResult) -> None:
        name = result.call.name
        # Neither large texts nor what a traceback holds is kept.
        call = replace(result.call, arguments=result.call.arguments[:_SHOWN])
        error = result.error and ToolError(result.error.message, **result.error.facts())
        kept = replace(result, call=call, text=result.text[:_SHOWN], value=None, error=error)
        with self._lock:
            self._stats[name] = self._stats.get(name, ToolStats()).plus(result)
            self._history.append(kept)


_default = ToolRegistry()


def default_tools() -> ToolRegistry:
    """The process's own registry. It holds what was put there: ``@tool(registry=default_tools())``. No agent
    has its tools unless it is given them.
    """
    return _default
