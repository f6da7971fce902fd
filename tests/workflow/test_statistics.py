"""What an executor says of its runs."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from graphbit_core import Executor, Node, RunShedError, Workflow


def one(function, **settings):
    return Workflow("one").chain(Node.transform("a", function, **settings))


def fail():
    raise ValueError("no")


def test_before_the_first_run_there_is_no_rate_and_no_time(host):
    stats = Executor.sequential(host=host).get_stats()
    assert (stats.total_runs, stats.in_flight, stats.queued, stats.nodes_run) == (0, 0, 0, 0)
    assert (stats.success_rate, stats.average_ms, stats.min_ms, stats.max_ms) == (None, None, None, None)
    assert stats.preset == "sequential"
    assert stats.limits.max_concurrency == 1
    assert stats.uptime_seconds >= 0
    assert json.loads(json.dumps(stats.to_dict()))["limits"]["type_limits"]["agent"] == 20


def test_each_end_of_a_run_is_counted_once(host):
    executor = Executor(host=host)
    for _ in range(3):
        executor.execute(one(lambda: 1))
    executor.execute(one(fail))
    list(executor.stream(one(lambda: 1)))

    async def for_long():
        await asyncio.sleep(60)

    async def cancel():
        task = asyncio.ensure_future(executor.run_async(one(for_long)))
        await asyncio.sleep(0.01)
        assert executor.get_stats().in_flight == 1
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(cancel())
    stats = executor.get_stats()
    assert (stats.total_runs, stats.successful_runs, stats.failed_runs, stats.cancelled_runs) == (6, 4, 1, 1)
    assert stats.nodes_run == 5  # the cancelled run has no report
    assert stats.success_rate == pytest.approx(4 / 6)
    assert 0 < stats.min_ms <= stats.average_ms <= stats.max_ms <= stats.total_ms
    assert stats.average_ms == pytest.approx(stats.total_ms / 6)
    assert stats.in_flight == 0


def test_a_run_that_never_began_is_not_counted(host):
    executor = Executor(host=host)
    with pytest.raises(Exception, match="topic"):
        executor.execute(Workflow("w").chain(Node.transform("a", template="{topic}")))
    assert executor.get_stats().total_runs == 0
    assert executor.get_stats().in_flight == 0


def test_shed_runs_are_counted_beside_the_others(host):
    executor = Executor(host=host, max_runs=1, max_queued_runs=0)
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(executor.execute, one(lambda: release.wait(10)))
        while executor.get_stats().in_flight == 0:
            pass
        with pytest.raises(RunShedError):
            executor.execute(one(lambda: 1))
        release.set()
        assert first.result().is_success()
    stats = executor.get_stats()
    assert (stats.shed_runs, stats.total_runs, stats.successful_runs) == (1, 1, 1)


def test_reset_starts_anew_and_keeps_what_goes_on(host):
    executor = Executor(host=host)
    executor.execute(one(lambda: 1))
    executor.reset_stats()
    stats = executor.get_stats()
    assert (stats.total_runs, stats.nodes_run, stats.total_ms, stats.success_rate) == (0, 0, 0, None)


def test_nested_runs_count_as_nested_and_their_nodes_as_run(host):
    executor = Executor(host=host)
    executor.execute(
        one(lambda: executor.execute(one(lambda: executor.execute(one(lambda: 1)).output)).output)
    )
    stats = executor.get_stats()
    assert (stats.total_runs, stats.nested_runs, stats.nodes_run) == (1, 2, 3)


def test_many_threads_lose_no_count(host):
    executor = Executor(host=host)
    workflow = one(lambda: 1, inline=True)

    def work(_):
        for _ in range(25):
            executor.execute(workflow)
            executor.get_stats()

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    stats = executor.get_stats()
    assert (stats.total_runs, stats.successful_runs, stats.nodes_run, stats.in_flight) == (400, 400, 400, 0)
