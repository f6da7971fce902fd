"""How many runs of an executor go on, wait, and are refused."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from graphbit_core import Executor, Node, RunShedError, Workflow, WorkflowError


def one(function, **settings):
    return Workflow("one").chain(Node.transform("a", function, **settings))


async def until(condition):
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


def wait_until(condition):
    asyncio.run(until(condition))


class Busy:
    """Fills an executor's places with runs that go on until ``release``."""

    def __init__(self, executor, runs=1):
        self.executor = executor
        self.event = threading.Event()
        self.threads = [
            threading.Thread(target=executor.execute, args=(one(lambda: self.event.wait(10)),))
            for _ in range(runs)
        ]
        for thread in self.threads:
            thread.start()
        wait_until(lambda: executor.get_stats().in_flight == runs)

    def release(self):
        self.event.set()
        for thread in self.threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.release()


def blocking(executor, workflow):
    return executor.execute(workflow)


def on_a_loop(executor, workflow):
    return asyncio.run(executor.run_async(workflow))


def streamed(executor, workflow):
    stream = executor.stream(workflow)
    list(stream)
    return stream.result


def streamed_on_a_loop(executor, workflow):
    async def main():
        stream = executor.stream(workflow)
        async for _ in stream:
            pass
        return stream.result

    return asyncio.run(main())


every_way = pytest.mark.parametrize("way", [blocking, on_a_loop, streamed, streamed_on_a_loop])


@every_way
def test_a_run_past_the_bound_is_refused_before_any_node_ran(host, way):
    executor, ran = Executor(host=host, max_runs=2, max_queued_runs=0), []
    with Busy(executor, 2), pytest.raises(RunShedError) as caught:
        way(executor, one(lambda: ran.append(1)))
    assert ran == []
    assert isinstance(caught.value, WorkflowError)
    assert caught.value.facts() == {"running": 2, "queued": 0, "limit": 0}
    assert "max_queued_runs" in str(caught.value)


def test_the_refusal_says_when_there_may_be_room_going_by_the_runs_so_far(host):
    executor = Executor(host=host, max_runs=1, max_queued_runs=0)
    executor.execute(one(lambda: time.sleep(0.02)))
    with Busy(executor), pytest.raises(RunShedError) as caught:
        executor.execute(one(lambda: 1))
    assert caught.value.retry_after == pytest.approx(executor.limits.max_runs * 0.03, abs=0.3)
    assert caught.value.retry_after > 0.02


@every_way
def test_a_run_within_the_bound_waits_for_its_turn(host, way):
    executor = Executor(host=host, max_runs=1, max_queued_runs=1)
    busy = Busy(executor)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(way, executor, one(lambda: "done"))
        wait_until(lambda: executor.get_stats().queued == 1)
        busy.release()
        assert waiting.result(10).output == "done"
    assert executor.get_stats().queued == executor.get_stats().in_flight == 0


def test_with_wait_any_number_waits(host):
    executor = Executor(host=host, max_runs=1, when_full="wait")

    async def main():
        runs = [executor.run_async(one(lambda: asyncio.sleep(0))) for _ in range(300)]
        return await asyncio.gather(*runs)

    assert all(result.is_success() for result in asyncio.run(main()))
    assert executor.get_stats().shed_runs == 0


def test_turns_are_taken_in_the_order_of_arrival_over_threads_and_loops(host):
    executor, order, ways = Executor(host=host, max_runs=1), [], [blocking, on_a_loop, streamed]
    busy = Busy(executor)
    with ThreadPoolExecutor(12) as pool:
        for number in range(12):
            workflow = one(lambda number=number: order.append(number))
            pool.submit(ways[number % 3], executor, workflow)
            wait_until(lambda number=number: executor.get_stats().queued == number + 1)
        busy.release()
    assert order == list(range(12))


def test_no_more_than_max_runs_go_on_whatever_they_come_from(host):
    executor, going, most, lock = Executor(host=host, max_runs=3), [0], [0], threading.Lock()

    def body():
        with lock:
            going[0] += 1
            most[0] = max(most[0], going[0])
        time.sleep(0.002)
        with lock:
            going[0] -= 1

    workflow = one(body)

    async def on_one_loop():
        await asyncio.gather(*(executor.run_async(workflow) for _ in range(20)))

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(executor.execute, workflow) for _ in range(40)]
        done += [pool.submit(asyncio.run, on_one_loop()) for _ in range(2)]
        for future in done:
            future.result(20)
    assert most == [3]
    assert executor.get_stats().total_runs == 80


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_waiter_that_is_cancelled_leaves_no_hole(host, which):
    executor, order = Executor(host=host, max_runs=1), []
    busy = Busy(executor)

    async def main():
        tasks = []
        for number in range(3):
            body = one(lambda number=number: order.append(number))
            tasks.append(asyncio.ensure_future(executor.run_async(body)))
            await until(lambda number=number: executor.get_stats().queued == number + 1)
        tasks[which].cancel()
        await until(lambda: executor.get_stats().queued == 2)
        busy.event.set()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(ends[which], asyncio.CancelledError)

    asyncio.run(main())
    busy.release()
    assert order == [number for number in range(3) if number != which]
    assert executor.execute(one(lambda: "free")).output == "free"


