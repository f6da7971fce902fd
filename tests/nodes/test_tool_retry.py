"""Attempts of a node are repeated only if all tools that it called may be."""

from __future__ import annotations

import asyncio

import pytest

from graphbit_core import Executor, Host, Node, ToolCall, Workflow, tool
from graphbit_core.testing import ScriptedModel

from .agents import COMPONENTS

AGAIN = {"max_attempts": 3, "base": 0}
SAFE = pytest.mark.parametrize("idempotent", [True, False])


def run(node, model=None):
    host = Host.isolated({**COMPONENTS, ("provider", "scripted"): lambda: model})
    return Executor("scripted", host=host).execute(Workflow("w").chain(node))


def payment(idempotent, wait, fatal=()):
    """A tool that waits or fails twice, and how often it was called."""
    paid: list[int] = []

    @tool(idempotent=idempotent, fatal=fatal)
    async def pay():
        """Pays."""
        paid.append(1)
        if len(paid) < 3:
            await asyncio.sleep(wait)
            raise OSError("the till is closed")
        return "paid"

    return pay, paid


@SAFE
def test_an_agent_whose_tool_failed_fatally(idempotent):
    pay, paid = payment(idempotent, 0, fatal=(OSError,))
    model = ScriptedModel([*[ToolCall("1", "pay", "{}")] * (3 if idempotent else 1), "done"])
    result = run(Node.agent("a", "Go.", tools=[pay], retry=AGAIN), model)
    assert (len(paid), result.state) == ((3, "succeeded") if idempotent else (1, "failed"))


@SAFE
def test_an_agent_whose_attempt_took_too_long(idempotent):
    pay, paid = payment(idempotent, 30)
    model = ScriptedModel([*[ToolCall("1", "pay", "{}")] * 3, "done"])
    result = run(Node.agent("a", "Go.", tools=[pay], timeout=0.2, retry=AGAIN), model)
    assert (len(paid), result.state) == ((3, "succeeded") if idempotent else (1, "failed"))


@SAFE
@pytest.mark.parametrize(("wait", "timeout"), [(0, None), (30, 0.2)])
def test_a_tool_node_that_failed_or_took_too_long(idempotent, wait, timeout):
    pay, paid = payment(idempotent, wait)
    result = run(Node.tool("t", pay, timeout=timeout, retry=AGAIN))
    assert (len(paid), result.state) == ((3, "succeeded") if idempotent else (1, "failed"))
