"""The log behind a stream: what slow readers, several readers and readers that come back are given."""

from __future__ import annotations

import random
import threading
import tracemalloc

import pytest

from graphbit_core import Event, WorkflowError
from graphbit_core.workflow.event_log import SLOW, EventLog


class Run:
    """Publishes events as a run does."""

    def __init__(self, keep=None):
        self.log = EventLog(keep)

    def publish(self, type_, node="a", **data):
        self.log.append(Event("r", self.log.end, float(self.log.end), type_, node, f"r/{node}", data))

    def delta(self, text, node="a", index=0, kind="text"):
        self.publish("llm.delta", node, kind=kind, text=text, index=index)


def read(log, from_seq=0, *, join=True):
    cursor = log.open(from_seq, lambda: None, join=join)
    events = []
    while (event := cursor.next()) is not None:
        events.append(event)
    log.leave(cursor)
    return events


def texts(events):
    joined = {}
    for event in events:
        if event.type == "llm.delta":
            key = (event.node, event.data["index"], event.data["kind"])
            joined[key] = joined.get(key, "") + event.data["text"]
    return joined


def first_seq(event):
    return event.data.get("first_seq", event.seq)


def test_a_reader_that_keeps_up_is_given_each_delta_as_it_was():
    run, got = Run(), []
    cursor = run.log.open(0, lambda: None, join=True)
    for number in range(2000):
        run.delta(f"{number} ")
        got.append(cursor.next())
        assert cursor.next() is None
    assert [event.seq for event in got] == list(range(2000))
    assert [event.ts for event in got] == [float(n) for n in range(2000)]
    assert all("first_seq" not in event.data for event in got)
    assert got[1234].data == {"kind": "text", "text": "1234 ", "index": 0}


def test_a_slow_reader_is_given_the_deltas_of_a_call_joined_and_can_tell():
    run = Run()
    for number in range(3000):
        run.delta(f"{number} ")
    events = read(run.log)
    assert len(events) < 3000 / 100 + SLOW + 2
    seqs = [event.seq for event in events]
    assert seqs == sorted(set(seqs))
    position = 0
    for event in events:
        assert first_seq(event) == position
        position = event.seq + 1
    assert position == 3000
    assert texts(events) == {("a", 0, "text"): "".join(f"{n} " for n in range(3000))}


def test_deltas_of_different_calls_are_never_joined_and_every_event_begins_where_the_last_ended():
    run, rng, said, key = Run(), random.Random(7), {}, ("a", 0, "text")
    for number in range(5000):
        if rng.random() < 0.1:
            key = (rng.choice("abc"), rng.randrange(2), rng.choice(["text", "reasoning"]))
        said[key] = said.get(key, "") + f"{number} "
        run.delta(f"{number} ", *key)
    events = read(run.log)
    assert len(events) < 1500
    assert texts(events) == said
    assert [first_seq(event) for event in events] == [0, *(event.seq + 1 for event in events[:-1])]


def test_an_event_of_the_same_activation_stays_between_the_deltas():
    run = Run()
    for part in range(4):
        for _ in range(100):
            run.delta("x")
        run.publish("llm.restarted", part=part)
    for _ in range(SLOW):
        run.publish("log")
    events = [event for event in read(run.log) if event.type.startswith("llm.")]
    assert [event.data.get("text", event.type) for event in events] == ["x" * 100, "llm.restarted"] * 4


def test_events_that_are_not_deltas_are_never_lost_or_joined():
    run, rng, other = Run(), random.Random(3), []
    for number in range(20_000):
        if rng.random() < 0.3:
            other.append(run.log.end)
            run.publish("node.succeeded", f"n{number}")
        else:
            run.delta("x", node=rng.choice("ab"))
    assert [event.seq for event in read(run.log) if event.type != "llm.delta"] == other


@pytest.mark.parametrize("from_seq", [0, 1, 255, 256, 257, 700, 2999, 3000, 4000])
def test_a_reader_may_start_anywhere_also_in_the_middle_of_what_was_joined(from_seq):
    run = Run()
    for number in range(3000):
        run.delta(f"{number} ", node="ab"[number % 2])
    joined = texts(read(run.log, from_seq))
    for place, node in enumerate("ab"):
        expected = "".join(f"{n} " for n in range(3000) if n >= from_seq and n % 2 == place)
        assert joined.get((node, 0, "text"), "") == expected


