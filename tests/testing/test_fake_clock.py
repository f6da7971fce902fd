"""Hours of a workflow in milliseconds, and none of it left to chance."""

from __future__ import annotations

import asyncio
import datetime
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from graphbit_core import DeadlineError, Executor, LlmClient, Node, NodeType, Workflow, WorkflowResult
from graphbit_core.host import Host
from graphbit_core.testing import FakeClock, ModelServer, Reply
from graphbit_core.testing.replies import chat_body

HOUR = 3600.0


class PollNode(NodeType):
    """Asks ``ready`` every ``every`` seconds until it says yes."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, ready: Callable[[], bool], every: float = 60.0) -> None:
        self._ready, self._every = ready, every

    async def run(self, context: Any) -> float:
        began = context.now()
        while not self._ready():
            await asyncio.sleep(self._every)
        return float((context.now() - began).total_seconds())


def poll(clock: FakeClock, ready: Callable[[], bool], **options: Any) -> WorkflowResult:
    host = Host.isolated({("node_type", "poll"): PollNode})
    workflow = Workflow("w").chain(Node("poll", "poll", ready=ready, **options))
    return clock.run(Executor(host=host, timeout_seconds=None).run_async(workflow))


def run(clock: FakeClock, *nodes: Node, **options: Any) -> WorkflowResult:
    """Runs nodes that know nothing of each other."""
    workflow = Workflow("w")
    for node in nodes:
        workflow.add_node(node)
    return clock.run(Executor(**{"timeout_seconds": None, **options}).run_async(workflow))


def function(name: str, body: Callable[[], Any], **options: Any) -> Node:
    return Node("transform", name, function=body, **options)


# --- what passes at once ---


def test_a_node_that_polls_is_given_up_after_an_hour_in_milliseconds():
    clock, began = FakeClock(), time.monotonic()
    result = poll(clock, lambda: False, timeout=HOUR)
    assert isinstance(result.errors[0].__cause__, DeadlineError)
    assert clock.now == HOUR
    assert time.monotonic() - began < 5


def test_a_node_that_polls_sees_the_time_that_has_passed():
    clock = FakeClock()
    result = poll(clock, lambda: clock.now >= 1800, timeout=HOUR)
    assert result.raise_for_failure().output == clock.now == 1800


def test_delays_take_their_time_and_no_more():
    clock = FakeClock()
    result = run(clock, Node("delay", "long", seconds=30 * 24 * HOUR), Node("delay", "short", seconds=0.25))
    assert result.state == "succeeded"
    assert clock.now == 30 * 24 * HOUR
    assert result.seconds == pytest.approx(clock.now)
    assert [report.seconds for report in result.nodes] == pytest.approx([30 * 24 * HOUR, 0.25])


def test_back_off_passes_between_attempts():
    clock, seen = FakeClock(), []

    def fails() -> None:
        seen.append(clock.now)
        raise ConnectionError

    result = run(clock, function("f", fails, retry={"max_attempts": 3, "base": 600.0, "cap": 7200.0}), seed=1)
    assert result.state == "failed"
    assert len(seen) == 3
    assert clock.now == seen[-1] > 60


def test_two_runs_with_one_seed_take_the_same_time():
    def once() -> float:
        clock = FakeClock()
        run(clock, function("f", lambda: 1 / 0, retry={"max_attempts": 4, "base": 600.0}), seed=7)
        return clock.now

    assert once() == once() > 0


def test_the_deadline_of_a_run_passes():
    clock = FakeClock()
    result = run(clock, Node("delay", "d", seconds=2 * HOUR), timeout_seconds=HOUR)
    assert isinstance(result.errors[0], DeadlineError)
    assert clock.now == HOUR


def test_events_and_bodies_tell_the_time_of_the_clock():
    start = datetime.datetime(2031, 5, 4, tzinfo=datetime.UTC)
    clock = FakeClock(start)
    workflow = Workflow("w").chain(
        Node("delay", "d", seconds=60), Node("transform", "f", function=lambda value: None)
    )

    async def read() -> list[float]:
        return [event.ts async for event in Executor(timeout_seconds=None).stream(workflow, types=["run.*"])]

    times = clock.run(read())
    assert [at - start.timestamp() for at in times] == pytest.approx([0, 60], abs=1e-3)


class LeftNode(NodeType):
    """Says on a worker thread how much time is left, and how late it is."""

    graphbit_api: ClassVar[tuple[int, int]] = (1, 0)

    def __init__(self, *, clock: Any) -> None:
        self._clock = clock

    def run(self, context: Any) -> tuple[float, float, datetime.datetime]:
        before = context.remaining()
        self._clock.advance(600)
        return before, context.remaining(), context.now()


def test_a_plain_body_is_told_what_is_left_on_the_clock():
    clock = FakeClock()
    host = Host.isolated({("node_type", "left"): LeftNode})
    workflow = Workflow("w").chain(Node("left", "left", clock=clock, timeout=HOUR))
    before, after, now = (
        clock.run(Executor(host=host, timeout_seconds=None).run_async(workflow)).raise_for_failure().output
    )
    assert (before, after) == pytest.approx((3600, 3000))
    assert now == datetime.datetime(2030, 1, 1, 0, 10, tzinfo=datetime.UTC)


# --- what the clock waits for ---


def test_the_clock_does_not_jump_while_a_plain_function_runs():
    clock = FakeClock()

    def works() -> float:
        time.sleep(0.05)
        return float(clock.now)

    result = run(clock, function("works", works), Node("delay", "d", seconds=HOUR))
    assert result.get_node_output("works") == 0
    assert clock.now == HOUR


def test_the_clock_does_not_jump_while_an_executor_works():
    clock = FakeClock()

    async def main() -> tuple[float, float]:
        asyncio.get_running_loop().call_later(HOUR, lambda: None)
        await asyncio.to_thread(time.sleep, 0.05)
        before = clock.now
        await asyncio.sleep(HOUR)
        return before, clock.now

    assert clock.run(main()) == (0, HOUR)


def test_the_clock_does_not_jump_while_a_call_of_the_kernel_goes_on():
    clock = FakeClock()

    async def main(client: LlmClient) -> tuple[str, float]:
        async with asyncio.timeout(HOUR):
            return await client.complete_async("Hi"), clock.now

    with ModelServer(Reply.json(chat_body("Hello")).in_pieces(200, 0.02)) as server:
        client = LlmClient("openai:scripted-1", base_url=server.url, api_key="any")
        assert clock.run(main(client)) == ("Hello", 0)


def test_a_run_within_a_plain_function_takes_real_time():
    clock = FakeClock()
    inner = Workflow("inner").chain(Node("delay", "d", seconds=0.05))
    result = run(clock, function("f", lambda: Executor().execute(inner).seconds))
    assert 0.05 <= result.raise_for_failure().output < 5
    assert clock.now == 0


# --- advance ---


def test_a_plain_function_that_advances_the_clock_takes_that_long():
    clock = FakeClock()
    result = run(clock, function("slow", lambda: clock.advance(1800), timeout=HOUR))
    assert result.state == "succeeded"
    assert clock.now == 1800
    assert result.nodes[0].seconds == pytest.approx(1800)


def test_a_plain_function_that_advances_too_far_is_timed_out_on_the_way():
    clock = FakeClock()
    result = run(clock, function("slow", lambda: clock.advance(2 * HOUR), timeout=HOUR))
    assert isinstance(result.errors[0].__cause__, DeadlineError)
    assert clock.now == HOUR


def test_functions_that_advance_side_by_side_take_the_time_of_the_longest():
    clock = FakeClock()
    nodes = [function(f"f{hours}", lambda hours=hours: clock.advance(hours * HOUR)) for hours in (3, 1, 2)]
    result = run(clock, *nodes)
    assert [report.seconds for report in result.nodes] == pytest.approx([3 * HOUR, HOUR, 2 * HOUR])
    assert clock.now == 3 * HOUR


def test_advancing_in_a_coroutine_holds_up_its_loop():
    clock, order = FakeClock(), []

    async def main() -> None:
        asyncio.get_running_loop().call_later(60, lambda: order.append(clock.now))
        clock.advance(HOUR)
        order.append("advanced")
        await asyncio.sleep(0)
        await asyncio.sleep(0)

    clock.run(main())
    assert order == ["advanced", HOUR]


def test_the_clock_is_advanced_and_goes_on_between_runs():
    clock = FakeClock()
    clock.advance(5)
    clock.run(asyncio.sleep(10))
    clock.advance(1)
    clock.run(asyncio.sleep(0.5))
    assert clock.now == 16.5


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_the_clock_does_not_go_back(seconds: float):
    with pytest.raises(ValueError, match="time goes forward"):
        FakeClock().advance(seconds)


# --- when it cannot go on ---


def test_a_clock_that_stands_says_that_nothing_can_happen():
    async def main() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match=r"stood at 0\.0 s for 0\.1 real seconds.*nothing is left"):
        FakeClock(patience=0.1).run(main())


def test_a_clock_that_stands_names_what_it_waits_for():
    release = threading.Event()
    clock, began = FakeClock(patience=0.1), time.monotonic()
    try:
        with pytest.raises(RuntimeError, match="it waits for 1 functions on threads") as caught:
            run(clock, function("works", lambda: release.wait(30)), Node("delay", "d", seconds=1))
        assert time.monotonic() - began < 5
        assert "lambda: release.wait(30)" in "".join(caught.value.__notes__)
    finally:
        release.set()


def test_an_error_of_the_coroutine_is_raised_and_the_next_one_runs():
    async def fails() -> None:
        await asyncio.sleep(HOUR)
        raise KeyError("mine")

    clock = FakeClock()
    with pytest.raises(KeyError, match="mine"):
        clock.run(fails())
    clock.run(asyncio.sleep(HOUR))
    assert clock.now == 2 * HOUR


def test_the_machines_clocks_are_left_alone():
    clock = FakeClock()

    async def main() -> float:
        before = time.monotonic()
        await asyncio.sleep(HOUR)
        return time.monotonic() - before

    assert clock.run(main()) < 5
    loop = asyncio.new_event_loop()
    assert abs(loop.time() - time.monotonic()) < 5
    loop.close()
