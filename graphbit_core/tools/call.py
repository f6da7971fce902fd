"""One call of a tool, from the text a model wrote to the text it is told."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Event
from typing import Any

from graphbit_core.clock import clock
from graphbit_core.contracts.tool import Tool, ToolOptions
from graphbit_core.errors import DeadlineError, ToolError, ValidationError
from graphbit_core.kernel import Schema
from graphbit_core.tools.context import ToolContext, current_tool_context, serving
from graphbit_core.tools.decorator import checked_name, checked_options
from graphbit_core.tools.results import ToolResult, error_text, said, value_text
from graphbit_core.tools.running import MAX_ABANDONED, TimedOut, abandoned_tools, run_body
from graphbit_core.tools.schema import ArgumentsError
from graphbit_core.types.messages import ToolCall

MAX_DEPTH = 8
"""So many calls of tools may lie in each other: a tool may ask an agent that has the same tool."""

_DEFAULTS = ToolOptions()
Approve = Callable[[ToolCall], Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls tools: what each call's context is made of, and who approves.

    Attributes:
        context: Run, node, deadline and services; its ``call`` is replaced for each call.
        approve: Gives the function that approves calls, or None where there is none.
        asking: Held while it is asked: people answer one question at a time.
    """

    context: ToolContext = field(default_factory=ToolContext)
    approve: Callable[[], Approve | None] = lambda: None
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


class BoundTool:
    """A tool with its schema compiled, ready to be called.

    Raises:
        ValidationError: Its name, schema or options are wrong.
    """

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.name = checked_name(tool.spec.name)
        checked_options(self.options)
        try:
            self._schema = Schema(json.dumps(dict(tool.spec.parameters)))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValidationError(
                f"the parameters of tool {self.name!r} are no JSON Schema: {error}", field="parameters"
            ) from error
        self._on_loop = any(map(inspect.iscoroutinefunction, (tool.call, getattr(tool, "function", None))))

    @property
    def options(self) -> ToolOptions:
        """How it is called."""
        options: ToolOptions = getattr(self.tool, "options", _DEFAULTS)
        return options

    async def run(self, call: ToolCall, caller: Caller) -> ToolResult:
        """Checks the arguments, asks for approval, runs the tool. Its failure is in the result.

        Raises:
            ToolError: The failure is fatal.
            DeadlineError: The run's time is over.
        """
        around = current_tool_context()
        context = replace(caller.context, call=call, depth=around.depth + 1 if around else 1, _stop=Event())
        began = (now := clock().monotonic)()
        try:
            value, text, cut = await self._run(call, caller, context)
            result = ToolResult(call, text, value, cut=cut)
        except ToolError as error:
            error.tool, error.retryable = self.name, self.options.idempotent
            # What it is raised "from None" of is not shown to anyone, but still known.
            left = isinstance(error.__context__, TimedOut) and error.__context__.abandoned
            result = ToolResult(call, error_text(error), error=error, abandoned=left)
        finally:
            context.stop()
        result = replace(result, seconds=now() - began)
        if (record := getattr(self.tool, "record", None)) is not None:
            record(result)
        if result.error is not None and result.error.fatal:
            raise result.error
        return result

    async def _run(self, call: ToolCall, caller: Caller, context: ToolContext) -> tuple[Any, str, int]:
        arguments = self._arguments(call.arguments)
        self._admit(context.depth)
        if self.options.requires_approval:
            async with caller.asking:
                await self._ask(call, caller)
        started, own = clock().monotonic(), self.options.timeout
        until = min((t for t in (context.deadline, own and started + own) if t is not None), default=None)
        context = replace(context, deadline=until)
        try:
            with serving(context):
                value, error = await run_body(
                    self.name,
                    lambda: self.tool.call(arguments),
                    self._finish,
                    timeout=None if until is None else max(0.0, until - started),
                    on_loop=self._on_loop,
                )
        except TimedOut as late:
            if until != caller.context.deadline:
                left = "; it still runs, and is left to itself" if late.abandoned else ""
                raise ToolError(f"it took longer than {own} s{left}", reason="timeout") from None
            raise _over() from None
        if error is not None:
            raise self._failure(error) from error
        result: tuple[Any, str, int] = value
        return result

    def _arguments(self, text: str) -> dict[str, Any]:
        text = text if text.strip() else "{}"
        faults = self._schema.check(text)
        if faults:
            told = "; ".join(f"{place or 'the arguments'}: {what}" for place, what in faults)
            problem = f"the arguments do not fit the schema of {self.name}: {told}"
            raise ToolError(problem, reason="arguments")
        arguments: dict[str, Any] = json.loads(text)
        return arguments

    def _admit(self, depth: int) -> None:
        if not self.options.enabled:
            raise ToolError(f"the tool {self.name} is switched off", reason="disabled")
        if depth > MAX_DEPTH:
            problem = f"not called: {depth - 1} calls of tools lie around this one already"
            raise ToolError(problem, reason="refused")
        if abandoned_tools().get(self.name, 0) >= MAX_ABANDONED:
            problem = f"not called: {MAX_ABANDONED} earlier calls of {self.name} have not ended yet"
            raise ToolError(problem, reason="busy")

    async def _ask(self, call: ToolCall, caller: Caller) -> None:
        approve = caller.approve()
        if approve is None:
            problem = "not called: it needs approval, and there is nobody to ask"
            raise ToolError(f"{problem} (the executor has no service 'approve')", reason="refused")
        try:
            answer, error = await run_body(
                f"approval of {self.name}",
                lambda: approve(call),
                lambda value: value,
                timeout=caller.context.remaining(),
                on_loop=inspect.iscoroutinefunction(approve),
            )
        except TimedOut:
            raise _over() from None
        if error is not None or not isinstance(answer, bool | str):
            problem = said(error) if error else f"it gave {answer!r:.80}; it gives True, False or a reason"
            what = f"the service 'approve' failed: {problem}"
            raise ToolError(what, reason="refused", fatal=True) from error
        if answer is not True:
            why = f": {answer}" if answer else ""
            raise ToolError(f"not called: approval was refused{why}", reason="refused")

    def _finish(self, value: Any) -> tuple[Any, str, int]:
        try:
            return value, *value_text(value, self.options.max_result_bytes)
        except (TypeError, ValueError, RecursionError, MemoryError) as error:
            problem = f"what it returned cannot be written as JSON: {said(error)}"
            raise ToolError(problem, reason="result") from error

    def _failure(self, error: BaseException) -> ToolError:
        if isinstance(error, ToolError) and error.reason == "result":
            return error
        if isinstance(error, ArgumentsError):
            return ToolError(said(error), reason="arguments")
        asked = isinstance(error, ToolError) and bool(error.fatal)
        fatal = asked or isinstance(error, self.options.fatal) or None
        return ToolError(said(error), reason="raised", fatal=fatal)


def _over() -> DeadlineError:
    return DeadlineError("the run's time was over while a tool worked", phase="total")
