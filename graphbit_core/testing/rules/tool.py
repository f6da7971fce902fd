"""Rules for tools: what a model is told of them, and what becomes of a call."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

from graphbit_core.contracts.tool import Tool, ToolOptions
from graphbit_core.errors import ToolError
from graphbit_core.kernel import Schema
from graphbit_core.testing.rules.component import CANARY, ComponentConformance
from graphbit_core.testing.rules.switching import frequent_switches
from graphbit_core.testing.rules.tool_calls import Spy, called, ends, options_of, wrong_arguments
from graphbit_core.testing.rules.watched import GRACE, cancelled_after
from graphbit_core.tools.call import BoundTool
from graphbit_core.tools.results import ToolResult
from graphbit_core.types.messages import ToolSpec

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What the model APIs have in common; Gemini wants no digit or dash in front."""
_TIMEOUT = 0.1
_AT_ONCE = 16


class ToolDescriptionConformance(ComponentConformance):
    """Rules about what a model is told of a tool, a ``@tool`` function or a class that makes one.

    They need ``component`` alone, and prove that every model API takes its name and schema, that a model can
    know what each argument is for, and that wrong arguments never reach the tool.
    """

    kind = "tool"

    def test_says_in_its_docstring_what_it_is(self) -> None:
        assert self.make().spec.description.strip(), "a model chooses by the description, and there is none"

    def test_is_a_tool_with_options_that_are_in_range(self) -> None:
        made = self.make()
        assert isinstance(made, Tool)
        assert isinstance(made.spec, ToolSpec)
        assert isinstance(options_of(made), ToolOptions)
        BoundTool(made)

    def test_its_name_is_legal_for_every_model_api(self) -> None:
        name = self.make().spec.name
        assert _NAME.fullmatch(name), (
            f"{name!r} is not 1 to 64 of A-Z, a-z, digits, '_' and '-' that begin with a letter or '_'"
        )

    def test_its_parameters_are_a_json_schema_of_an_object(self) -> None:
        parameters = self.make().spec.parameters
        Schema(json.dumps(parameters))
        assert parameters.get("type") == "object", 'the schema of arguments has "type": "object"'
        unknown = set(parameters.get("required", ())) - set(parameters.get("properties", {}))
        assert not unknown, f"{sorted(unknown)} are required and not described"

    def test_describes_every_parameter(self) -> None:
        properties = self.make().spec.parameters.get("properties", {})
        silent = [name for name, schema in properties.items() if not schema.get("description")]
        assert not silent, f"{silent} have no description; write them in the docstring under Args:"

    def test_refuses_wrong_arguments_before_the_call(self) -> None:
        spy = Spy(self.make())
        for arguments, wrong in wrong_arguments(spy.spec.parameters):
            result = asyncio.run(called(spy, arguments))
            assert result.error is not None, f"{wrong}: it takes {arguments}"
            assert result.error.reason == "arguments", f"{wrong}: it raises instead of refusing {arguments}"
            assert not spy.calls, f"{wrong}: it was called with {arguments}"


