"""An agent's tool loop: model → checked arguments → tools → results → model, until it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from graphbit_core.contracts.tool import Tool
from graphbit_core.errors import ToolError, ToolRoundsError, ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.tools.call import BoundTool, Caller
from graphbit_core.tools.results import ToolResult, error_text
from graphbit_core.types.messages import ChatRequest, ChatResponse, Message, ToolCall

MAX_CALLS = 64
"""Calls that one answer of a model may ask for; those past it are refused."""
_AT_ONCE = 16
_LONGEST = 1024 * 1024
_SHOWN = 2000
"""Characters of arguments and results in events."""

Ask = Callable[[ChatRequest, int], Awaitable[ChatResponse]]
"""Sends a request; the number counts the model calls of the loop from 1."""
Emit = Callable[[str, Mapping[str, Any]], None]


class ToolLoop:
    """The tools of one agent, and how often it may ask the model.

    Args:
        tools: What the model may ask for; nothing else can be called.
        max_iterations: Model calls at most, at least 1.
        tool_choice: ``auto``, ``none``, ``required``, or a tool's name. What forces a call holds for the
            first model call only: otherwise the model could never answer.

    Raises:
        ValidationError: Two tools have the same name, or ``tool_choice`` is none of these.
    """

    def __init__(self, tools: Sequence[Tool], max_iterations: int, tool_choice: str | None = None) -> None:
        self._tools: dict[str, BoundTool] = {}
        for tool in tools:
            bound = BoundTool(tool)
            if bound.name in self._tools:
                raise ValidationError(f"two tools are named {bound.name!r}; rename one", field="tools")
            self._tools[bound.name] = bound
        self._most = max_iterations
        known = ["auto", "none", *(["required"] if self._tools else []), *self._tools]
        if tool_choice is not None and tool_choice not in known:
            raise ValidationError(
                f"tool_choice is {tool_choice!r}; with these tools it is one of {', '.join(known)}",
                field="tool_choice",
            )
        self._choice = tool_choice

    async def run(
        self, request: ChatRequest, ask: Ask, caller: Callable[[], Caller], emit: Emit
    ) -> ChatResponse:
        """The answer in which the model asks for no tool. Who calls tools is asked for before the first call.

        What is raised once a tool was called that is not idempotent has ``retryable`` False: another attempt
        would call it again.

        Raises:
            ToolRoundsError: The last allowed answer still asks for tools.
            ToolError: A tool failed fatally.
        """
        response = await ask(self._offered(request, 1), 1)
        if not response.tool_calls:
            return response
        called: list[str] = []
        try:
            return await self._rounds(request, response, ask, caller(), emit, called)
        except BaseException as error:
            if self.must_not_repeat(called):
                error.retryable = False  # type: ignore[attr-defined]
            raise

    def must_not_repeat(self, names: Iterable[str]) -> bool:
        """Whether one of these tools is not declared idempotent."""
        return any(name in self._tools and not self._tools[name].options.idempotent for name in names)

    async def _rounds(
        self,
        request: ChatRequest,
        response: ChatResponse,
        ask: Ask,
        caller: Caller,
        emit: Emit,
        called: list[str],
    ) -> ChatResponse:
        """What follows on the first answer, which asks for tools."""
        for iteration in range(1, self._most):
            calls = _with_ids(response.tool_calls, iteration)
            called += [call.name for call in calls]
            results = await self._turn(calls, caller, emit)
            said = replace(response.message, tool_calls=[_said_again(call) for call in calls])
            answers = [
                Message(
                    "tool",
                    result.text,
                    tool_call_id=result.call.id,
                    name=result.call.name,
                    is_error=result.error is not None,
                )
                for result in results
            ]
            request = replace(request, messages=(*request.messages, said, *answers))
            response = await ask(self._offered(request, iteration + 1), iteration + 1)
            if not response.tool_calls:
                return response
        names = ", ".join(call.name for call in response.tool_calls)
        raise ToolRoundsError(
            f"the model was asked {self._most} times and still asks for {names[:200]}; raise max_iterations, "
            "or see in the events what the tools gave",
            resource="tool_rounds",
            limit=self._most,
            tool_calls=called,
            partial=response.text,
        )

    def _offered(self, request: ChatRequest, iteration: int) -> ChatRequest:
        if not self._tools:
            return request
        specs = [bound.tool.spec for bound in self._tools.values() if bound.options.enabled]
        if not specs:
            return request
        forced = self._choice not in (None, "auto", "none")
        choice = None if forced and iteration > 1 else self._choice
        if forced and choice not in ("required", *(spec.name for spec in specs)):
            choice = None  # the tool was switched off meanwhile
        return replace(request, tools=specs, tool_choice=choice)

    async def _turn(self, calls: Sequence[ToolCall], caller: Caller, emit: Emit) -> list[ToolResult]:
        """The results in the order of the calls. The first fatal failure cancels the others."""
        free = asyncio.Semaphore(_AT_ONCE)
        results: dict[int, ToolResult] = {}

        async def one(number: int) -> None:
            async with free:
                results[number] = await self._call(calls[number], number, caller, emit)

        async def in_turn(numbers: Sequence[int]) -> None:
            for number in numbers:
                await one(number)

        await _together([in_turn(group) for group in self._groups(calls)])
        return [results[number] for number in range(len(calls))]

    def _groups(self, calls: Sequence[ToolCall]) -> list[list[int]]:
        """Numbers of the calls, those together that must run one after another."""
        groups: list[list[int]] = []
        serial: dict[str, list[int]] = {}
        for number, call in enumerate(calls):
            bound = self._tools.get(call.name)
            if bound is None or bound.options.parallel:
                groups.append([number])
            elif call.name in serial:
                serial[call.name].append(number)
            else:
                groups.append(serial.setdefault(call.name, [number]))
        return groups

    async def _call(self, call: ToolCall, number: int, caller: Caller, emit: Emit) -> ToolResult:
        about: dict[str, Any] = {"id": call.id, "name": call.name[:_SHOWN]}
        emit("tool.started", {**about, "arguments": call.arguments[:_SHOWN]})
        try:
            if number >= MAX_CALLS:
                raise ToolError(f"not called: one answer may ask for {MAX_CALLS} calls", reason="refused")
            result = await self._bound(call.name).run(call, caller)
        except ToolError as error:
            result = ToolResult(call, error_text(error), error=error)
        about["duration_ms"] = result.seconds * 1000
        if result.error is None:
            emit("tool.completed", {**about, "output": result.text[:_SHOWN], "cut": result.cut})
            return result
        why = {"error": result.text, "reason": result.error.reason, "abandoned": result.abandoned}
        emit("tool.failed", {**about, **why})
        if result.error.fatal:
            raise result.error
        return result

    def _bound(self, name: str) -> BoundTool:
        if name in self._tools:
            return self._tools[name]
        enabled = [bound.name for bound in self._tools.values() if bound.options.enabled]
        there = f"there are: {', '.join(enabled)}" if enabled else "there are none"
        problem = f"there is no tool {name!r:.80}{nearest(name[:80], enabled)}; {there}"
        raise ToolError(problem, tool=name, reason="unknown")


def _with_ids(calls: Sequence[ToolCall], iteration: int) -> list[ToolCall]:
    """The calls with ids that differ and arguments, also from servers that give none."""
    seen: set[str] = set()
    made: list[ToolCall] = []
    for number, call in enumerate(calls):
        if not call.id or call.id in seen:
            call = replace(call, id=f"call_{iteration}_{number}")
        seen.add(call.id)
        made.append(call if call.arguments.strip() else replace(call, arguments="{}"))
    return made


def _said_again(call: ToolCall) -> ToolCall:
    """The call as later requests hold it: what was refused for its size is not sent back each time."""
    return call if len(call.arguments) <= _LONGEST else replace(call, arguments="{}")


async def _together(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Runs all; the first that raises cancels the others, and is raised once they have ended."""
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    failures = [task.exception() for task in tasks if not task.cancelled()]
    if first := next(filter(None, failures), None):
        raise first