def test_a_permit_that_reaches_a_waiter_as_it_is_cancelled_is_passed_on(host):
    executor = Executor(host=host, max_runs=1)

    async def main():
        done = asyncio.Event()
        first = asyncio.ensure_future(executor.run_async(one(done.wait)))
        await until(lambda: executor.get_stats().in_flight == 1)
        second = asyncio.ensure_future(executor.run_async(one(lambda: "second")))
        third = asyncio.ensure_future(executor.run_async(one(lambda: "third")))
        await until(lambda: executor.get_stats().queued == 2)
        first.add_done_callback(lambda _: second.cancel())  # the permit is on its way to it
        done.set()
        await asyncio.wait([second])
        assert second.cancelled()
        return await asyncio.wait_for(third, 10)

    assert asyncio.run(main()).output == "third"


def test_a_run_that_waited_as_long_as_it_may_take_is_refused(host):
    executor = Executor(host=host, max_runs=1, when_full="wait", timeout_seconds=0.05)

    async def tidy_up_slowly():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.2)

    async def main():
        first = asyncio.ensure_future(executor.run_async(one(tidy_up_slowly)))
        await until(lambda: executor.get_stats().in_flight == 1)
        with pytest.raises(RunShedError, match=r"waited for 0\.05 s") as caught:
            await executor.run_async(one(lambda: 1))
        assert caught.value.limit == 1
        await first

    asyncio.run(main())
    assert executor.get_stats().queued == executor.get_stats().in_flight == 0


def test_an_executor_with_other_options_has_a_queue_of_its_own(host):
    executor = Executor(host=host, max_runs=1, max_queued_runs=0)
    with Busy(executor):
        assert executor.with_options(max_concurrency=3).execute(one(lambda: 1)).is_success()


def test_waiting_takes_nothing_from_the_time_of_the_run(host):
    executor = Executor(host=host, max_runs=1, timeout_seconds=0.4)

    async def main():
        runs = [executor.run_async(one(lambda: asyncio.sleep(0.25))) for _ in range(2)]
        return await asyncio.gather(*runs)

    assert [result.state for result in asyncio.run(main())] == ["succeeded", "succeeded"]


@pytest.mark.parametrize("kind", ["thread", "inline", "coroutine"])
def test_a_nested_run_takes_no_second_permit(host, kind):
    executor = Executor(host=host, max_runs=1, max_queued_runs=0)
    inner = one(lambda: "inner")
    middle = one(lambda: executor.execute(inner).output)

    async def coroutine():
        return (await executor.run_async(middle)).output

    outer = one(coroutine) if kind == "coroutine" else one(lambda: executor.execute(middle).output)
    outer = outer if kind != "inline" else one(lambda: executor.execute(middle).output, inline=True)
    assert executor.execute(outer).output == "inner"
    assert executor.get_stats().in_flight == 0


def test_a_nested_stream_takes_no_second_permit(host):
    executor = Executor(host=host, max_runs=1, max_queued_runs=0)
    assert executor.execute(one(lambda: streamed(executor, one(lambda: "in")).output)).output == "in"


def test_a_run_on_another_executor_is_not_nested(host):
    executor, other = Executor(host=host, max_runs=1), Executor(host=host, max_runs=1, max_queued_runs=0)
    with Busy(other):
        result = executor.execute(one(lambda: other.execute(one(lambda: 1))))
    assert isinstance(result.error.__cause__, RunShedError)


def test_what_a_body_leaves_behind_is_not_nested_once_its_run_has_ended(host):
    executor = Executor(host=host, max_runs=1, max_queued_runs=0)
    tasks, ended = [], asyncio.Event()

    async def later():
        await ended.wait()
        return await executor.run_async(one(lambda: 1))

    async def main():
        await executor.run_async(one(lambda: tasks.append(asyncio.ensure_future(later())), inline=True))
        going = asyncio.ensure_future(executor.run_async(one(lambda: asyncio.sleep(0.05))))
        await until(lambda: executor.get_stats().in_flight == 1)
        ended.set()
        with pytest.raises(RunShedError):
            await tasks[0]
        await going

    asyncio.run(main())


def test_a_run_after_another_in_the_same_task_is_not_nested(host):
    executor = Executor(host=host, max_runs=1)

    async def main():
        await executor.run_async(one(lambda: 1))
        await executor.run_async(one(lambda: 1))

    asyncio.run(main())
    stats = executor.get_stats()
    assert (stats.total_runs, stats.nested_runs) == (2, 0)


def test_a_waiter_whose_loop_was_closed_does_not_hold_up_the_others(host):
    executor = Executor(host=host, max_runs=1)
    busy = Busy(executor)
    loop = asyncio.new_event_loop()
    task = loop.create_task(executor.run_async(one(lambda: 1)))
    loop.run_until_complete(asyncio.sleep(0.01))
    assert executor.get_stats().queued == 1
    loop.close()
    task._log_destroy_pending = False  # it is what this test is about
    busy.release()
    assert executor.execute(one(lambda: "free")).output == "free"
    del task
    gc.collect()
    assert executor.get_stats().in_flight == executor.get_stats().queued == 0


def test_a_thousand_cancelled_at_any_moment_leave_nothing(host):
    executor = Executor(host=host, max_runs=2, when_full="wait")

    async def body():
        await asyncio.sleep(0.0005)

    async def one_of(number):
        with suppress(TimeoutError):
            async with asyncio.timeout((number % 10) / 2000):
                await executor.run_async(one(body))

    async def main():
        await asyncio.gather(*(one_of(number) for number in range(1000)))
        return await executor.run_async(one(lambda: "free"))

    assert asyncio.run(main()).output == "free"
    assert executor.get_stats().in_flight == executor.get_stats().queued == 0
