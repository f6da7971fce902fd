"""Variables: reducers, folding in canonical order, and what nodes see."""

from __future__ import annotations

import asyncio
import random

import pytest

from graphbit_core import Executor, Lifecycle, Node, Workflow


def writers(variables, *writes):
    """Nodes side by side, each writing after a random time."""
    workflow = Workflow("w", variables=variables)
    for number, value in enumerate(writes):

        async def body(context, value=value):
            await asyncio.sleep(random.random() * 0.01)
            context.set_variable("x", value)

        workflow.add_node(Node.transform(f"n{number}", body))
    return workflow


@pytest.mark.parametrize(
    ("reducer", "writes", "value"),
    [
        ("append", (1, 2, 3), [1, 2, 3]),
        ("sum", (1, 2, 3), 6),
        ("max", (1, 3, 2), 3),
        ("min", (2, 1, 3), 1),
        ("set", (1, 2, [2, 3]), {1, 2, 3}),
        ("merge", ({"a": 1}, {"b": 2}, {"a": 3}), {"a": 3, "b": 2}),
        ("last", (1, 2, 3), 3),
        (lambda value, written: f"{value}{written}", ("a", "b", "c"), "abc"),
    ],
)
def test_writes_fold_in_canonical_order_whatever_the_timing(host, reducer, writes, value):
    workflow = writers({"x": reducer}, *writes)
    for _ in range(5):
        assert Executor(host=host).execute(workflow).variables["x"] == value


def test_a_declared_variable_has_its_initial_value(host):
    workflow = Workflow("w", variables={"total": {"reducer": "sum", "initial": 10}})
    workflow.chain(Node.transform("add", lambda total: total + 1, writes="total"))
    assert Executor(host=host).execute(workflow).variables["total"] == 21


def test_writes_of_frames_fold_in_the_order_of_items(host):
    async def note(item, context):
        await asyncio.sleep(random.random() * 0.01)
        context.set_variable("seen", item)

    workflow = Workflow("w", variables={"seen": "append"}).chain(
        Node.transform("items", lambda: list("abcdef")),
        Node.map("each", Node.transform("note", note)),
        Node.transform("end", lambda seen: "".join(seen) if isinstance(seen, list) else seen),
    )
    result = Executor(host=host).execute(workflow)
    assert result.variables["seen"] == list("abcdef")


def test_an_iteration_sees_what_earlier_ones_wrote(host):
    def body(state, context):
        context.set_variable("log", state)
        return state + len(context.inputs["log"]) + 1

    workflow = Workflow("w", variables={"log": "append"})
    workflow.chain(
        Node.loop("loop", Node.transform("body", body), until="iteration >= 3", max_iterations=5, initial=0)
    )
    result = Executor(host=host).execute(workflow)
    assert result.variables["log"] == [0, 1, 3]
    assert result.output == 6


def test_two_unordered_writers_of_one_last_variable_are_found(host):
    workflow = Workflow("w")
    workflow.add_node(Node.transform("a", lambda: 1, writes="x"))
    workflow.add_node(Node.transform("b", lambda: 2, writes="x"))
    (finding,) = workflow.validate(host)
    assert finding.code == "unordered_writers"
    assert "'a'" in finding.message


def test_writers_on_branches_that_exclude_each_other_are_fine(host):
    workflow = Workflow("w")
    for node in (
        Node.condition("choose", lambda: "a"),
        Node.transform("a", lambda: 1, writes="x"),
        Node.transform("b", lambda: 2, writes="x"),
    ):
        workflow.add_node(node)
    workflow.connect("choose", "a")
    workflow.connect("choose", "b")
    assert workflow.validate(host) == []


def test_a_reducer_that_cannot_take_a_write_fails_the_run_and_names_the_variable(host):
    workflow = Workflow("w", variables={"x": "sum"})
    workflow.add_node(Node.transform("a", lambda: "text", writes="x"))
    result = Executor(host=host).execute(workflow)
    assert result.state == "failed"
    assert "'x'" in str(result.error)


