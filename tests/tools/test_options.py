"""What a tool can be told about how it is called."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from dataclasses import dataclass

import pytest
from hypothesis import given, settings, strategies as st

from graphbit_core import (
    ConfigError,
    ToolCall,
    ToolContext,
    ToolError,
    ToolRegistry,
    ValidationError,
    abandoned_tools,
    default_tools,
    tool,
)
from graphbit_core.tools.call import BoundTool, Caller


@dataclass
class Even:
    n: int

    def __post_init__(self):
        if self.n % 2:
            raise ValueError("odd")


def call(made, **arguments):
    return ToolRegistry([made]).call(made.spec.name, arguments)


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": "1"},
        {"max_result_bytes": 0},
        {"max_result_bytes": True},
        {"parallel": "no"},
        {"category": 3},
        {"fatal": ValueError},
        {"fatal": ("ValueError",)},
        {"tiemout": 1},
        {"name": "two words"},
        {"name": "x" * 65},
        {"parameters": {"type": "array"}},
        {"parameters": {"properties": {"b": {"type": "string"}}}},
    ],
)
def test_a_wrong_option_is_refused_by_name(options):
    def act(a: int = 1):
        """Acts."""

    with pytest.raises(ValidationError) as caught:
        tool(**options)(act)
    assert caught.value.field == next(iter(options))


def test_parameters_without_a_name_or_type_of_their_own_are_refused():
    for source in ("*args", "**kwargs", "a, /", "a"):
        function = eval(f"lambda {source}: None")
        function.__name__ = "act"
        with pytest.raises(ValidationError, match="tool 'act'"):
            tool(description="Acts.")(function)
    with pytest.raises(ValidationError, match="named parameters only"):
        tool(description="Acts.", parameters={})(eval("lambda *a: None"))


def test_a_schema_of_ones_own_is_used_and_refuses_what_it_does_not_name():
    schema = {"properties": {"place": {"type": "string", "maxLength": 5}}, "required": ["place"]}

    @tool(description="Weather.", parameters=schema)
    def weather(place, unit="C"):
        return f"{place} {unit}"

    assert call(weather, place="Ulm").value == "Ulm C"
    for wrong in ({}, {"place": "too long"}, {"place": "Ulm", "unit": "F"}):
        assert call(weather, **wrong).error.reason == "arguments"


def test_an_overdue_plain_tool_is_abandoned_told_and_accounted_for() -> None:
    let_go = threading.Event()

    @tool(timeout=0.05)
    def slow(context: ToolContext) -> str:
        """Waits."""
        let_go.wait(10)
        stopped.append(context.cancelled)
        return "late"

    stopped: list[bool] = []
    registry = ToolRegistry([slow])
    began = time.monotonic()
    result = registry.call("slow")
    assert time.monotonic() - began < 2
    assert result.error is not None
    assert (result.error.reason, result.abandoned) == ("timeout", True)
    assert "0.05 s" in result.text
    assert abandoned_tools() == {"slow": 1}
    assert registry.stats("slow").abandoned == 1
    let_go.set()
    until(lambda: not abandoned_tools())
    assert stopped == [True]


def test_an_overdue_coroutine_is_cancelled():
    ended: list[str] = []

    @tool(timeout=0.05)
    async def slow():
        """Waits."""
        try:
            await asyncio.sleep(10)
        finally:
            ended.append("cancelled")

    result = call(slow)
    assert (result.error.reason, result.abandoned) == ("timeout", False)
    assert ended == ["cancelled"]
    assert abandoned_tools() == {}


def test_a_timeout_that_the_tool_raises_itself_is_its_own_failure():
    @tool(timeout=5)
    async def slow():
        """Raises."""
        raise TimeoutError("mine")

    assert call(slow).text == "Error (TimeoutError): mine"


def test_a_tool_that_hangs_again_and_again_is_busy_at_last():
    let_go = threading.Event()

    @tool(timeout=0.01)
    def stuck():
        """Hangs."""
        let_go.wait(30)

    registry = ToolRegistry([stuck])
    reasons = [registry.call("stuck").error.reason for _ in range(10)]
    let_go.set()
    assert reasons == ["timeout"] * 8 + ["busy"] * 2
    until(lambda: not abandoned_tools())


def test_a_long_result_is_cut_and_says_by_how_much() -> None:
    @tool(max_result_bytes=10)
    def read() -> str:
        """Reads."""
        return "é" * 100

    result = call(read)
    assert result.text == "é" * 5 + "\n[cut: 190 of 200 bytes are left out]"
    assert result.cut == 190
    assert len(result.value) == 100


def test_results_are_told_as_json_but_for_texts() -> None:
    @tool
    def get(what: str) -> object:
        """Gets."""
        return {"text": "é {}", "dict": {"a": (1, {2})}, "none": None, "surrogate": "\ud800"}[what]

    told = {what: call(get, what=what).text for what in ("text", "dict", "none", "surrogate")}
    assert told == {"text": "é {}", "dict": '{"a": [1, [2]]}', "none": "null", "surrogate": "\\ud800"}


def test_a_failure_is_told_by_class_and_message_without_what_looks_like_a_key():
    @tool
    def fail():
        """Fails."""
        raise KeyError("Bearer abcdef123456 and sk-1234567890abcdef")

    result = call(fail)
    assert result.text == "Error (KeyError): 'Bearer *** and ***'"
    assert isinstance(result.error.__cause__, KeyError)


def test_fatal_failures_are_raised() -> None:
    @tool(fatal=(PermissionError,))
    def read(kind: str):
        """Reads."""
        raise {"denied": PermissionError("no"), "asked": ToolError("stop", fatal=True)}.get(
            kind, OSError("x")
        )

    for kind in ("denied", "asked"):
        with pytest.raises(ToolError) as caught:
            call(read, kind=kind)
        assert (caught.value.tool, caught.value.fatal) == ("read", True)
    assert not call(read, kind="other").ok


def test_arguments_that_a_class_refuses_are_never_fatal() -> None:
    @tool(fatal=(ValueError,))
    def take(even: Even):
        """Takes."""

    result = call(take, even={"n": 3})
    assert (result.error.reason, result.error.fatal) == ("arguments", None)
    assert "ValueError: odd" in result.text


def test_a_tool_may_say_itself_what_went_wrong():
    @tool(idempotent=True)
    def ask():
        """Asks."""
        raise ToolError("the city is unknown; try another")

    result = call(ask)
    assert result.text == "Error (ToolError): the city is unknown; try another"
    assert result.error.retryable is True


def test_a_tool_that_needs_approval_is_not_called_where_nobody_can_give_it():
    @tool(requires_approval=True)
    def delete():
        """Deletes."""
        raise AssertionError

    result = call(delete)
    assert result.error.reason == "refused"
    assert "needs approval" in result.text


def test_the_context_is_given_and_not_shown_to_the_model() -> None:
    @tool(timeout=5)
    async def look(word: str, context: ToolContext) -> dict[str, object]:
        """Looks."""
        return {"call": context.call.name, "left": (context.remaining() or 9) <= 5, "depth": context.depth}

    assert list(look.spec.parameters["properties"]) == ["word"]
    assert call(look, word="x").value == {"call": "look", "left": True, "depth": 1}
    with pytest.raises(ConfigError, match="not called by a workflow"):
        ToolContext().service("llm")


def test_nothing_is_registered_unless_a_registry_is_named():
    before = default_tools().names()

    @tool
    def free():
        """Free."""

    assert default_tools().names() == before
    own = ToolRegistry()

    @tool(registry=own, category="math")
    def bound():
        """Bound."""

    assert own.names("math") == ["bound"]
    assert default_tools().names() == before


def test_the_schema_is_json() -> None:
    @tool
    def free(a: int = 1):
        """Free."""

    assert json.loads(json.dumps(free.spec.parameters))["additionalProperties"] is False


def test_a_method_can_be_a_tool():
    class Shop:
        def __init__(self, stock):
            self.stock = stock

        def count(self, item: str) -> int:
            """Counts."""
            return int(self.stock[item])

    assert call(tool(Shop({"tea": 3}).count), item="tea").value == 3


def test_no_arguments_make_a_call_raise():
    @dataclass
    class Box:
        n: int
        label: str | None = None

    def keep(box, tags, level, count):
        return "kept"

    keep.__annotations__ = {"box": Box | int, "tags": set[str], "level": float, "count": int}
    bound = BoundTool(tool(description="Keeps.")(keep))
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["n", "x"]), inner),
        max_leaves=8,
    )
    arguments = st.fixed_dictionaries(
        {},
        optional={
            "box": values | st.fixed_dictionaries({"n": st.integers()}),
            "tags": values | st.lists(st.text(max_size=2)),
            "level": values | st.floats(),
            "count": values | st.integers(),
        },
    )
    small = st.integers(-1000, 1000)
    valid = st.fixed_dictionaries(
        {
            "box": small | st.fixed_dictionaries({"n": small}),
            "tags": st.lists(st.text(max_size=2), unique=True),
            "level": st.floats(allow_nan=False, allow_infinity=False),
            "count": small,
        }
    )
    seen: set[str | None] = set()

    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(valid | arguments | values, st.booleans())
    def try_one(given_, cut):
        text = json.dumps(given_)
        result = asyncio.run(
            bound.run(ToolCall("1", "keep", text[: len(text) // 2] if cut else text), Caller())
        )
        assert (result.value == "kept") == result.ok
        seen.add(result.error and result.error.reason)

    try_one()
    assert seen == {None, "arguments"}


def test_approvals_are_asked_one_at_a_time() -> None:
    going: list[str] = []
    most: list[int] = []

    async def approve(call):
        going.append(call.id)
        most.append(len(going))
        await asyncio.sleep(0.001)
        going.remove(call.id)
        return True

    @tool(requires_approval=True)
    def act() -> str:
        """Acts."""
        return "done"

    async def several():
        bound, caller = BoundTool(act), Caller(approve=lambda: approve)
        return await asyncio.gather(*(bound.run(ToolCall(str(n), "act", "{}"), caller) for n in range(5)))

    assert [result.text for result in asyncio.run(several())] == ["done"] * 5
    assert max(most) == 1


def until(holds, seconds=5.0):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)
