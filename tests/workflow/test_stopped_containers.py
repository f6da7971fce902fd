"""Containers that are stopped, retried or replaced while their frames run."""

from __future__ import annotations

import asyncio

from graphbit_core import Executor, Node, Usage, Workflow


def run(host, workflow, **settings):
    return Executor(host=host, **settings).execute(workflow)


def failing(*_):
    raise ValueError("always")


def test_a_container_cannot_be_a_fallback(host):
    workflow = Workflow("w").chain(Node.transform("direct", failing, on_error={"fallback": "each"}))
    workflow.add_node(Node.map("each", Node.transform("body", template="{item}")))
    assert "fallback_without_body" in {finding.code for finding in workflow.validate(host)}


def test_a_container_may_have_a_plain_fallback(host):
    body = Node.transform("body", lambda item: failing())
    workflow = Workflow("w").chain(Node.map("each", body, over=[1, 2], on_error={"fallback": "plain"}))
    workflow.add_node(Node.transform("plain", lambda: "instead"))
    result = run(host, workflow)
    assert (result.state, result.outputs["each"]) == ("succeeded_degraded", "instead")


async def _spend(item, context):
    context.add_usage(Usage(5, 5))
    await asyncio.sleep(60)


def test_tokens_of_frames_that_a_timeout_ended_are_counted(host):
    body = Node.transform("body", _spend)
    workflow = Workflow("w").chain(Node.map("each", body, over=[1, 2], timeout=0.05, on_error="skip"))
    assert run(host, workflow).usage == Usage(10, 10)


async def _one_fails(number):
    if number == 1:
        raise ValueError("inner")
    await asyncio.sleep(60)


def test_failures_in_a_container_that_was_stopped_belong_to_its_frame(host):
    async def fail_later():
        await asyncio.sleep(0.05)
        raise ValueError("outer")

    body = Workflow("body")
    body.add_node(Node.transform("fails", fail_later))
    inner = Node.transform("one", _one_fails)
    body.add_node(Node.map("inner", inner, over=[1, 2], item="number", on_item_error="collect"))
    workflow = Workflow("w").chain(Node.map("each", body, over=[1], on_item_error="collect"))
    result = run(host, workflow, timeout_seconds=5)
    assert (result.state, result.errors) == ("succeeded_degraded", ())
    assert {error.node for error in result.handled} == {"fails", "one"}


def test_failures_in_a_container_that_a_join_needed_no_more_do_not_fail_the_run(host):
    async def quick():
        await asyncio.sleep(0.05)
        return "quick"

    workflow = Workflow("w")
    inner = Node.transform("one", _one_fails)
    workflow.add_node(Node.map("slow", inner, over=[1, 2], item="number", on_item_error="collect"))
    workflow.add_node(Node.transform("quick", quick))
    workflow.add_node(Node.transform("join", lambda value: value, join="first"))
    workflow.connect("slow", "join")
    workflow.connect("quick", "join")
    result = run(host, workflow, timeout_seconds=5)
    assert (result.state, result.errors, result.output) == ("succeeded", (), "quick")
    assert [error.node for error in result.handled] == ["one"]
