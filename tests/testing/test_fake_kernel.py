"""Codecs over the real kernel, without a network and without waiting."""

from __future__ import annotations

import asyncio
import threading
import time
from functools import partial
from typing import Any

import pytest

from graphbit_core import (
    AuthError,
    CircuitOpenError,
    DeadlineError,
    EmbeddingClient,
    Executor,
    GraphBitError,
    LlmClient,
    Node,
    RateLimitError,
    StreamInterruptedError,
    TransportError,
    UnavailableError,
    ValidationError,
    Workflow,
)
from graphbit_core.kernel import calls
from graphbit_core.testing import FakeClock, FakeKernel, ModelServer, Reply, Sent
from graphbit_core.testing.replies import chat_body, chat_events, embeddings_body, error_body, sse

HELLO = Reply.json(chat_body("Hello"))
STREAM = Reply.stream(sse(chat_events(["Hel", "lo"])))
SLOW_DOWN = Reply.json(error_body(), 429, {"retry-after": "60"})
SILENCE = Reply.raw(b"", "hang")


def client(**options: Any) -> LlmClient:
    return LlmClient("openai:scripted-1", base_url="https://models.test/v1", api_key="any", **options)


def failure(*steps: Any, kernel: FakeKernel | None = None, stream: bool = False) -> GraphBitError:
    """What a call raises whose requests all meet ``steps``."""
    with kernel or FakeKernel(*steps, repeat_last=True), pytest.raises(GraphBitError) as raised:
        list(client().stream("Hi")) if stream else client().complete("Hi")
    return raised.value


# --- replies and requests ---


def test_a_codec_gets_the_scripted_reply_and_its_request_is_kept():
    with FakeKernel(HELLO) as kernel:
        assert client().complete("Hi") == "Hello"
    [sent] = kernel.requests
    assert (sent.method, sent.url) == ("POST", "https://models.test/v1/chat/completions")
    assert sent.headers["authorization"] == "Bearer any"
    assert sent.json()["messages"] == [{"role": "user", "content": "Hi"}]
    assert "Bearer" not in repr(sent)


def test_an_embedder_is_served_as_well():
    with FakeKernel(Reply.json(embeddings_body([[0.0, 1.0]]))) as kernel:
        embedder = EmbeddingClient("openai:scripted-1", base_url="https://models.test/v1", api_key="any")
        assert [list(vector) for vector in embedder.embed(["a"])] == [[0.0, 1.0]]
    assert kernel.requests[0].json()["input"] == ["a"]


def test_a_callable_sees_the_request_before_it_answers():
    def echo(sent: Sent) -> Reply:
        return Reply.json(chat_body(sent.json()["messages"][-1]["content"].upper()))

    with FakeKernel(echo, repeat_last=True):
        assert [client().complete(text) for text in ("one", "two")] == ["ONE", "TWO"]


def test_a_request_too_many_fails_its_call_without_another_attempt():
    with FakeKernel(HELLO) as kernel:
        client().complete("Hi")
        with pytest.raises(ValidationError, match="no step for request 2, POST /"):
            client().complete("Hi")
    assert len(kernel.requests) == 2


def test_what_a_callable_raises_is_raised_to_a_blocking_caller():
    def wrong(sent: Sent) -> Reply:
        raise AssertionError("the request is wrong")

    with FakeKernel(wrong), pytest.raises(AssertionError, match="the request is wrong"):
        client().complete("Hi")


@pytest.mark.parametrize("reply", [STREAM, STREAM.in_pieces(1), STREAM.in_pieces(7, 0.5)])
def test_a_stream_is_framed_by_the_kernel_however_it_is_cut(reply: Reply):
    with FakeKernel(reply):
        assert "".join(client().stream("Hi")) == "Hello"


