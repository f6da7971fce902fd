"""Containers that a plugin brings: written with public names only, and as good as a map."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from graphbit_core import (
    API_VERSION,
    Container,
    Executor,
    Frames,
    Host,
    Node,
    NodeError,
    NodeType,
    ValidationError,
    Workflow,
)
from graphbit_core.nodes.map import MapNode
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing import NodeTypeConformance


class TournamentNode(NodeType):
    """Lets ``body`` choose between ``one`` and ``other``, round for round, until one is left."""

    graphbit_api = API_VERSION
    inline = True

    def __init__(self, *, body: Workflow, max_concurrency: int | None = None) -> None:
        if not isinstance(body, Workflow):
            raise ValidationError(f"body is {body!r:.80}; give a Workflow", field="body")
        self._body = body
        self._most = max_concurrency

    def container(self):
        """Its matches. Made anew at each call, which must not matter."""
        return Container(self._body, "map", ("one", "other", "round"), max_concurrency=self._most)

    def run(self, context):
        """The first round."""
        return self._round(list(context.value), 1)

    def resume(self, context, results):
        """The next round, or the winner."""
        failed = [result for result in results if result.error is not None]
        if failed:
            raise min(failed, key=lambda result: result.index).error
        number, waiting = context.state
        winners = [result.output for result in sorted(results, key=lambda result: result.index)]
        return self._round([*waiting, *winners], number + 1)

    def _round(self, players, number):
        if not players:
            raise ValidationError("nobody plays; give at least one", field="body")
        if len(players) == 1:
            return players[0]
        waiting = players[:1] if len(players) % 2 else []
        pairs = zip(players[len(waiting) :: 2], players[len(waiting) + 1 :: 2], strict=True)
        entries = [{"one": one, "other": other, "round": number} for one, other in pairs]
        return Frames(entries, state=(number, waiting))


class PacedNode(NodeType):
    """Runs ``body`` for each of what ``over`` gives, asked for as items end. The output is their number."""

    graphbit_api = API_VERSION

    def __init__(self, *, body: Workflow, over=None) -> None:
        self._body = body
        self._over = over

    def container(self):
        return Container(self._body, "map", ("item",), "item", keep_going=True)

    async def run(self, context):
        return Frames({"item": item} async for item in self._over())

    async def resume(self, context, results):
        await asyncio.sleep(0)
        return sum(1 for result in results if result.error is None)


HOST = Host.isolated(
    {
        ("node_type", "tournament"): TournamentNode,
        ("node_type", "paced"): PacedNode,
        ("node_type", "map"): MapNode,
        ("node_type", "transform"): TransformNode,
    }
)


def larger(one, other):
    return max(one, other)


def match(function=larger, **options):
    return Workflow("match").chain(Node.transform("play", function, **options))


def tournament(body=None, **settings):
    return Node("tournament", "cup", body=body or match(), **settings)


def players(*given):
    return Node.transform("players", lambda: list(given), inline=True)


def run(*nodes, **settings):
    return Executor(host=HOST, timeout_seconds=20, **settings).execute(Workflow("w").chain(*nodes))


class TestTournament(NodeTypeConformance):
    component = TournamentNode
    settings = {"body": match()}
    parents = {"players": [3, 9, 4, 7, 5]}
    expected = 9
    bad_settings = ({}, {"body": 5})


async def three():
    for index in range(3):
        await asyncio.sleep(0)
        yield index


class TestPaced(NodeTypeConformance):
    component = PacedNode
    settings = {"body": Workflow("one").chain(Node.transform("x", expression="item")), "over": three}
    expected = 3
    in_files = False


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8])
def test_what_it_has_to_remember_between_its_frames_it_finds_again(count):
    assert run(players(*range(count)), tournament()).output == count - 1


def test_its_frames_are_counted_and_named_as_those_of_a_map():
    seen = []

    def play(one, other, context):
        seen.append(context.activation.partition("/")[2])
        return max(one, other)

    run(players(1, 2, 3, 4), tournament(match(play, inline=True)))
    assert seen == ["cup[0]/play", "cup[1]/play", "cup[2]/play"]


def test_its_events_are_those_of_a_map():
    stream = Executor(host=HOST).stream(Workflow("w").chain(players(1, 2, 3), tournament()), types=("map.*",))
    each_round = ["map.started", "map.item", "map.completed"]
    assert [event.type for event in stream] == each_round * 2


def test_a_failed_frame_fails_it_and_stops_the_others():
    played = []

    async def play(one, other):
        if one == 1:
            raise ArithmeticError("they quarrel")
        await asyncio.sleep(5)
        played.append(one)

    started = time.monotonic()
    result = run(players(1, 2, 3, 4), tournament(match(play)))
    assert result.state == "failed"
    assert isinstance(result.error, NodeError)
    assert "they quarrel" in str(result.error)
    assert not played
    assert time.monotonic() - started < 2


def test_its_failure_can_be_handled_like_that_of_any_node():
    def play(one, other):
        raise ArithmeticError("they quarrel")

    result = run(players(1, 2), tournament(match(play), on_error={"value": "nobody"}))
    assert (result.state, result.output) == ("succeeded_degraded", "nobody")


def test_another_attempt_begins_with_the_first_round():
    rounds = []

    def play(one, other, round):  # noqa: A002 - what its frames call it
        rounds.append(round)
        if len(rounds) == 3:
            raise ConnectionError("the hall is locked")
        return max(one, other)

    node = tournament(match(play, inline=True), retry={"max_attempts": 2, "base": 0})
    assert run(players(1, 2, 3, 4), node).output == 4
    assert rounds == [1, 1, 2, 1, 1, 2]


def test_several_at_once_do_not_mix_what_they_remember():
    cups = Node.map("cups", Workflow("inner").chain(tournament()), max_concurrency=4)
    lists = [list(range(count)) for count in (1, 5, 3, 8, 6)]
    assert run(Node.transform("lists", lambda: lists), cups).output == [0, 4, 2, 7, 5]


def test_it_keeps_to_its_max_concurrency():
    running, most = [0], [0]

    async def play(one, other):
        running[0] += 1
        most[0] = max(most[0], running[0])
        await asyncio.sleep(0.005)
        running[0] -= 1
        return max(one, other)

    assert run(players(*range(16)), tournament(match(play), max_concurrency=2)).output == 15
    assert most == [2]


def test_its_cancellation_ends_its_frames_and_closes_its_stream():
    ended, began = [], threading.Event()

    async def endless():
        try:
            index = 0
            while True:
                yield index
                index += 1
        finally:
            ended.append("stream")

    async def play(item):
        try:
            began.set()
            await asyncio.sleep(5)
        finally:
            ended.append("frame")

    async def main():
        workflow = Workflow("w").chain(Node("paced", "paced", body=match(play), over=endless))
        task = asyncio.create_task(Executor(host=HOST).run_async(workflow))
        while not began.is_set():
            await asyncio.sleep(0.001)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - started < 1
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return list(ended)

    assert sorted(asyncio.run(main())) == ["frame", "stream"]


def test_a_stream_is_closed_when_a_frame_has_failed():
    closed = []

    def forever():
        try:
            while True:
                yield {"item": 1}
        finally:
            closed.append(True)

    class Endless(PacedNode):
        """Stops at the first failure."""

        def container(self):
            return Container(self._body, "map", ("item",), "item")

        async def run(self, context):
            self.kept = forever()  # only for the test: nobody else may let go of it
            return Frames(self.kept)

        async def resume(self, context, results):
            raise results[0].error

    def play(item):
        raise ArithmeticError("no")

    host = Host.isolated({("node_type", "endless"): Endless, ("node_type", "transform"): TransformNode})
    node = Node("endless", "endless", body=match(play))
    assert Executor(host=host).execute(Workflow("w").chain(node)).state == "failed"
    assert closed == [True]


def test_it_may_stand_in_a_workflow_file():
    text = """
name: Cup
nodes:
  players: {type: transform, expression: "[4, 8, 6]"}
  cup:
    type: tournament
    body:
      nodes:
        play: {type: transform, function: "tests.nodes.test_own_container:larger"}
edges:
  - {from: players, to: cup}
"""
    workflow = Workflow.from_yaml(text)
    assert Workflow.from_dict(workflow.to_dict()).spec_hash == workflow.spec_hash
    assert Executor(host=HOST).execute(workflow).output == 8


def test_a_container_that_was_given_no_workflow_is_a_finding():
    class Holder(NodeType):
        graphbit_api = API_VERSION

        def __init__(self, *, body):
            self.body = body

        def container(self):
            return Container(self.body, "map")

        def run(self, context):
            return Frames([{}])

    host = Host.isolated({("node_type", "holder"): Holder})
    (finding,) = Workflow("w").chain(Node("holder", "hold", body=lambda: 1)).validate(host)
    assert (finding.code, finding.node) == ("body", "hold")
    assert "is a function, not a workflow" in finding.message
