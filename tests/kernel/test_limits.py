"""Limiters, protections and notices through the native module; the rules are tested beside the kernel."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from graphbit_core._native import Engine, Mailbox, retry_after
from graphbit_core.errors import CircuitOpenError, ResourceExhaustedError, ValidationError
from graphbit_core.kernel.calls import BlockingCall, CallSpec, engine
from graphbit_core.types.http import HttpRequest

GONE = "http://127.0.0.1:1/"


class Caller:
    """Calls of one resource and one limiter, named after the test."""

    def __init__(self, name: str) -> None:
        self.engine, self.mailbox = Engine(), Mailbox()
        self.resource, self.limiter = f"account {name}", f"model {name}"

    def start(self, url: str, **policy: float) -> int:
        given = {"max_attempts": 1, **policy}
        headers: list[tuple[str, str]] = []
        args = (self.mailbox, self.resource, "POST", url, headers, b"", None, True, 1, None, given)
        return self.engine.start(*args, limiter=self.limiter, notices=True)

    def until(self, kind: str) -> list[tuple[str, Any]]:
        """The events up to the first of this kind."""
        seen: list[tuple[str, Any]] = []
        begun = time.monotonic()
        while not any(found == kind for found, _ in seen):
            assert time.monotonic() - begun < 10, seen
            self.mailbox.wait(0.1)
            seen += [(found, payload) for _, found, payload in self.mailbox.drain()]
        return seen


@pytest.fixture
def caller(request: pytest.FixtureRequest) -> Iterator[Caller]:
    caller = Caller(request.node.name)
    yield caller
    caller.mailbox.close()


def test_a_pause_is_the_limiters_and_the_next_call_hears_of_it(caller, server):
    call = caller.start(f"{server.url}/status/429")
    caller.until("reply")
    caller.engine.fail(call, "rate_limited", 0.8)
    stats = caller.engine.limiter_stats(caller.limiter)
    assert 0 < stats.pop("paused") <= 0.8
    assert stats == {"in_flight": 0, "queued": 0, "concurrency": 256, "shed": 0}
    assert caller.engine.limiter_stats(caller.resource)["paused"] == 0
    call = caller.start(f"{server.url}/echo")
    [(notice, (kind, facts)), (reply, _)] = caller.until("reply")
    assert (notice, kind, reply) == ("notice", "resource.limited", "reply")
    assert facts["resource"] == caller.limiter and facts["reason"] == "paused"
    assert 0.1 < facts["seconds"] < 5
    assert caller.engine.ok(call, 1) is None


def test_a_breaker_trips_as_it_is_told_and_says_so(caller, server):
    caller.engine.protect(
        caller.resource, {"breaker_consecutive": 1, "breaker_open": 0.7, "breaker_probes": 1}
    )
    caller.start(GONE)
    [(_, (kind, facts)), _] = caller.until("failed")
    assert (kind, facts["state"], facts["resource"]) == ("resource.breaker", "open", caller.resource)
    assert facts["retry_after"] > 0
    caller.start(GONE)
    [(_, (kind, facts)), (_, error)] = caller.until("failed")
    assert (kind, facts["state"]) == ("resource.breaker", "open")
    assert isinstance(error, CircuitOpenError)
    time.sleep(facts["retry_after"])
    call = caller.start(f"{server.url}/echo")
    [(_, (_, facts)), _] = caller.until("reply")
    assert (facts["state"], facts["retry_after"]) == ("half_open", None)
    assert caller.engine.ok(call, 1) == "closed"


def test_a_call_in_a_queue_that_stands_is_turned_away_with_a_typed_error(caller, server):
    limits = {"max_concurrency": 1, "queue_target": 0.05, "queue_interval": 0.1}
    caller.engine.limit(caller.limiter, limits)
    holder = caller.start(f"{server.url}/hang")
    assert server.waiting.acquire(timeout=5)
    caller.start(f"{server.url}/echo")
    [(_, (kind, facts)), (_, error)] = caller.until("failed")
    assert (kind, facts["resource"], facts["queued"]) == ("resource.shed", caller.limiter, 0)
    assert facts["seconds"] >= 0.1
    assert isinstance(error, ResourceExhaustedError)
    assert (error.resource, error.limit, error.attempts) == ("queue_delay", 0.1, 0)
    assert caller.engine.limiter_stats(caller.limiter)["shed"] == 1
    caller.engine.cancel(holder)


def test_an_adaptive_limiter_shows_how_much_it_admits(caller, server):
    caller.engine.limit(caller.limiter, {"max_concurrency": 8, "adaptive": 1})
    call = caller.start(f"{server.url}/status/503")
    caller.until("reply")
    caller.engine.fail(call, "unavailable")
    assert caller.engine.limiter_stats(caller.limiter)["concurrency"] == 4


@pytest.mark.parametrize(
    ("table", "setting", "hint"),
    [
        ("protect", "breaker_consecutiv", "breaker_consecutive"),
        ("limit", "queue_targets", "queue_target"),
        ("policy", "max_stram", "max_stream"),
    ],
)
def test_a_setting_that_does_not_exist_names_the_nearest(caller, table, setting, hint):
    with pytest.raises(ValidationError, match=f'did you mean "{hint}"'):
        if table == "policy":
            caller.start(GONE, **{setting: 1})
        else:
            getattr(caller.engine, table)(caller.resource, {setting: 1})


def test_a_call_spec_names_its_limiter(caller, server):
    for limiter, counted in (("", caller.resource), (caller.limiter, caller.limiter)):
        spec = CallSpec(caller.resource, HttpRequest("POST", f"{server.url}/hang"), limiter=limiter)
        with closing(BlockingCall(spec)):
            assert server.waiting.acquire(timeout=5)
            assert engine().limiter_stats(counted)["in_flight"] == 1
            assert engine().stats(caller.resource)["in_flight"] == 1


def test_a_call_spec_asks_for_notices(caller):
    caller.engine.protect(caller.resource, {"breaker_consecutive": 1})
    spec = CallSpec(caller.resource, HttpRequest("POST", GONE), policy={"max_attempts": 1}, notices=True)
    for expected in ("open", "open"):
        kinds: list[str] = []
        with closing(BlockingCall(spec)) as call:
            while "failed" not in kinds:
                events = call.receive()
                kinds += [kind for kind, _ in events]
                assert all(p[1]["state"] == expected for kind, p in events if kind == "notice")
        assert kinds == ["notice", "failed"]


def test_waits_are_read_from_headers_by_their_shape():
    window = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "1m30s")]
    assert retry_after(window, 0.0) == 90.0
    assert retry_after([("Retry-After", "2")], 0.0) == 2.0
    assert retry_after([("retry-after", "soon")], 0.0) is None
    with pytest.raises(ValidationError, match="now"):
        retry_after([], float("nan"))
