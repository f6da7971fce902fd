"""Subscribers that say which types of events they want."""

from __future__ import annotations

import re

import pytest

from graphbit_core import Executor, Host, Node, PluginError, ValidationError, Workflow, hookimpl
from graphbit_core.host import HostSettings
from graphbit_core.types.subscriptions import subscription
from graphbit_core.workflow.publishing import publisher


class Listens:
    """A plugin whose hook returns what it is made with."""

    def __init__(self, subscriber):
        self._subscriber = subscriber

    @hookimpl
    def graphbit_subscribe_events(self):
        return self._subscriber


def of_executor(host, *subscribers):
    return Executor(host=host, subscribers=subscribers)


def of_plugins(host, *subscribers):
    for subscriber in subscribers:
        host.register(Listens(subscriber))
    return Executor(host=host)


WAYS = pytest.mark.parametrize("listening", [of_executor, of_plugins])


def two_nodes():
    def second(context):
        context.emit("custom", {"x": 1})

    return Workflow("w").chain(Node.transform("a", lambda: 1), Node.transform("b", second))


@WAYS
def test_a_subscriber_is_given_the_types_that_it_asks_for_and_sees_gaps_in_seq(host, listening):
    every, nodes, own = [], [], []
    executor = listening(
        host, (nodes.append, ["node.*"]), every.append, (own.append, ("custom", "run.started"))
    )
    assert executor.execute(two_nodes()).is_success()
    assert [event.seq for event in every] == list(range(len(every)))
    assert nodes == [event for event in every if event.type.startswith("node.")]
    assert [event.type for event in own] == ["run.started", "custom"]
    assert own[1].seq > own[0].seq + 1


@WAYS
def test_events_have_the_same_seq_whether_others_listen_or_not(host, listening):
    alone, beside = [], []
    listening(host, (alone.append, ["node.*", "custom"])).execute(two_nodes())
    of_executor(
        Host.isolated({("node_type", "transform"): host.component("node_type", "transform")}),
        beside.append,
        (beside.append, ["log"]),
    ).execute(two_nodes())
    told = {(event.type, event.node): event.seq for event in beside}
    assert alone
    assert [event.seq for event in alone] == [told[event.type, event.node] for event in alone]


@WAYS
def test_a_subscriber_of_some_types_takes_nothing_from_who_streams_the_run(host, listening):
    nodes = []
    events = list(listening(host, (nodes.append, ["node.*"])).stream(two_nodes()))
    assert [event.seq for event in events] == list(range(len(events)))
    assert nodes == [event for event in events if event.type.startswith("node.")]


@WAYS
def test_one_that_raises_gets_no_more_and_the_others_do(host, listening, caplog):
    heard, others = [], []

    def ill(event):
        heard.append(event.type)
        raise ValueError("disk full")

    executor = listening(host, (ill, ["node.succeeded"]), (others.append, ["node.succeeded"]))
    assert executor.execute(two_nodes()).is_success()
    assert heard == ["node.succeeded"]
    assert [event.node for event in others] == ["a", "b"]
    assert "disk full" in caplog.text


@pytest.mark.parametrize(
    ("subscriber", "field", "said"),
    [
        (
            (print, ["node.suceeded"]),
            "types",
            "no type of event fits 'node.suceeded' (did you mean 'node.succeeded'?)",
        ),
        ((print, "node.*"), "types", "types is 'node.*'; give a list"),
        ((print, [3]), "types", "no type of event fits 3"),
        ((print, 3), "types", "types is 3; give a list"),
        (
            (3, ["node.*"]),
            "subscribers",
            "a subscriber is (3, ['node.*']); give a function, or (function, types)",
        ),
        ((print, ["node.*"], 1), "subscribers", "give a function, or (function, types)"),
        (None, "subscribers", "a subscriber is None"),
    ],
    ids=repr,
)
def test_what_is_no_subscriber_is_refused_with_what_to_give(subscriber, field, said):
    with pytest.raises(ValidationError, match=re.escape(said)) as caught:
        Executor(subscribers=[subscriber])
    assert caught.value.field == field


def test_a_hook_with_a_type_that_does_not_exist_is_left_out_or_told_of(host, caplog):
    heard = []
    wrong = Listens((heard.append, ["llm.deltas"]))
    host.register(wrong, "misspelt")
    assert Executor(host=host).execute(two_nodes()).is_success()
    assert not heard
    assert "its graphbit_subscribe_events failed and is left out" in caplog.text
    assert "did you mean 'llm.delta'" in caplog.text
    strict = Host(HostSettings(strict=True), scan=False)
    strict.register(wrong)
    with pytest.raises(PluginError, match=r"did you mean 'llm\.delta'"):
        strict.call("graphbit_subscribe_events")


def test_what_nobody_wants_is_not_made(host):
    streaming = []
    workflow = Workflow("w").chain(Node.transform("a", lambda context: streaming.append(context.streaming)))
    for types in (["node.*"], ["llm.completed"], [], ["llm.*"], ["*"], None):
        Executor(host=host, subscribers=[(id, types)]).execute(workflow)
    assert streaming == [False, False, False, True, True, True]
    nodes, reader = subscription((id, ["node.*"])), subscription((id, ["run.*"]))
    alone = publisher(host, None, [nodes])
    assert [alone.wants(type_) for type_ in ("node.ready", "edge.live")] == [True, False]
    assert publisher(host, reader, [nodes]).wants is None
