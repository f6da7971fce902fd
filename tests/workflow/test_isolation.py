"""Bodies in processes of their own: bound as ever, and killed with their run."""

from __future__ import annotations

import asyncio
import os
import re
import time

import isolated
import pytest

from graphbit_core import Executor, Node, ProcessError, ResourceExhaustedError, ValidationError, Workflow


def run(host, *nodes, inputs=None, **options):
    workflow = Workflow("w").chain(*nodes)
    return Executor(host=host, timeout_seconds=20).execute(workflow, inputs or {}, **options)


def test_a_transform_gets_its_parameters_and_gives_its_value(host):
    result = run(
        host,
        Node.transform("first", isolated.add, isolation="process"),
        Node.transform("second", "isolated:same", isolation="process", memory_mb=256),
        inputs={"a": 2, "b": 3},
    )
    assert result.raise_for_failure().output == 5


def test_it_really_runs_in_another_process(host):
    pid, _ = run(host, Node.transform("count", "isolated:count", isolation="process")).output
    assert pid != os.getpid()


@pytest.mark.parametrize(("number", "taken"), [(2, "even"), (3, "odd")])
def test_a_condition_chooses_from_another_process(host, number, taken):
    workflow = Workflow("w")
    workflow.add_node(Node.condition("parity", "isolated:is_even", isolation="process"))
    for name in ("even", "odd"):
        workflow.add_node(Node.transform(name, template="{parity}"))
        workflow.connect("parity", name)
    result = Executor(host=host).execute(workflow, {"number": number})
    assert set(result.raise_for_failure().outputs) == {"parity", taken}


def test_a_crash_fails_the_node_and_nothing_else(host):
    result = run(host, Node.transform("crash", isolated.crash, isolation="process"))
    assert result.is_failed()
    assert isinstance(result.error.__cause__, ProcessError)
    assert result.error.__cause__.signal == "SIGSEGV"


def test_memory_is_limited(host):
    node = Node.transform("big", "isolated:allocate", isolation="process", memory_mb=128)
    result = run(host, node, inputs={"megabytes": 10_000})
    assert isinstance(result.error.__cause__, ResourceExhaustedError)


def test_the_timeout_of_the_run_kills_it(host, tmp_path):
    note = tmp_path / "pid"
    workflow = Workflow("w").chain(Node.transform("hang", "isolated:hang", isolation="process"))
    started = time.monotonic()
    result = Executor(host=host, timeout_seconds=1).execute(workflow, {"note": str(note)})
    assert time.monotonic() - started < 4
    assert result.abandoned == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_cancelling_the_run_kills_it(host, tmp_path):
    note = tmp_path / "pid"
    workflow = Workflow("w").chain(Node.transform("hang", "isolated:hang", isolation="process"))

    async def main():
        task = asyncio.create_task(Executor(host=host).run_async(workflow, {"note": str(note)}))
        while not (note.exists() and note.read_text()):
            await asyncio.sleep(0.005)
        started = time.monotonic()
        task.cancel()
        await asyncio.wait([task])
        return time.monotonic() - started

    assert asyncio.run(main()) < 0.5
    with pytest.raises(ProcessLookupError):
        os.kill(int(note.read_text()), 0)


def test_an_input_that_cannot_travel_is_named(host):
    result = run(host, Node.transform("add", isolated.add, isolation="process"), inputs={"a": object()})
    assert isinstance(result.error.__cause__, ValidationError)
    assert "object" in str(result.error.__cause__)


def local():
    def inner(value):
        return value

    return inner


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"function": lambda value: value}, "package.module:function"),
        ({"function": local()}, "package.module:function"),
        ({"function": "__main__:f"}, "cannot be found|move the function"),
        ({"function": "isolated:wants_context"}, "parameter 'context'"),
        ({"function": isolated.add, "memory_mb": 1}, "at least 64"),
        ({"function": isolated.add, "memory_mb": "512"}, "at least 64"),
        ({"function": isolated.add, "isolation": "thread"}, "'process'"),
        ({"function": isolated.add, "isolation": None, "memory_mb": 512}, "isolation='process'"),
        ({"template": "x"}, "only a function"),
    ],
)
def test_what_cannot_run_in_a_process_of_its_own_is_found_before_the_run(host, settings, says):
    workflow = Workflow("w").chain(Node("transform", "node", **{"isolation": "process", **settings}))
    findings = workflow.validate(host)
    assert any(re.search(says, str(finding)) for finding in findings), findings