def test_whoever_comes_back_after_the_last_event_it_read_misses_and_repeats_nothing():
    run, rng, text, position = Run(), random.Random(1), "", 0
    for _ in range(2000):
        for _ in range(rng.randrange(12)):
            run.delta(f"{run.log.end} ", node="a" if rng.random() < 0.9 else "b")
        cursor = run.log.open(position, lambda: None, join=True)
        for _ in range(rng.randrange(4)):
            if (event := cursor.next()) is not None:
                text += event.data["text"]
                position = event.seq + 1
        run.log.leave(cursor)
    text += "".join(event.data["text"] for event in read(run.log, position))
    assert text == "".join(f"{number} " for number in range(run.log.end))


def test_without_joining_every_event_comes_as_it_was_published():
    run = Run()
    for number in range(2000):
        run.delta(f"{number} ", node="ab"[number % 2])
    assert [event.seq for event in read(run.log, join=False)] == list(range(2000))


def test_what_a_body_calls_a_delta_and_is_none_is_handed_on_as_it_is():
    run = Run()
    odd = [
        {},
        {"text": 1, "kind": [], "index": {}},
        {"text": "x"},
        {"text": "x", "kind": "k", "index": 0, "y": 1},
    ]
    for data in odd:
        run.publish("llm.delta", **data)
    for _ in range(SLOW):
        run.publish("log")
    assert [event.data for event in read(run.log) if event.type == "llm.delta"] == odd


def test_a_reader_that_waits_is_woken_once_and_ends_with_the_log():
    run, woken = Run(), []
    cursor = run.log.open(0, lambda: woken.append(1), join=True)
    assert cursor.next() is None
    run.publish("log")
    run.publish("log")
    assert woken == [1]
    assert [cursor.next().seq, cursor.next().seq, cursor.next()] == [0, 1, None]
    assert not cursor.done
    run.log.close()
    assert woken == [1, 1]
    assert cursor.next() is None
    assert cursor.done


def test_what_was_read_is_kept_up_to_a_bound_and_what_was_not_is_kept_whole():
    run = Run(keep=1000)
    slow = run.log.open(0, lambda: None, join=True)
    for _ in range(20_000):
        run.publish("log")
    assert sum(1 for _ in iter(slow.next, None)) == 20_000
    for _ in range(20_000):
        run.publish("log")
        slow.next()
    kept = read(run.log, run.log._base)
    assert 1000 <= len(kept) < 3000
    with pytest.raises(WorkflowError, match=f"the events before {run.log._base} are no longer kept"):
        run.log.open(run.log._base - 1, lambda: None, join=True)


def test_a_reader_that_left_comes_back_to_what_it_had_not_read():
    run = Run(keep=0)
    cursor = run.log.open(0, lambda: None, join=True)
    for _ in range(5000):
        run.publish("log")
    for _ in range(100):
        cursor.next()
    assert run.log.leave(cursor)
    for _ in range(5000):
        run.publish("log")
    assert [event.seq for event in read(run.log, 100)] == list(range(100, 10_000))


def test_a_stalled_reader_costs_little_more_than_the_text():
    run = Run()
    run.log.open(0, lambda: None, join=True)
    tracemalloc.start()
    for _ in range(30_000):
        run.delta("12345678")
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert used < 30_000 * 60


def test_readers_on_threads_miss_nothing_while_events_come():
    run, rng = Run(keep=100), random.Random(5)
    read_by = [[] for _ in range(4)]

    def work(events, join):
        signal = threading.Semaphore(0)
        cursor = run.log.open(0, signal.release, join=join)
        opened.release()
        while not cursor.done:
            if (event := cursor.next()) is not None:
                events.append(event)
            elif not cursor.done:
                assert signal.acquire(timeout=10)
        run.log.leave(cursor)

    opened = threading.Semaphore(0)
    threads = [threading.Thread(target=work, args=(read_by[n], n % 2 == 0)) for n in range(4)]
    for thread in threads:
        thread.start()
        opened.acquire()
    for number in range(20_000):
        if rng.random() < 0.1:
            run.publish("log")
        else:
            run.delta(f"{number} ")
    run.log.close()
    for thread in threads:
        thread.join(10)
    for events in read_by:
        assert [first_seq(event) for event in events] == [0, *(event.seq + 1 for event in events[:-1])]
        assert events[-1].seq == 19_999
        assert texts(events) == texts(read_by[1])
    assert len(read_by[1]) == len(read_by[3]) == 20_000
