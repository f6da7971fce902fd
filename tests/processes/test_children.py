"""The children: used again while healthy, and gone when they are not wanted."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from graphbit_core import ProcessError
from graphbit_core.processes.call import Limits
from graphbit_core.processes.calls import call_in_process, run_in_process
from graphbit_core.processes.pool import Pool, pool
from graphbit_core.processes.values import LENGTH, pack, unpack
from graphbit_core.processes.worker import Worker

BOUND = Limits(seconds=10)


def call(name, *arguments, limits=BOUND):
    return call_in_process(f"isolated:{name}", arguments, {}, limits)


def eventually(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.005)
    return condition()


def runs(pid):
    """Whether the process exists, and is no zombie that waits for someone else to ask for its status."""
    try:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    except FileNotFoundError:
        pytest.fail("ps is missing")
    return bool(state.strip()) and not state.strip().startswith("Z")


def written(path: Path) -> int:
    assert eventually(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def is_gone(pid):
    """Whether there is not even a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def has_zombies():
    """Whether a child of this process has ended and was not waited for."""
    try:
        return os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def descriptors():
    return len(list(Path("/dev/fd").iterdir()))


def test_a_healthy_child_is_used_again():
    first, second = call("count"), call("count")
    assert first[0] == second[0]
    assert second[1] == first[1] + 1


@pytest.mark.parametrize(
    ("name", "arguments"), [("leave", (0,)), ("system_exit", ()), ("crash", ()), ("fork_and_hang", ("note",))]
)
def test_a_child_that_did_not_end_its_job_well_is_not_used_again(name, arguments, tmp_path):
    before = call("count")[0]
    with pytest.raises(ProcessError):
        call(name, *(str(tmp_path / argument) if argument == "note" else argument for argument in arguments))
    assert call("count")[0] != before


def test_an_ordinary_exception_leaves_the_child_healthy():
    before = call("count")[0]
    with pytest.raises(ProcessError):
        call("fail")
    assert call("count")[0] == before


def test_a_child_with_a_thread_left_over_is_not_used_again():
    left = call("leave_a_thread_behind")
    assert call("count")[0] != left
    assert eventually(lambda: not runs(left))


def test_a_process_left_over_is_ended_with_its_child(tmp_path):
    note = tmp_path / "pid"
    left = call("leave_a_process_behind", str(note))
    assert call("count")[0] != left
    assert eventually(lambda: not runs(written(note)))


def test_a_grandchild_that_keeps_the_pipes_open_hides_nothing_and_is_killed(tmp_path):
    note = tmp_path / "pid"
    with pytest.raises(ProcessError) as caught:
        call("fork_and_hang", str(note))
    assert (caught.value.reason, caught.value.status) == ("exited", 5)
    assert eventually(lambda: not runs(written(note)))


def test_cancelling_kills_at_once_and_leaves_nothing_behind(tmp_path):
    async def once(number):
        note = tmp_path / str(number)
        task = asyncio.create_task(run_in_process("isolated:hang", [str(note)], limits=BOUND))
        while not (note.exists() and note.read_text()):
            await asyncio.sleep(0.002)
        started = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took = time.monotonic() - started
        assert is_gone(int(note.read_text()))
        return took

    async def main():
        await once("first")
        gc.collect()  # earlier tests may have left some that nobody holds
        before = descriptors()
        times = sorted([await once(number) for number in range(30)])
        assert descriptors() == before
        return times

    times = asyncio.run(main())
    print(f"cancellation of {len(times)}: median {times[15] * 1e3:.1f} ms, worst {times[-1] * 1e3:.1f} ms")
    assert times[-1] < 0.2
    assert not has_zombies()


def test_cancelling_at_any_moment_is_clean():
    async def main():
        for step in range(40):
            task = asyncio.create_task(run_in_process("isolated:add", [1], limits=BOUND))
            await asyncio.sleep(step * 0.0005)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                assert await task == 2
        return await run_in_process("isolated:add", [1], limits=BOUND)

    assert asyncio.run(main()) == 2
    assert not has_zombies()