def test_the_kernel_gives_what_a_server_gives():
    replies = [
        HELLO,
        HELLO.in_pieces(1),
        HELLO.cut_body(20),
        HELLO.cut(30),
        Reply.text("no JSON"),
        Reply.raw(b"not HTTP\r\n\r\n"),
        Reply.json(error_body("no", code="bad"), 400),
        Reply.json(error_body(), 401),
        Reply.stream(b"x", chunked=False),
    ]

    def outcome(model: LlmClient) -> Any:
        try:
            return model.complete("Hi")
        except GraphBitError as error:
            told = ("status", "phase", "retryable", "attempts")
            by_whom = "client error (SendRequest): "  # the pool of connections, which is not there
            text = str(error).replace(by_whom, "")
            return type(error), text, [getattr(error, name, None) for name in told]

    def all_of(base_urls: list[str]) -> list[Any]:
        once = {"max_attempts": 1}
        of = partial(LlmClient, "openai:scripted-1", api_key="any", policy=once)
        return [outcome(of(base_url=url)) for url in base_urls]

    with ModelServer() as server:
        expected = all_of([server.script(reply) for reply in replies])
    with FakeKernel(*replies):
        assert all_of([f"https://models{number}.test" for number in range(len(replies))]) == expected
    assert len({str(one) for one in expected}) > 4


# --- failures and time ---


def test_a_retry_after_passes_at_once():
    began = time.monotonic()
    with FakeKernel(SLOW_DOWN, HELLO) as kernel:
        assert client().complete("Hi") == "Hello"
        assert kernel.now >= 60
    assert [round(sent.at) for sent in kernel.requests] == [0, 60]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("step", "kind", "seconds"),
    [
        ("refused", TransportError, 0),
        ("unreachable", DeadlineError, 30),
        (SILENCE, DeadlineError, 180),
        (HELLO.cut_body(10), TransportError, 0),
        (HELLO.cut_body(10, "reset"), TransportError, 0),
        (Reply.json(error_body(), 503), UnavailableError, 0),
        (SLOW_DOWN, RateLimitError, 120),
    ],
)
def test_a_failure_is_tried_again_as_often_and_as_long_as_the_kernel_has_it(
    step: Any, kind: type[GraphBitError], seconds: float
):
    kernel = FakeKernel(step, repeat_last=True)
    assert isinstance(failure(kernel=kernel), kind)
    assert len(kernel.requests) == 3
    assert seconds <= kernel.now < seconds + 10


def test_what_no_attempt_can_mend_is_not_tried_again():
    kernel = FakeKernel(Reply.json(error_body(), 401), repeat_last=True)
    assert isinstance(failure(kernel=kernel), AuthError)
    assert len(kernel.requests) == 1


@pytest.mark.parametrize("ending", ["close", "reset"])
def test_a_stream_that_breaks_is_interrupted_and_keeps_what_came(ending: Any):
    cut = STREAM.cut_body(STREAM.body.index(b'"lo"'), ending)
    error = failure(cut, stream=True)
    assert isinstance(error, StreamInterruptedError)
    assert error.partial == "Hel"


def test_a_stream_that_falls_silent_runs_into_the_idle_time_out():
    kernel = FakeKernel(STREAM.cut_body(STREAM.body.index(b'"lo"'), "hang"))
    error = failure(kernel=kernel, stream=True)
    assert isinstance(error, DeadlineError)
    assert kernel.now == 60


def opened_breaker() -> CircuitOpenError:
    """Asks until the breaker refuses."""
    for _ in range(50):
        with pytest.raises(GraphBitError) as raised:
            client().complete("Hi")
        if isinstance(raised.value, CircuitOpenError):
            return raised.value
    raise AssertionError("the breaker stays closed")


def test_a_breaker_opens_and_lets_a_probe_through_when_its_time_has_come():
    healthy = []
    with FakeKernel(lambda sent: HELLO if healthy else Reply.json({}, 503), repeat_last=True) as kernel:
        wait = opened_breaker().retry_after
        healthy.append(True)
        with pytest.raises(CircuitOpenError):
            client().complete("Hi")
        kernel.advance(wait or 0)
        assert client().complete("Hi") == "Hello"


def test_the_next_kernel_knows_nothing_of_the_breakers_of_the_last():
    with FakeKernel(Reply.json({}, 503), repeat_last=True):
        opened_breaker()
    with FakeKernel(HELLO):
        assert client().complete("Hi") == "Hello"


def test_one_seed_gives_one_course():
    def course(seed: int) -> float:
        kernel = FakeKernel("refused", repeat_last=True, seed=seed)
        failure(kernel=kernel)
        return kernel.now

    assert course(1) == course(1) != course(2)


# --- on event loops ---


def test_calls_side_by_side_on_a_loop_are_all_served():
    async def ask() -> list[str]:
        model = client()
        return await asyncio.gather(*(model.complete_async("Hi") for _ in range(8)))

    with FakeKernel("refused", SLOW_DOWN, SILENCE, HELLO, repeat_last=True) as kernel:
        assert asyncio.run(ask()) == ["Hello"] * 8
    assert len(kernel.requests) == 11


