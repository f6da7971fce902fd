"""Nodes that fail, and short ways to run them."""

from __future__ import annotations

from graphbit_core import Executor, Node, Workflow


def run(host, workflow, inputs=None, **settings):
    return Executor(host=host, **settings).execute(workflow, inputs)


def chain(*nodes):
    return Workflow("w").chain(*nodes)


def broken(name="bad", **options):
    def body(*_):
        raise ValueError("it is broken")

    return Node.transform(name, body, **options)


def flaky(failures, name="flaky", error=OSError, **options):
    """Fails that many times, then gives the number of the attempt."""
    left = [failures]

    def body(context):
        if left[0]:
            left[0] -= 1
            raise error("not yet")
        return context.attempt

    return Node.transform(name, body, **options)


QUICK = {"base": 0.001, "cap": 0.002}
