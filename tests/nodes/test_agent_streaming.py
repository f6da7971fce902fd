"""Models are asked to stream for whoever wants the pieces of answers, and for nobody else."""

from __future__ import annotations

import pytest

from graphbit_core import Executor, Host, Node, Workflow, hookimpl
from graphbit_core.testing import ModelServer
from tests.nodes.agents import COMPONENTS, openai_client

WORKFLOW = Workflow("w").chain(Node.agent("write", "Hi"))
FOR = pytest.mark.parametrize(
    ("types", "streamed"),
    [
        (["node.*"], False),
        (["llm.started", "llm.completed", "run.*"], False),
        (["node.*", "llm.delta"], True),
        (["llm.*"], True),
        (None, True),
    ],
    ids=str,
)


@pytest.fixture
def server():
    with ModelServer() as server:
        yield server


def executor(server, plugin=None, subscribers=()):
    host = Host.isolated(COMPONENTS, plugins=[] if plugin is None else [plugin])
    return Executor(openai_client(server.url), host=host, subscribers=subscribers, timeout_seconds=20)


def asked_to_stream(server):
    return [bool(request.json().get("stream")) for request in server.requests()]


def check(server, events, streamed):
    """The model was asked so, the events came in order, and what was told of the call is the same."""
    assert asked_to_stream(server) == [streamed]
    assert [event.seq for event in events] == sorted({event.seq for event in events})
    pieces = [event.data["text"] for event in events if event.type == "llm.delta"]
    assert pieces == (["Hel", "lo"] if streamed else [])


@FOR
def test_a_plugin_that_listens_changes_only_what_it_asks_for(server, types, streamed):
    events = []

    class Plugin:
        @hookimpl
        def graphbit_subscribe_events(self):
            return events.append if types is None else (events.append, types)

    assert executor(server, Plugin()).execute(WORKFLOW).output == "Hello"
    assert events
    check(server, events, streamed)


@FOR
def test_a_subscriber_of_an_executor_does(server, types, streamed):
    events = []
    given = events.append if types is None else (events.append, types)
    assert executor(server, subscribers=[given]).execute(WORKFLOW).output == "Hello"
    check(server, events, streamed)


@FOR
def test_a_stream_does(server, types, streamed):
    stream = executor(server).stream(WORKFLOW, types=types)
    check(server, list(stream), streamed)
    every = list(stream.events(types=["*"]))
    assert [event.seq for event in every] == list(range(len(every)))
    check(server, every, streamed)


def test_one_that_wants_pieces_is_enough(server):
    nodes, pieces = [], []
    run = executor(server, subscribers=[(nodes.append, ["node.*"]), (pieces.append, ["llm.delta"])])
    events = list(run.stream(WORKFLOW, types=["run.*"]))
    assert asked_to_stream(server) == [True]
    assert [event.data["text"] for event in pieces] == ["Hel", "lo"]
    assert [event.type for event in events] == ["run.started", "run.succeeded"]
    assert {event.type.split(".")[0] for event in nodes} == {"node"}


def test_what_is_told_of_a_call_is_the_same_without_its_pieces(server):
    def told(types):
        events = []
        executor(server, subscribers=[(events.append, types)]).execute(WORKFLOW)
        return [(event.type, event.data) for event in events if event.type != "llm.delta"]

    whole = told(["llm.started", "llm.completed"])
    assert [type_ for type_, _ in whole] == ["llm.started", "llm.completed"]
    assert whole == told(["llm.*"])
    assert asked_to_stream(server) == [False, True]


def test_where_nobody_listens_the_model_is_not_asked_to_stream(server):
    assert executor(server).execute(WORKFLOW).output == "Hello"
    assert asked_to_stream(server) == [False]
