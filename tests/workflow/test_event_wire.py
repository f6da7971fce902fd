"""Events as they are written down, and the catalogue of what may be in them."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest

import graphbit_core
from graphbit_core import (
    EVENT_TYPES,
    Choice,
    Event,
    EventFile,
    EventType,
    Executor,
    LlmClient,
    Node,
    Secret,
    ValidationError,
    Workflow,
)
from graphbit_core.host import Host
from graphbit_core.nodes.agent import AgentNode
from graphbit_core.nodes.condition import ConditionNode
from graphbit_core.nodes.delay import DelayNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import ScriptedModel

EVENT = Event("r", 3, 1.5, "custom", "a", "r/a", {"n": 1, "text": "é", "deep": {"list": [1, None, True]}})
WIRE_KEYS = ["v", "run_id", "seq", "ts", "type", "node", "activation", "attempt", "trace_id", "data"]


def test_the_wire_form_has_the_documented_keys_in_the_documented_order():
    assert list(EVENT.to_dict()) == WIRE_KEYS
    assert json.loads(json.dumps(EVENT.to_dict(), allow_nan=False)) == EVENT.to_dict()


@pytest.mark.parametrize(
    "event", [EVENT, replace(EVENT, node=None, activation=None, attempt=2, trace_id="t")]
)
def test_an_event_comes_back_from_its_wire_form_as_it_was(event):
    assert Event.from_dict(json.loads(json.dumps(event.to_dict()))) == event


class Own:
    def __repr__(self):
        return "<own>"


class Mute:
    def __repr__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (b"abc", "bytes", "b'abc'"),
        (float("nan"), "float", "nan"),
        (float("-inf"), "float", "-inf"),
        (Own(), f"{Own.__module__}.Own", "<own>"),
        (Mute(), f"{Mute.__module__}.Mute", "(its text cannot be had: RuntimeError)"),
        (Secret("hunter2"), "graphbit_core.types.secret.Secret", "Secret(***)"),
        ({1: "a", "1": "b"}, "dict", "{1: 'a', '1': 'b'}"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_has_no_form_for_is_described_and_nothing_is_left_out(value, kind, text):
    wire = replace(EVENT, data={"value": value, "other": 1}).to_dict()
    assert wire["data"] == {"value": {"not_json": kind, "text": text}, "other": 1}


def test_a_circle_and_a_long_text_end_somewhere():
    circle = []
    circle.append(circle)
    assert '"not_json": "list"' in json.dumps(replace(EVENT, data={"c": circle}).to_dict())
    described = replace(EVENT, data={"b": b"x" * 10**6}).to_dict()["data"]["b"]["text"]
    assert len(described) == 501


def test_dataclasses_tuples_sets_and_keys_become_json():
    data = {"event": replace(EVENT, data={}), "tuple": (1, 2), "set": {3}, 4: "four"}
    wire = replace(EVENT, data=data).to_dict()["data"]
    assert wire["event"]["run_id"] == "r"
    assert (wire["tuple"], wire["set"], wire["4"]) == ([1, 2], [3], "four")


@pytest.mark.parametrize("key", WIRE_KEYS)
def test_what_is_no_event_is_refused_with_the_key_that_is_wrong(key):
    wire = EVENT.to_dict()
    with pytest.raises(ValidationError) as caught:
        Event.from_dict({**wire, key: object()})
    assert caught.value.field == key
    del wire[key]
    with pytest.raises(ValidationError, match=f"{key!r} is missing"):
        Event.from_dict(wire)


def test_a_later_version_is_refused_and_a_key_that_is_not_known_left_out():
    assert Event.from_dict({**EVENT.to_dict(), "later": 1}) == EVENT
    with pytest.raises(ValidationError, match="version 2"):
        Event.from_dict({**EVENT.to_dict(), "v": 2})


# --- files -------------------------------------------------------------------------------------


def one(function, **settings):
    return Workflow("one").chain(Node.transform("a", function, **settings))


def test_a_file_holds_all_events_of_all_runs_of_an_executor(host, tmp_path):
    with EventFile(tmp_path / "runs.jsonl") as file:
        executor = Executor(host=host, subscribers=[file])
        ids = [executor.execute(one(lambda: 1)).run_id for _ in range(2)]
        ids.append(executor.execute(one(lambda: 1 / 0)).run_id)
    events = list(EventFile.read(tmp_path / "runs.jsonl"))
    for run_id in ids:
        run = [event for event in events if event.run_id == run_id]
        assert [event.seq for event in run] == list(range(len(run)))
        assert run[0].type == "run.started"
        assert run[-1].type == ("run.failed" if run_id == ids[-1] else "run.succeeded")


def test_a_line_is_there_when_the_call_returns_unless_it_is_a_delta(tmp_path):
    with EventFile(tmp_path / "e.jsonl") as file:
        file(EVENT)
        assert list(EventFile.read(tmp_path / "e.jsonl")) == [EVENT]
        file(replace(EVENT, type="llm.delta"))
    assert len(list(EventFile.read(tmp_path / "e.jsonl"))) == 2
    file.close()


def test_lone_surrogates_and_line_separators_come_back(tmp_path):
    event = replace(EVENT, data={"text": "\ud800 \u2028 \r\n \x85"})
    with EventFile(tmp_path / "e.jsonl") as file:
        file(event)
        file(event)
    assert list(EventFile.read(tmp_path / "e.jsonl")) == [event, event]


def test_append_keeps_what_the_file_holds(tmp_path):
    for append in (False, True, True, False, True):
        with EventFile(tmp_path / "e.jsonl", append=append) as file:
            file(EVENT)
    assert len(list(EventFile.read(tmp_path / "e.jsonl"))) == 2


@pytest.mark.parametrize("line", ["{oops", "[]", '{"v": 1}', "3"])
def test_a_line_that_is_no_event_is_named(tmp_path, line):
    (tmp_path / "e.jsonl").write_text(json.dumps(EVENT.to_dict()) + "\n" + line + "\n")
    with pytest.raises(ValidationError, match="line 2"):
        list(EventFile.read(tmp_path / "e.jsonl"))


def test_many_threads_write_whole_lines(tmp_path):
    with EventFile(tmp_path / "e.jsonl") as file:
        threads = [threading.Thread(target=lambda: [file(EVENT) for _ in range(200)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert list(EventFile.read(tmp_path / "e.jsonl")) == [EVENT] * 1600


def test_an_executors_subscriber_that_raises_is_reported_and_the_run_goes_on(host, caplog):
    heard = []

    def ill(event):
        heard.append(event.type)
        raise ValueError("disk full")

    executor = Executor(host=host, subscribers=[ill])
    assert executor.execute(one(lambda: 1)).is_success()
    assert heard == ["run.started"]
    assert "gets no more events" in caplog.text
    assert "disk full" in caplog.text
    executor.execute(one(lambda: 1))
    assert heard == ["run.started"] * 2


# --- the catalogue -----------------------------------------------------------------------------


def failing():
    raise ValueError("no")


def workflows():
    yield one(lambda: 1)
    yield one(failing)
    yield one(lambda context: [context.emit("custom", {"x": 1}), context.emit("log", {"message": "m"})])
    yield Workflow("chain").chain(Node.transform("a", failing), Node.transform("b", lambda: 1))
    yield Workflow("delay").chain(Node.transform("a", lambda: 1), Node.delay("b", 0.001))
    branch = Workflow("branch")
    branch.add_node(Node.condition("c", lambda: Choice(["yes"])))
    for label in ("yes", "no"):
        branch.add_node(Node.transform(label, lambda: 1))
        branch.connect("c", label)
    yield branch
    yield Workflow("agent").chain(Node.agent("a", "Say hello"))
    yield Workflow("slow").chain(Node.transform("a", lambda: threading.Event().wait(0.3)))


def test_every_event_that_a_run_emits_is_in_the_catalogue_with_its_keys():
    host = Host.isolated(
        {
            ("node_type", "agent"): AgentNode,
            ("node_type", "condition"): ConditionNode,
            ("node_type", "delay"): DelayNode,
            ("node_type", "transform"): TransformNode,
            ("provider", "scripted"): lambda: ScriptedModel(["Hello you there"], repeat_last=True),
        }
    )
    client = LlmClient("scripted", host=host)
    seen = set()
    for workflow in workflows():
        timeout = 0.05 if workflow.name == "slow" else 20
        for event in Executor(client, host=host, timeout_seconds=timeout).stream(workflow):
            assert event.type in EVENT_TYPES
            assert EVENT_TYPES[event.type].faults(event.data) == [], event
            seen.add(event.type)
    assert seen >= {"llm.delta", "timer.fired", "edge.dead", "node.skipped", "node.failed", "node.cancelled"}


def test_every_type_that_the_code_names_is_in_the_catalogue():
    root = Path(graphbit_core.__file__).parent
    named = set()
    for path in root.rglob("*.py"):
        named |= set(re.findall(r"""emit\(\s*["']([a-z_.]+)["']""", path.read_text(encoding="utf-8")))
    kernel = root.parent / "native" / "kernel" / "src" / "graph"
    for path in kernel.rglob("*.rs"):
        pattern = r'"((?:run|node|edge|timer|map|loop)\.[a-z_]+)"'
        if "tests" not in path.parts:
            named |= set(re.findall(pattern, path.read_text(encoding="utf-8")))
    assert len(named) > 10
    assert named <= set(EVENT_TYPES)


def test_the_catalogue_says_which_keys_are_missing_and_which_are_unknown():
    kind = EventType(frozenset({"a"}), frozenset({"b"}))
    assert kind.faults({"a": 1, "b": 2}) == []
    assert kind.faults({"b": 1, "c": 2}) == ["a is missing", "c is unknown"]
    assert EventType(open=True).faults({"anything": 1}) == []