def test_a_reader_that_takes_its_time_does_not_make_the_others_time_out():
    async def read_slowly(model: LlmClient) -> str:
        text = ""
        async for piece in model.stream("Hi"):
            text += piece
            await asyncio.sleep(0.01)
        return text

    async def both() -> tuple[str, str]:
        return await asyncio.gather(read_slowly(client()), client().complete_async("Hi"))

    with FakeKernel(STREAM, SLOW_DOWN, HELLO):
        assert asyncio.run(both()) == ["Hello", "Hello"]


def test_calls_on_threads_are_all_served():
    got: list[str] = []
    with FakeKernel(SLOW_DOWN, HELLO, repeat_last=True):
        threads = [threading.Thread(target=lambda: got.append(client().complete("Hi"))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert got == ["Hello"] * 4


# --- together with a clock ---


def ask_model(**options: Any) -> Workflow:
    async def ask() -> str:
        return await client().complete_async("Hi")

    return Workflow("w").chain(Node("transform", "ask", function=ask, **options))


def test_with_a_clock_the_waits_of_a_call_take_the_time_of_the_workflow():
    clock = FakeClock()
    with FakeKernel(SLOW_DOWN, HELLO, clock=clock) as kernel:
        result = clock.run(Executor().run_async(ask_model()))
    assert result.output == "Hello"
    assert result.seconds == pytest.approx(60, abs=0.1)
    assert clock.now == pytest.approx(kernel.now, abs=0.1)


def test_with_a_clock_the_time_out_of_a_node_ends_its_model_call():
    clock = FakeClock()
    with FakeKernel(SILENCE, repeat_last=True, clock=clock) as kernel:
        result = clock.run(Executor().run_async(ask_model(timeout=45)))
        assert kernel.requests
    assert isinstance(result.errors[0].__cause__, DeadlineError)
    assert clock.now == 45


def test_with_a_clock_a_call_on_a_worker_thread_takes_its_time_as_well():
    def result(**options: Any) -> tuple[str, float]:
        clock = FakeClock()
        ask = Node("transform", "ask", function=lambda: client().complete("Hi"), **options)
        with FakeKernel(SLOW_DOWN, HELLO, clock=clock):
            run = clock.run(Executor().run_async(Workflow("w").chain(ask)))
        return run.state, round(clock.now)

    assert result() == ("succeeded", 60)
    assert result(timeout=45) == ("failed", 45)


def test_with_a_clock_other_nodes_go_on_while_a_call_waits():
    clock = FakeClock()
    workflow = ask_model()
    workflow.add_node(Node("delay", "d", seconds=20))
    with FakeKernel(SLOW_DOWN, HELLO, clock=clock):
        result = clock.run(Executor().run_async(workflow))
    assert [report.seconds for report in result.nodes] == pytest.approx([60, 20], abs=0.1)


def test_with_a_clock_time_passes_for_the_kernel_between_calls_too():
    clock = FakeClock()

    async def ask() -> str:
        await asyncio.sleep(3600)
        return await client().complete_async("Hi")

    with FakeKernel(HELLO, clock=clock) as kernel:
        assert clock.run(ask()) == "Hello"
    assert kernel.requests[0].at == pytest.approx(3600, abs=0.1)


# --- before and after ---


def test_limits_set_before_hold_within_and_those_set_within_hold_afterwards():
    before = client(limits={"max_concurrency": 1})
    with FakeKernel(HELLO):
        before.complete("Hi")
        within = client(limits={"max_concurrency": 3})
        assert within.get_stats()["endpoints"]["openai:scripted-1"]["limiter"]["concurrency"] == 3
    assert within.get_stats()["endpoints"]["openai:scripted-1"]["limiter"]["concurrency"] == 3
    assert calls.engine().in_flight() == 0


def test_after_it_calls_go_out_again():
    with FakeKernel():
        pass
    with ModelServer() as server:
        model = LlmClient("openai:scripted-1", base_url=server.url, api_key="any")
        assert model.complete("Hi") == "Hello"
        with FakeKernel(Reply.json(chat_body("Fake"))):
            assert model.complete("Hi") == "Fake"
        assert model.complete("Hi") == "Hello"
        assert len(server.requests()) == 2
