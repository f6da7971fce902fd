"""What ends or holds up an agent's tool loop: fatal failures, limits, approval, time."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    Message,
    Node,
    ToolCall,
    ToolContext,
    ToolError,
    ToolRoundsError,
    UnavailableError,
    abandoned_tools,
    tool,
)
from graphbit_core.nodes.tools import CutOff
from graphbit_core.testing import ScriptedModel
from graphbit_core.tools.call import Caller
from graphbit_core.tools.loop import ToolLoop

from .agents import ULM, answer, population, run, told, until, weather


def test_a_fatal_failure_fails_the_node_and_cancels_the_other_tools():
    ended: list[str] = []

    @tool(fatal=(PermissionError,))
    async def forbidden():
        """Fails."""
        await asyncio.sleep(0.01)
        raise PermissionError("no")

    @tool
    async def slow():
        """Waits."""
        try:
            await asyncio.sleep(30)
        finally:
            ended.append("slow")

    model = ScriptedModel([answer(("slow", "{}"), ("forbidden", "{}"))])
    ran = run(Node.agent("a", "Go.", tools=[forbidden, slow]), llm=model)
    assert ran.result.state == "failed"
    assert isinstance(ran.cause, ToolError)
    assert isinstance(ran.cause.__cause__, PermissionError)
    assert ended == ["slow"]
    assert [data["name"] for _, data in ran.of("tool.failed")] == ["forbidden"]


def test_an_agent_that_never_stops_asking_fails_with_what_was_reached():
    model = ScriptedModel([answer(("weather", ULM), text="Let me look.")], repeat_last=True)
    ran = run(Node.agent("a", "Go.", tools=[weather], max_iterations=3), llm=model)
    assert ran.result.state == "failed"
    assert isinstance(ran.cause, ToolRoundsError)
    assert (ran.cause.limit, ran.cause.tool_calls, ran.cause.partial) == (3, ["weather"] * 2, "Let me look.")
    assert len(model.requests) == 3


def test_an_answer_that_asks_for_too_many_calls_gets_the_first_ones():
    model = ScriptedModel([answer(*[("population", '{"city": "Ulm"}')] * 70), "done"])
    run(Node.agent("a", "Go.", tools=[population]), llm=model)
    results = told(model)
    assert results[:64] == ["126000"] * 64
    assert all("one answer may ask for 64 calls" in text for text in results[64:])
    assert len(results) == 70


@pytest.mark.parametrize(
    ("approve", "expected"),
    [
        (lambda call: call.name == "delete", "deleted x"),
        (lambda call: False, "Error (ToolError): not called: approval was refused"),
        (
            lambda call: "not on a Friday",
            "Error (ToolError): not called: approval was refused: not on a Friday",
        ),
        (None, "Error (ToolError): not called: it needs approval, and there is nobody to ask"),
    ],
)
def test_a_tool_that_requires_approval_asks_first(approve, expected) -> None:
    @tool(requires_approval=True)
    def delete(name: str) -> str:
        """Deletes."""
        return f"deleted {name}"

    async def later(call):
        await asyncio.sleep(0)
        return approve(call)

    for service in (approve, approve and later):
        model = ScriptedModel([answer(("delete", '{"name": "x"}')), "done"])
        services = {"approve": service} if service else {}
        run(Node.agent("a", "Go.", tools=[delete]), llm=model, services=services)
        [text] = told(model)
        assert text.startswith(expected)


@pytest.mark.parametrize("approve", [lambda call: 1 / 0, lambda call: 1, lambda: True])
def test_an_approval_that_fails_fails_the_node_and_nothing_is_called(approve):
    @tool(requires_approval=True)
    def delete():
        """Deletes."""
        raise AssertionError

    model = ScriptedModel([answer(("delete", "{}"))])
    ran = run(Node.agent("a", "Go.", tools=[delete]), llm=model, services={"approve": approve})
    assert isinstance(ran.cause, ToolError)
    assert "'approve' failed" in ran.cause.message


def test_the_deadline_of_the_run_reaches_the_tools() -> None:
    seen: list[float | None] = []

    @tool(timeout=100)
    def look(context: ToolContext):
        """Looks."""
        seen.append(context.remaining())

    model = ScriptedModel([answer(("look", "{}")), "done"])
    run(Node.agent("a", "Go.", tools=[look]), llm=model, timeout=20)
    assert seen[0] is not None
    assert 0 < seen[0] <= 20


def test_a_run_whose_time_is_over_leaves_its_tools() -> None:
    cancelled = threading.Event()

    @tool
    def endless(context: ToolContext):
        """Works until nobody waits."""
        while not context.cancelled:
            time.sleep(0.005)
        cancelled.set()

    @tool
    async def asleep():
        """Sleeps."""
        await asyncio.sleep(60)

    model = ScriptedModel([answer(("endless", "{}"), ("asleep", "{}"))])
    began = time.monotonic()
    ran = run(Node.agent("a", "Go.", tools=[endless, asleep]), llm=model, timeout=0.3)
    assert time.monotonic() - began < 5
    assert ran.result.state == "failed"
    assert cancelled.wait(5)
    until(lambda: not abandoned_tools())


@pytest.mark.parametrize(("idempotent", "retryable"), [(False, False), (True, None)])
def test_after_a_call_that_must_not_be_repeated_the_node_is_not_to_be_tried_again(
    idempotent, retryable
) -> None:
    @tool(idempotent=idempotent)
    def pay() -> str:
        """Pays."""
        return "paid"

    model = ScriptedModel([answer(("pay", "{}")), UnavailableError("down", status=503)])
    ran = run(Node.agent("a", "Go.", tools=[pay]), llm=model)
    assert isinstance(ran.cause, UnavailableError)
    assert ran.cause.retryable is retryable


@pytest.mark.parametrize(("idempotent", "repeatable"), [(False, False), (True, True)])
def test_a_loop_that_is_cancelled_says_whether_it_may_be_run_again(idempotent, repeatable) -> None:
    started = asyncio.Event()

    @tool(idempotent=idempotent)
    async def pay():
        """Pays."""
        started.set()
        await asyncio.sleep(30)

    async def ask(request, iteration):
        return ChatResponse(Message("assistant", tool_calls=[ToolCall("1", "pay", "{}")]))

    async def cut_off() -> BaseException:
        loop = ToolLoop([pay], 3)
        running = asyncio.ensure_future(loop.run(ChatRequest(()), ask, Caller, lambda *_: None))
        await asyncio.wait_for(started.wait(), 5)
        running.cancel()
        try:
            await running
        except asyncio.CancelledError as error:
            return error
        raise AssertionError

    assert getattr(asyncio.run(cut_off()), "retryable", True) is repeatable


def test_an_attempt_that_begins_before_the_cancelled_one_has_noticed_is_refused():
    cut_off = CutOff()
    with cut_off.watching("run/a"):
        cut_off.note("run/a")
        with pytest.raises(ToolError, match="cut off"):
            cut_off.check("run/a")
    cut_off.check("run/a")
    with pytest.raises(OSError, match="by itself"), cut_off.watching("run/a"):
        cut_off.note("run/a")
        raise OSError("it ended by itself")
    cut_off.check("run/a")


def test_an_activation_that_was_cut_off_is_not_tried_again():
    cut_off = CutOff()
    cut_off.check("run/a")
    cut_off.note("run/a")
    cut_off.check("run/b")
    with pytest.raises(ToolError) as caught:
        cut_off.check("run/a")
    assert caught.value.retryable is False
    for number in range(10_000):
        cut_off.note(f"run/{number}")
    cut_off.check("run/a")
