"""Calls tools as an agent does, with good arguments and with wrong ones."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.tool import ToolOptions
from graphbit_core.kernel import Schema
from graphbit_core.testing.rules.watched import GRACE
from graphbit_core.tools.call import BoundTool, Caller
from graphbit_core.tools.results import ToolResult
from graphbit_core.tools.running import abandoned_tools
from graphbit_core.types.messages import ToolCall

_VALUES: tuple[Any, ...] = ("text", 7, 0.5, True, None, [7], {"a": 7})
_UNKNOWN = "no_such_argument"


def options_of(tool: Any) -> ToolOptions:
    """Its options, or the defaults."""
    options: ToolOptions = getattr(tool, "options", ToolOptions())
    return options


async def called(tool: Any, arguments: Mapping[str, Any]) -> ToolResult:
    """What a model would be told of a call. Approval is given."""
    call = ToolCall("kit", tool.spec.name, json.dumps(dict(arguments)))
    return await BoundTool(tool).run(call, Caller(approve=lambda: lambda _: True))


class Spy:
    """A tool that counts its calls; ``options`` are put over those of the tool it calls."""

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(self, tool: Any, **options: Any) -> None:
        self._tool = tool
        self.spec = tool.spec
        self.options = replace(options_of(tool), **options)
        self.calls = 0
        if any(map(inspect.iscoroutinefunction, (tool.call, getattr(tool, "function", None)))):
            self.function = _on_the_loop

    def call(self, arguments: Mapping[str, Any]) -> Any:
        """Counts, and calls the tool."""
        self.calls += 1
        return self._tool.call(arguments)


async def _on_the_loop() -> None:
    """Says, by what it is, that the call has to begin on the event loop."""


def ends(name: str) -> bool:
    """Whether no call of this name that was given up goes on for longer than a second."""
    until = time.monotonic() + GRACE
    while name in abandoned_tools() and time.monotonic() < until:
        time.sleep(0.01)
    return name not in abandoned_tools()


def wrong_arguments(parameters: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Arguments that do not fit a schema of type object, and what is wrong with each.

    Each is a good value of every parameter but for one fault, as far as good values can be told from the
    schema; without those, several things are wrong at once.
    """
    properties: Mapping[str, Any] = parameters.get("properties", {})
    shared = {"$defs": parameters.get("$defs", {})}
    checks = {name: Schema(json.dumps({**shared, **_of(schema)})) for name, schema in properties.items()}
    fitting = {name: [v for v in _VALUES if not check.check(json.dumps(v))] for name, check in checks.items()}
    good = {name: values[0] for name, values in fitting.items() if values}
    for name in parameters.get("required", ()):
        yield {key: value for key, value in good.items() if key != name}, f"{name} is missing"
    for name, values in fitting.items():
        for value in _VALUES:
            if not any(value is fit for fit in values):
                yield {**good, name: value}, f"{name} is of the wrong type"
    if "additionalProperties" not in parameters or parameters["additionalProperties"] is False:
        yield {**good, _UNKNOWN: 1}, f"there is no argument {_UNKNOWN}"


def _of(schema: Any) -> dict[str, Any]:
    return schema if isinstance(schema, dict) else {"not": {}} if schema is False else {}