def test_cancelling_calls_that_wait_for_their_turn_gives_the_turns_back():
    async def main():
        calls = [asyncio.create_task(run_in_process("isolated:hang", limits=BOUND)) for _ in range(60)]
        await asyncio.sleep(0.1)
        for task in calls:
            task.cancel()
        await asyncio.wait(calls)
        assert all(task.cancelled() for task in calls)
        return await run_in_process("isolated:add", [1], limits=BOUND)

    assert asyncio.run(main()) == 2


def test_a_loop_that_closes_midway_leaves_nothing_behind(tmp_path):
    note = tmp_path / "pid"
    loop = asyncio.new_event_loop()
    coroutine = run_in_process("isolated:hang", [str(note)], limits=BOUND)
    task = loop.create_task(coroutine)
    loop.call_later(0.3, loop.stop)
    loop.run_forever()
    pid = written(note)
    task._log_destroy_pending = False  # it is what this test does
    coroutine.close()
    loop.close()
    del task, coroutine
    gc.collect()
    assert eventually(lambda: not runs(pid))
    assert call("add", 1) == 2


def test_calls_from_many_threads_do_not_meet():
    results = {}

    def work(number):
        results[number] = [call("add", number, step) for step in range(5)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == {number: [number + step for step in range(5)] for number in range(8)}


def test_idle_children_are_ended_after_a_while():
    short = Pool(idle_seconds=0.2)
    worker = short.take()
    short.keep(worker)
    again = short.take()
    assert again is worker
    short.keep(again)
    assert eventually(lambda: is_gone(worker.pid))
    assert eventually(lambda: not short._tidying)


def test_an_idle_child_that_died_is_replaced():
    pid = call("count")[0]
    os.kill(pid, 9)
    assert eventually(lambda: not runs(pid))
    assert call("count")[0] != pid


PARENT = """
import sys
sys.path.insert(0, sys.argv[1])
from graphbit_core.processes.calls import call_in_process
call_in_process("isolated:add", [1])
print("warm", flush=True)
call_in_process("isolated:" + sys.argv[2], [sys.argv[3]])
"""


@pytest.mark.parametrize("name", ["hang", "hold_the_interpreter"])
def test_a_child_dies_with_its_parent_whatever_it_is_doing(name, tmp_path):
    note = tmp_path / "pid"
    support = str(Path(__file__).parents[1] / "support")
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, support, name, str(note)], stdout=subprocess.DEVNULL
    )
    pid = written(note)
    parent.kill()
    parent.wait()
    assert eventually(lambda: not runs(pid))


def test_a_program_ends_at_once_and_quietly_with_children_idle(tmp_path):
    support = str(Path(__file__).parents[1] / "support")
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PARENT, support, "same", "x"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "warm\n")
    assert time.monotonic() - started < 5


def test_without_help_of_the_kernel_a_thread_watches_for_the_end_of_the_parent(tmp_path):
    """As on systems that have no F_SETSIG."""
    code = f"""
import fcntl, sys
del fcntl.F_SETSIG
sys.path[:] = {sys.path!r}
from graphbit_core.processes.child import main
main()
"""
    worker = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    note = tmp_path / "pid"

    def send(name, *arguments):
        job = {"target": f"isolated:{name}", "positional": list(arguments), "keywords": {}}
        data = pack({**job, "memory_bytes": None, "max_result_bytes": 1000})
        worker.stdin.write(LENGTH.pack(len(data)) + data)
        worker.stdin.flush()

    for _ in range(20):
        send("add", 1)
        (length,) = LENGTH.unpack(worker.stdout.read(LENGTH.size))
        assert unpack(unpack(worker.stdout.read(length))["value"]) == 2
    send("hang", str(note))
    written(note)
    worker.stdin.close()
    assert worker.wait(5) == -9
    worker.stdout.close()


def test_a_forked_process_has_a_pool_of_its_own():
    call("add", 1)
    pid = os.fork()
    if pid == 0:
        fine = not pool._idle and call("add", 1) == 2
        pool.close()
        os._exit(0 if fine else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert call("add", 1) == 2


def test_a_worker_ends_only_once():
    worker = Worker()
    assert worker.end() == worker.end() == -9
    worker.kill()
