"""Registries: named tools, listed, switched, called and measured."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref

import pytest

from graphbit_core import ToolError, ToolRegistry, ToolStats, ValidationError, tool


@tool(category="math", version="1.2")
def add(a: int, b: int) -> int:
    """Adds."""
    return a + b


@tool(category="math")
async def double(a: int) -> int:
    """Doubles."""
    await asyncio.sleep(0)
    return 2 * a


@pytest.fixture
def registry():
    return ToolRegistry([add, double])


def test_tools_are_listed_by_category_and_removed(registry):
    registry.add(shout, category="text", version="2")
    assert registry.names() == ["add", "double", "shout"]
    assert registry.names("math") == ["add", "double"]
    assert registry.get("add").options.version == "1.2"
    assert [spec.name for spec in registry.specs("text")] == ["shout"]
    registry.remove("add")
    assert "add" not in registry
    assert len(registry) == 2


def shout(text: str) -> str:
    """Shouts."""
    return text.upper()


def test_a_name_is_taken_once(registry):
    with pytest.raises(ValidationError, match="already"):
        registry.add(add)


def test_an_unknown_name_is_answered_with_the_nearest(registry):
    for use in (registry.get, registry.remove, registry.enable, registry.call, registry.stats):
        with pytest.raises(
            ValidationError, match=r"no tool 'ad' \(did you mean 'add'\?\); there are: add, double"
        ):
            use("ad")


def test_a_call_gives_value_text_and_time(registry):
    result = registry.call("add", {"a": 1, "b": 2})
    assert (result.ok, result.value, result.text, result.cut) == (True, 3, "3", 0)
    assert 0 < result.execution_time_ms < 5000
    assert registry.call("double", {"a": 4}).value == 8


def test_it_can_be_called_on_a_loop_and_inside_of_one(registry):
    async def inside():
        return registry.call("double", {"a": 1}).value, (await registry.call_async("double", {"a": 2})).value

    assert asyncio.run(inside()) == (2, 4)


def test_wrong_arguments_are_a_failure_of_the_call(registry):
    result = registry.call("add", {"a": "x", "c": 1})
    assert result.error.reason == "arguments"
    assert "/a" in result.text
    assert "'c'" in result.text
    with pytest.raises(ValidationError, match="no JSON form"):
        registry.call("add", {"a": object()})


def test_a_tool_that_is_switched_off_is_not_offered_and_not_called(registry):
    registry.disable("add")
    assert [tool.spec.name for tool in registry] == ["double"]
    assert [spec.name for spec in registry.specs()] == ["double"]
    assert registry.call("add", {"a": 1, "b": 2}).error.reason == "disabled"
    registry.enable("add")
    assert registry.call("add", {"a": 1, "b": 2}).ok


def test_calls_are_counted_per_tool_and_together(registry):
    registry.call("add", {"a": 1, "b": 2})
    registry.call("add", {})
    registry.call("double", {"a": 1})
    one = registry.stats("add")
    assert (one.calls, one.successes, one.failures, one.success_rate) == (2, 1, 1, 0.5)
    assert one.avg_ms == pytest.approx(one.total_ms / 2)
    every = registry.stats()
    assert (every.calls, every.successes, every.failures) == (3, 2, 1)
    assert every.last_ms == registry.history[-1].execution_time_ms
    assert registry.stats("double").avg_ms > 0
    registry.clear_history()
    assert registry.stats() == registry.stats("add") == ToolStats()


def test_the_history_is_bounded_and_keeps_nothing_large() -> None:
    registry = ToolRegistry(history=3)

    class Big:
        pass

    made: list[weakref.ref[Big]] = []

    @tool(registry=registry)
    def fail(text: str):
        """Fails."""
        big = Big()
        made.append(weakref.ref(big))
        raise ValueError(text)

    for number in range(5):
        registry.call("fail", {"text": str(number) * 10_000})
    gc.collect()
    assert [result.call.arguments[10] for result in registry.history] == ["2", "3", "4"]
    assert all(len(result.text) + len(result.call.arguments) <= 4100 for result in registry.history)
    assert all(reference() is None for reference in made)


def test_registries_are_independent():
    one, other = ToolRegistry([add]), ToolRegistry([add])
    one.disable("add")
    one.call("add", {})
    assert other.call("add", {"a": 1, "b": 1}).ok
    assert (one.stats().calls, other.stats().calls) == (1, 1)
    one.clear()
    assert (one.names(), other.names()) == ([], ["add"])


def test_a_fatal_failure_is_raised_and_counted():
    registry = ToolRegistry()

    @tool(registry=registry, fatal=(OSError,))
    def fail():
        """Fails."""
        raise OSError("disk")

    with pytest.raises(ToolError, match="disk"):
        registry.call("fail")
    assert registry.stats("fail").failures == 1


def test_many_threads_may_call(registry):
    threads = [
        threading.Thread(target=lambda: [registry.call("add", {"a": 1, "b": 2}) for _ in range(20)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert registry.stats("add").successes == 160