class Greet(Lifecycle):
    def prep(self, shared):
        return shared["name"]

    def exec(self, prepared):
        return f"hello {prepared}"

    def post(self, shared, prepared, result):
        shared["greeting"] = result
        return "loud" if shared["name"].isupper() else "quiet"


@pytest.mark.parametrize(("name", "taken"), [("BOB", "shout"), ("bob", "whisper")])
def test_a_lifecycle_node_prepares_executes_and_posts(host, name, taken):
    workflow = Workflow("w")
    for node in (
        Node.lifecycle("greet", Greet()),
        Node.transform("shout", lambda text: text + "!"),
        Node.transform("whisper", lambda text: text),
    ):
        workflow.add_node(node)
    workflow.connect("greet", "shout", when="loud")
    workflow.connect("greet", "whisper", when="quiet")
    result = Executor(host=host).execute(workflow, {"name": name})
    assert result.state == "succeeded"
    assert taken in result.outputs
    assert len(result.outputs) == 2
    assert result.variables["greeting"] == f"hello {name}"


class Squares(Lifecycle):
    batch = True
    concurrency = 4

    async def prep(self, shared):
        return [1, 2, 3]

    async def exec(self, prepared):
        await asyncio.sleep(0.01 / prepared)
        return prepared**2

    async def post(self, shared, prepared, result):
        shared["total"] = sum(result)


def test_an_async_batch_keeps_the_order_of_its_items(host):
    result = Executor(host=host).execute(Workflow("w").chain(Node.lifecycle("squares", Squares())))
    assert result.output == [1, 4, 9]
    assert result.variables["total"] == 14


def test_time_random_numbers_and_ids_are_the_same_at_every_attempt(host):
    seen = []

    def body(context):
        seen.append((context.now(), context.random().random(), context.uuid(), context.idempotency_key))
        if context.attempt < 3:
            raise OSError("again")

    retry = {"max_attempts": 3, "base": 0.001, "cap": 0.001}
    Executor(host=host).execute(Workflow("w").chain(Node.transform("body", body, retry=retry)))
    assert len(seen) == 3
    assert len(set(seen)) == 1


def test_asking_twice_gives_another_time_number_and_id_and_the_same_two_at_every_attempt(host):
    seen = []

    def ask(context):
        return context.now(), context.random().random(), context.uuid()

    def body(context):
        first, second = ask(context), ask(context)
        assert all(one != other for one, other in zip(first[1:], second[1:], strict=True))
        assert first[0] <= second[0]
        seen.append((first, second))
        if context.attempt < 3:
            raise OSError("again")

    retry = {"max_attempts": 3, "base": 0.001, "cap": 0.001}
    node = Node.transform(
        "body", body, retry=retry, compensate=lambda value, context: seen.append(ask(context))
    )
    workflow = Workflow("w").chain(node, Node.transform("bad", lambda value: 1 / 0))
    assert Executor(host=host).execute(workflow).state == "failed"
    *attempts, compensation = seen
    assert len(attempts) == 3
    assert len(set(attempts)) == 1
    assert compensation[2] not in [one[2] for one in attempts[0]]


def test_time_random_numbers_and_ids_pass_through_one_place_that_can_give_recorded_ones(host, monkeypatch):
    """A journal replaces what ``RunState.record`` makes; nothing else may make such a value."""
    from graphbit_core.workflow.state import RunState

    kept = {}

    def record(self, activation, kind, make):
        return kept.setdefault((activation.path, kind), make())

    def body(context):
        return context.now(), context.random().random(), context.uuid()

    monkeypatch.setattr(RunState, "record", record)
    workflow = Workflow("w").chain(Node.transform("body", body))
    first = Executor(host=host).execute(workflow)
    assert set(kept) == {("body", "now/1"), ("body", "random/1"), ("body", "uuid/1")}
    assert Executor(host=host).execute(workflow).output == first.output