class ToolConformance(ToolDescriptionConformance):
    """Rules for tools that are called: a subclass gives ``component``, and ``arguments`` of a good call.

    They prove that a model can be told what it gives, that it may be called from threads and tasks at once,
    that its failures are told as failures, and that time limits and cancellation end it. Give ``failing``,
    ``fatal`` and ``slow`` where there are such arguments; a tool that declares something must show it.
    """

    needs: ClassVar[tuple[str, ...]] = ("arguments",)
    arguments: ClassVar[Mapping[str, Any]] = {}
    """Arguments of a call that succeeds."""
    expected: ClassVar[Any] = ...
    """What that call returns; ``...`` to check nothing but success, for one whose result varies."""
    failing: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Arguments that fit the schema and with which it fails; the model is told why."""
    fatal: ClassVar[Sequence[Mapping[str, Any]]] = ()
    """Arguments with which it fails so that the agent fails too; where its options have ``fatal``."""
    slow: ClassVar[Mapping[str, Any] | None] = None
    """Arguments of a call that takes a second or longer; needed where its options have ``timeout``."""

    def use(self, instance: Any, folder: Path) -> Any:
        result = asyncio.run(self._called(instance))
        assert CANARY not in result.text, "the model is shown the secret"
        return result.text if self.expected is not ... else result.error is None

    def test_gives_what_a_model_can_be_told(self) -> None:
        made = self.make()
        result = asyncio.run(self._called(made))
        self._check(result)
        assert not result.cut, f"its result is {result.cut} bytes longer than max_result_bytes allows"
        result.text.encode()

    def test_a_call_repeated_gives_the_same_if_it_is_declared_idempotent(self) -> None:
        made = self.make()
        if options_of(made).idempotent:
            first, second = (asyncio.run(self._called(made)).text for _ in range(2))
            assert first == second, "what it gives changes, or the first call changed something"

    def test_may_be_called_from_many_threads_and_tasks_at_once(self) -> None:
        made = self.make()

        async def at_once() -> list[ToolResult]:
            return list(await asyncio.gather(*(self._called(made) for _ in range(_AT_ONCE))))

        with frequent_switches(), ThreadPoolExecutor(8) as pool:
            runs = [pool.submit(asyncio.run, self._called(made)) for _ in range(_AT_ONCE)]
            for result in [*(run.result(60) for run in runs), *asyncio.run(at_once())]:
                self._check(result)

    def test_a_failure_is_told_to_the_model(self) -> None:
        for arguments in self.failing:
            result = asyncio.run(called(self.make(), arguments))
            assert result.error is not None, f"{arguments} should fail; it gave {result.text!r:.200}"
            assert result.error.reason in ("raised", "arguments"), result.error.reason
            cause = result.error.__cause__
            assert cause is None or isinstance(cause, Exception), f"it raises {type(cause).__name__}"
            assert result.error.message.strip(), "the error says nothing"
            assert CANARY not in result.text

    def test_only_what_is_declared_fatal_fails_the_agent(self) -> None:
        declared = bool(options_of(self.make()).fatal)
        assert declared == bool(self.fatal), "give `fatal` arguments exactly where the options have `fatal`"
        for arguments in self.fatal:
            try:
                result = asyncio.run(called(self.make(), arguments))
            except ToolError as error:
                assert error.fatal, f"{arguments}: its error is not fatal"
            else:
                raise AssertionError(f"{arguments} should be fatal; the model is told {result.text!r:.200}")

    def test_a_time_limit_ends_it(self) -> None:
        if self.slow is None:
            assert options_of(self.make()).timeout is None, (
                "it declares a timeout; give `slow`: arguments of a call that takes a second or longer"
            )
            return
        spy = Spy(self.make(), timeout=_TIMEOUT)
        result = asyncio.run(called(spy, self.slow))
        assert result.error is not None, f"{self.slow} did not take longer than {_TIMEOUT} s"
        assert result.error.reason == "timeout", result.error.reason
        assert ends(spy.spec.name), (
            "it goes on when nobody waits any more: make it a coroutine that can be cancelled, or take a "
            "ToolContext and ask its `cancelled` from time to time"
        )

    def test_a_cancelled_coroutine_ends_within_a_second_and_leaves_no_task(self) -> None:
        for turns in (1, 2, 5, 20):
            seconds, left = asyncio.run(self._cancelled(turns))
            assert not left, f"it left {left}"
            assert seconds < GRACE, "it went on for longer than a second"

    async def _cancelled(self, turns: int) -> tuple[float, list[str]]:
        made = self.make()
        value = made.call(self._good(made))
        if not isinstance(value, Coroutine):
            return 0.0, []
        return await cancelled_after(value, turns)

    def _good(self, made: Any) -> dict[str, Any]:
        """``arguments``, which have all that the tool needs."""
        missing = sorted(set(made.spec.parameters.get("required", ())) - set(self.arguments))
        assert not missing, f"give `arguments` of a call that succeeds: {', '.join(missing)} must be there"
        return dict(self.arguments)

    def _called(self, made: Any) -> Coroutine[Any, Any, ToolResult]:
        return called(made, self._good(made))

    def _check(self, result: ToolResult) -> None:
        assert result.error is None, f"{dict(self.arguments)} fails: {result.text}"
        if self.expected is not ...:
            assert result.value == self.expected, (
                f"`expected` is {self.expected!r:.200}, it gave {result.value!r:.200}"
            )
