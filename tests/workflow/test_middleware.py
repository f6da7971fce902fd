"""Middleware around a node type: what stands for an instance, and the thread its body runs on."""

from __future__ import annotations

import threading

import pytest

from graphbit_core import API_VERSION, Executor, Node, NodeType, Workflow, hookimpl


class Plain(NodeType):
    """Says on which thread it runs."""

    graphbit_api = API_VERSION

    def run(self, context):
        return threading.current_thread()


class Inline(Plain):
    """The same, on the loop."""

    inline = True


class Coroutine(Plain):
    """The same, awaited."""

    async def run(self, context):
        return threading.current_thread()


class Stand:
    """Has nothing but what it hands on."""

    def __init__(self, instance):
        self._instance = instance

    def __getattr__(self, name):
        return getattr(self._instance, name)


class Middleware:
    @hookimpl
    def graphbit_wrap_component(self):
        return Stand


@pytest.mark.parametrize("kind", [Plain, Inline, Coroutine])
def test_a_wrapped_node_type_that_only_hands_on_runs_where_it_would_have_run(host, kind):
    host.add("node_type", "own", kind)
    workflow = Workflow("w").chain(Node("own", "x"))
    threads = [Executor(host=host).execute(workflow).output]
    host.register(Middleware())
    threads.append(Executor(host=host).execute(workflow).output)
    here = threading.current_thread()
    assert [thread is here for thread in threads] == [kind is not Plain] * 2
