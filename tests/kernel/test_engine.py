"""The HTTP engine through the native module. The rules themselves are tested beside the kernel."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from graphbit_core._native import Engine, Mailbox
from graphbit_core.errors import (
    CircuitOpenError,
    DeadlineError,
    DecodeError,
    GraphBitError,
    ResourceExhaustedError,
    StreamInterruptedError,
    TransportError,
    ValidationError,
)

FAST = {"backoff_base": 0.002}
GONE = "http://127.0.0.1:1/"


class Caller:
    """An engine and a mailbox; every test calls a resource of its own, so that breakers are not shared."""

    def __init__(self, resource: str) -> None:
        self.engine, self.mailbox, self.resource = Engine(), Mailbox(), resource

    def start(self, url: str, body: bytes = b"", **changes: Any) -> int:
        given: dict[str, Any] = {
            "method": "POST",
            "headers": [("content-type", "text/plain")],
            "framing": None,
            "idempotent": True,
            "tokens": 1,
            "deadline": None,
            "policy": FAST,
            **changes,
        }
        return self.engine.start(self.mailbox, self.resource, url=url, body=body, **given)

    def events(self) -> list[tuple[int, str, Any]]:
        begun = time.monotonic()
        while not self.mailbox.wait(0.1):
            assert time.monotonic() - begun < 10, "nothing arrives"
        return self.mailbox.drain()

    def until(self, *kinds: str) -> list[tuple[int, str, Any]]:
        """Everything up to the first event of one of these kinds."""
        seen: list[tuple[int, str, Any]] = []
        while not any(kind in kinds for _, kind, _ in seen):
            seen += self.events()
        return seen

    def failure(self) -> Any:
        return self.until("failed")[-1][2]


@pytest.fixture
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    caller = Caller(request.node.name)
    yield caller
    caller.mailbox.close()
    assert caller.engine.in_flight() == 0
    stats = caller.engine.stats(caller.resource)
    assert (stats["in_flight"], stats["queued"]) == (0, 0)


def test_a_blocking_caller_gets_a_reply_and_answers_it(caller, server):
    call = caller.start(f"{server.url}/echo", b"hello")
    [(found, kind, (attempt, status, headers, body))] = caller.events()
    assert (found, kind, attempt, status, body) == (call, "reply", 1, 200, b"hello")
    assert ("content-length", "5") in headers
    assert caller.engine.in_flight() == 1
    caller.engine.ok(call, 3)
    assert caller.engine.stats(caller.resource) == {
        "breaker": "closed",
        "retry_after": 0.0,
        "calls": 1,
        "failures": 0,
        "retries": 0,
        "in_flight": 0,
        "queued": 0,
    }


def test_a_mailbox_wakes_an_event_loop_for_many_calls_at_once(caller, server):
    async def run() -> dict[int, bytes]:
        loop, done, bodies = asyncio.get_running_loop(), asyncio.Event(), {}

        def drain() -> None:
            for call, kind, payload in caller.mailbox.drain():
                assert kind == "reply", payload
                bodies[call] = payload[3]
                caller.engine.ok(call, 1)
            if len(bodies) == 200:
                done.set()

        loop.add_reader(caller.mailbox.fileno(), drain)
        expected.update({caller.start(f"{server.url}/echo", b"%d" % n): b"%d" % n for n in range(200)})
        await asyncio.wait_for(done.wait(), 20)
        loop.remove_reader(caller.mailbox.fileno())
        return bodies

    expected: dict[int, bytes] = {}
    assert asyncio.run(run()) == expected


def test_frames_are_pairs_of_text_in_order(caller, server):
    text = "event: delta\ndata: Größe 🦀\n\n" + "".join(f"data: {n}\n\n" for n in range(1000))
    call = caller.start(f"{server.url}/stream/7", text.encode(), framing="sse")
    events = caller.until("end", "failed")
    assert [kind for _, kind, _ in events if kind != "frames"] == ["open", "end"]
    assert events[0][2][:2] == (1, 200)
    assert events[-1][2] == (1,)
    frames = [frame for _, kind, payload in events if kind == "frames" for frame in payload]
    assert frames == [("delta", "Größe 🦀"), *(("", str(n)) for n in range(1000))]
    caller.engine.ok(call, 1)


def test_a_retry_verdict_is_answered_at_once(caller, server):
    call = caller.start(f"{server.url}/status/500")
    for attempt in (1, 2, 3):
        assert caller.until("reply")[-1][2][:2] == (attempt, 500)
        expected = (attempt, None, None) if attempt < 3 else (3, "attempts", None)
        assert caller.engine.retry(call, "unavailable", None) == expected
    with pytest.raises(ValidationError, match="no verdict is due"):
        caller.engine.ok(call, 1)


def test_a_rejected_request_says_nothing_about_the_breaker(caller, server):
    call = caller.start(f"{server.url}/status/404")
    caller.until("reply")
    assert caller.engine.fail(call, "rejected") is None
    assert caller.engine.stats(caller.resource)["failures"] == 0


def test_every_failure_is_typed_and_carries_its_facts(caller, server):
    def failed(url: str, body: bytes = b"", **changes: Any) -> tuple[type, dict[str, Any]]:
        caller.start(url, body, **changes)
        error = caller.failure()
        assert isinstance(error, GraphBitError)
        return type(error), error.facts()

    assert failed(GONE) == (TransportError, {"phase": "connect", "attempts": 3})
    assert failed(f"{server.url}/hang", policy={"first_byte_timeout": 0.05, "max_attempts": 1}) == (
        DeadlineError,
        {"phase": "first_byte", "timeout": 0.05, "attempts": 1},
    )
    caller.resource += "-streams"
    cut = failed(f"{server.url}/cut", b"data: one\n\n", framing="sse")
    assert cut == (StreamInterruptedError, {"phase": "read", "attempts": 1})
    garbage = failed(f"{server.url}/stream/9", b"data: \xff\n\n", framing="sse", policy={"max_attempts": 1})
    assert garbage == (DecodeError, {"status": 200, "attempts": 1})
    large = failed(f"{server.url}/echo", b"x" * 101, policy={"max_body": 100})
    assert large == (ResourceExhaustedError, {"resource": "body", "limit": 100.0, "attempts": 1})


def test_an_open_breaker_says_when_to_come_back(caller):
    for _ in range(2):
        caller.start(GONE)
        caller.failure()
    caller.start(GONE)
    error = caller.failure()
    assert isinstance(error, CircuitOpenError)
    assert error.attempts == 0
    assert error.retry_after is not None and 3.5 < error.retry_after <= 6
    assert caller.engine.stats(caller.resource)["breaker"] == "open"


def test_a_deadline_is_a_point_on_the_monotonic_clock(caller, server):
    begun = time.monotonic()
    caller.start(f"{server.url}/hang", deadline=begun + 0.2)
    error = caller.failure()
    assert isinstance(error, DeadlineError) and error.phase == "total"
    assert 0.2 <= time.monotonic() - begun < 1


def test_limits_are_kept(caller, server):
    caller.engine.limit(caller.resource, {"max_concurrency": 2, "queue": 1})
    calls = [caller.start(f"{server.url}/hang") for _ in range(3)]
    assert server.waiting.acquire(timeout=5) and server.waiting.acquire(timeout=5)
    # The third call queues on a thread of the kernel, which may be later than the first two's requests.
    until = time.monotonic() + 5
    while caller.engine.stats(caller.resource)["queued"] < 1 and time.monotonic() < until:
        time.sleep(0.001)
    stats = caller.engine.stats(caller.resource)
    assert (stats["in_flight"], stats["queued"]) == (2, 1)
    caller.start(f"{server.url}/hang")
    assert caller.failure().resource == "queue"
    for call in calls:
        caller.engine.cancel(call)


def test_cancelling_closes_the_socket_and_no_event_follows(caller, server):
    call = caller.start(f"{server.url}/hang")
    assert server.waiting.acquire(timeout=5)
    cancelled = time.monotonic()
    caller.engine.cancel(call)
    assert server.left.acquire(timeout=5)
    assert server.closed_at[0] - cancelled < 0.2
    assert not caller.mailbox.wait(0.05)
    caller.engine.cancel(call)


def test_a_mailbox_that_is_dropped_cancels_its_calls(caller, server):
    caller.start(f"{server.url}/hang")
    assert server.waiting.acquire(timeout=5)
    caller.mailbox = Mailbox()
    gc.collect()
    assert server.left.acquire(timeout=5)
    assert caller.engine.in_flight() == 0


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("url", {"url": "ftp://host/"}),
        ("url", {"url": "no url"}),
        ("method", {"method": "NO METHOD"}),
        ("headers", {"headers": [("a\nb", "c")]}),
        ("headers", {"headers": [("a", "b\nc")]}),
        ("framing", {"framing": "xml"}),
        ("tokens", {"tokens": -1}),
        ("deadline", {"deadline": float("nan")}),
        ("policy", {"policy": {"unknown": 1}}),
        ("policy.max_attempts", {"policy": {"max_attempts": 0}}),
        ("policy.idle_timeout", {"policy": {"idle_timeout": float("inf")}}),
    ],
)
def test_a_wrong_argument_is_named(caller, field, changes):
    with pytest.raises(ValidationError) as caught:
        caller.start(**{"url": GONE, **changes})
    assert caught.value.field == field


def test_a_wrong_verdict_or_limit_is_named(caller, server):
    call = caller.start(f"{server.url}/echo")
    caller.until("reply")
    with pytest.raises(ValidationError, match="kind: must be rate_limited"):
        caller.engine.fail(call, "sad")
    caller.engine.ok(call, 1)
    for limits in ({"requests_per_minute": 0}, {"max_concurrency": 0.5}, {"speed": 1}):
        with pytest.raises(ValidationError, match=next(iter(limits))):
            caller.engine.limit(caller.resource, limits)


def test_a_root_certificate_has_to_be_one(caller):
    with pytest.raises(ValidationError, match="holds no certificate"):
        caller.engine.add_root_certificate(b"nothing")
    with pytest.raises(ValidationError, match="not usable as a CA"):
        caller.engine.add_root_certificate(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


def test_a_signal_ends_a_blocking_wait(caller):
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        while time.monotonic() - begun < 5:
            caller.mailbox.wait(0.1)
    assert time.monotonic() - begun < 1
    timer.join()


def test_a_wait_lets_other_threads_run(caller):
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1

    thread = threading.Thread(target=count)
    thread.start()
    assert not caller.mailbox.wait(0.1)
    done.set()
    thread.join()
    assert counted > 1000
