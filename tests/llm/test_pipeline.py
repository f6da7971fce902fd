"""Fallback, deadline and cancelling around the calls of several endpoints, in every way a caller has."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    AuthError,
    BadRequestError,
    ChatRequest,
    CircuitOpenError,
    DeadlineError,
    DecodeError,
    Delta,
    Host,
    ImagePart,
    InternalError,
    LlmClient,
    Message,
    ProviderError,
    RateLimitError,
    ResourceExhaustedError,
    StreamInterruptedError,
    TextPart,
    ToolSpec,
    TransportError,
    UnavailableError,
    ValidationError,
)
from graphbit_core.testing import ModelServer, Reply, ScriptedModel
from graphbit_core.testing.replies import chat_body, chat_events, error_body, sse
from tests.llm.conftest import HASTY, KEY, WAYS, ask
from tests.llm.endpoints import Whole, chain, models

ONE = (Message("user", "Hi"),)
ASKS_ANOTHER = [
    TransportError("refused"),
    CircuitOpenError("open"),
    StreamInterruptedError("cut"),
    UnavailableError("down", status=503),
    RateLimitError("slow down", status=429),
    AuthError("no", status=401),
    DecodeError("garbage"),
    ResourceExhaustedError("the queue is full"),
    DeadlineError("nothing came", phase="first_byte"),
    DeadlineError("no room in time", phase="queue"),
    BadRequestError("no such model", status=404),
    BadRequestError("too long", status=400, code="context_length_exceeded"),
    ProviderError("something else"),
]
ENDS = [
    BadRequestError("wrong", status=400),
    DeadlineError("over", phase="total"),
    ValidationError("no"),
    InternalError("ours"),
    ProviderError("for good", retryable=False),
    KeyError("a fault of the model"),
]


def told(error: BaseException) -> str:
    return f"{type(error).__name__} {getattr(error, 'phase', '')} {getattr(error, 'status', '')}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", ASKS_ANOTHER, ids=told)
def test_what_another_endpoint_may_mend_goes_to_it(way: str, error: Exception) -> None:
    client, made = chain({"a": [error], "b": ["from b"]})
    assert ask(client, way) == "from b"
    assert [len(model.requests) for model in made.values()] == [1, 1]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("error", ENDS, ids=told)
def test_what_no_endpoint_can_mend_is_raised_at_once(way: str, error: Exception) -> None:
    client, made = chain({"a": [error], "b": []})
    with pytest.raises(type(error)) as caught:
        ask(client, way)
    assert caught.value is error
    assert not made["b"].requests
    assert client.get_stats()["failed_requests"] == 1


@pytest.mark.parametrize("way", WAYS)
def test_every_failure_of_a_chain_is_told(way: str) -> None:
    first, second, last = UnavailableError("one"), RateLimitError("two"), TransportError("three")
    client, _ = chain({"a": [first], "b": [second], "c": [last]})
    with pytest.raises(TransportError) as caught:
        ask(client, way)
    assert caught.value is last
    assert last.__context__ is second
    assert second.__context__ is first
    assert last.__notes__ == ["before it, b:m: RateLimitError: two", "before it, a:m: UnavailableError: one"]


def test_the_same_error_twice_makes_no_circle() -> None:
    error = UnavailableError("down")
    client, _ = chain({"a": [error], "b": [error]})
    with pytest.raises(UnavailableError) as caught:
        client.complete("Hi")
    assert caught.value.__context__ is None


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_after_the_first_piece_there_is_no_fallback(way: str) -> None:
    client, made = chain({"a": [["Half ", UnavailableError("down")]], "b": ["whole"]})
    with pytest.raises(UnavailableError):
        ask(client, way)
    assert not made["b"].requests


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_texts_cannot_say_that_they_are_void_so_an_answer_that_begins_anew_ends_them(way: str) -> None:
    client, _ = chain({"a": [["Half", UnavailableError("down")]], "b": ["whole"]}, restart=True)
    given: list[str] = []

    async def read() -> None:
        async for text in client.stream("Hi"):
            given.append(text)

    with pytest.raises(StreamInterruptedError, match=r"deltas\(\)") as caught:
        if way == "stream":
            given.extend(client.stream("Hi"))
        else:
            asyncio.run(read())
    assert caught.value.partial == "Half"
    assert given == ["Half"]
    assert client.get_stats()["in_flight"] == 0


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_with_restart_a_delta_says_that_what_came_is_void(way: str) -> None:
    client, _ = chain({"a": [["Half", UnavailableError("down")]], "b": ["whole"]}, restart=True)
    seen: list[tuple[str, Any]] = []
    stream = client.stream("Hi", observe=lambda kind, facts: seen.append((kind, dict(facts))))
    if way == "stream":
        deltas = list(stream.deltas())
    else:

        async def read() -> list[Delta]:
            return [delta async for delta in stream.deltas()]

        deltas = asyncio.run(read())
    assert deltas == [Delta("text", "Half"), Delta("restart", ""), Delta("text", "whole")]
    assert stream.response.text == "whole"
    reason = "UnavailableError: down"
    assert seen == [
        ("llm.fallback", {"from": "a:m", "to": "b:m", "error": reason}),
        ("llm.restarted", {"attempt": 1, "reason": reason}),
        ("llm.answered", {"model": "b:m", "usd": None, "cached": False}),
    ]


def test_a_fallback_is_observed_with_its_reason() -> None:
    client, _ = chain({"a": [RateLimitError("slow down")], "b": ["ok"]})
    seen: list[Any] = []
    client.respond(ChatRequest(ONE), observe=lambda kind, facts: seen.append((kind, facts.get("to"))))
    assert seen == [("llm.fallback", "b:m"), ("llm.answered", None)]


def test_the_deadline_is_one_for_all_endpoints() -> None:
    def slow(_: ChatRequest) -> Any:
        time.sleep(0.15)
        return TransportError("gone")

    client, made = chain({"a": [slow], "b": [slow], "c": ["too late"]}, timeout=0.25)
    begun = time.monotonic()
    with pytest.raises((TransportError, DeadlineError)):
        client.complete("Hi")
    assert time.monotonic() - begun < 0.4
    assert not made["c"].requests


@pytest.mark.parametrize("way", WAYS)
def test_an_endpoint_that_cannot_do_it_is_not_asked(way: str) -> None:
    host, made = models(a=Whole(["wrong"]), b=["ok"])
    client = LlmClient("a:m", host=host, fallbacks=["b:m"])
    tool = ToolSpec("weather", "Tells it.", {"type": "object"})
    assert client.respond(ChatRequest(ONE, tools=(tool,))).text == "ok"
    assert not made["a"].requests
    assert client.capabilities == ScriptedModel.capabilities


def test_what_no_endpoint_can_do_is_refused_before_anything_is_sent() -> None:
    client, _ = chain({"a": [], "b": []})
    picture = Message("user", (TextPart("What is it?"), ImagePart(url="https://example.org/x.png")))
    with pytest.raises(ValidationError, match="'a' cannot do 'images'"):
        client.respond(ChatRequest((picture,)))
    assert client.get_stats()["total_requests"] == 0


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_a_fallback_that_cannot_stream_gives_its_answer_in_one_piece(way: str) -> None:
    host, _ = models(a=[UnavailableError("down")], b=Whole(["a whole answer"]))
    client = LlmClient("a:m", host=host, fallbacks=["b:m"])
    assert ask(client, way) == "a whole answer"


def test_leaving_a_stream_early_counts_as_neither_answer_nor_failure() -> None:
    client, _ = chain({"a": ["one two three"], "b": []})
    with client.stream("Hi") as stream:
        assert next(iter(stream)) == "one"
    stats = client.get_stats()
    assert (stats["total_requests"], client.endpoints[0].meter.in_flight) == (0, 0)


def test_cancelling_a_call_asks_no_other_endpoint(server: ModelServer) -> None:
    url = server.script(Reply(b"", ending="hang"))
    host, made = models(b=["never"])
    host.add("provider", "openai", OpenAIProvider)
    client = LlmClient("openai:m", host=host, base_url=url, api_key=KEY, fallbacks=["b:m"])

    async def main() -> None:
        task = asyncio.create_task(client.complete_async("Hi"))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests(url)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert not made["b"].requests
    assert [endpoint.meter.in_flight for endpoint in client.endpoints] == [0, 0]


def over_http(server: ModelServer, *urls: str, **options: Any) -> LlmClient:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    others = [{"model": "openai:b", "base_url": url, "api_key": KEY, "policy": HASTY} for url in urls[1:]]
    return LlmClient(
        "openai:a", host=host, base_url=urls[0], api_key=KEY, policy=HASTY, fallbacks=others, **options
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "reply",
    [
        Reply.json(error_body("down"), 503),
        Reply.json(error_body("slow down"), 429, {"retry-after": "300"}),
        Reply.json(error_body("who are you?"), 401),
        Reply.json(error_body("no such model"), 404),
        Reply.json({}),
        Reply(b"", ending="reset"),
        Reply(b"", ending="hang"),
    ],
    ids=["503", "429", "401", "404", "garbage", "reset", "silence"],
)
def test_a_server_that_fails_is_left_for_another(server: ModelServer, way: str, reply: Reply) -> None:
    def answer(request: Any) -> Reply:
        streams = request.json().get("stream")
        return Reply.stream(sse(chat_events("from b"))) if streams else Reply.json(chat_body("from b"))

    client = over_http(server, server.script(reply), server.script(answer))
    assert ask(client, way) == "from b"
    assert KEY not in str(client.get_stats())


@pytest.mark.parametrize("way", WAYS)
def test_what_an_api_cannot_express_is_asked_of_another(server: ModelServer, way: str) -> None:
    class Picky(OpenAIProvider):
        def chat(self, model: str) -> Any:
            codec = super().chat(model)
            codec.encode = refuse  # type: ignore[method-assign]
            return codec

    def refuse(request: ChatRequest, *, stream: bool) -> Any:
        raise ValidationError("this API has no such thing", field="messages")

    host, _ = models(b=["ok"])
    host.add("provider", "picky", Picky)
    settings: dict[str, Any] = {"base_url": server.url, "api_key": KEY, "host": host}
    client = LlmClient("picky:a", fallbacks=["b:m"], **settings)
    assert ask(client, way) == "ok"
    with pytest.raises(ValidationError, match="no such thing"):
        ask(LlmClient("picky:a", **settings), way)
    assert not server.requests()
    assert client.get_stats()["endpoints"]["picky:a"]["failed_requests"] == 0


@pytest.mark.parametrize("fallbacks", ["b:m", {"model": "b:m"}])
def test_fallbacks_are_a_list(fallbacks: Any) -> None:
    host, _ = models(a=[], b=[])
    with pytest.raises(ValidationError, match="list"):
        LlmClient("a:m", host=host, fallbacks=fallbacks)


@pytest.mark.parametrize("way", ["stream", "async stream"])
def test_with_restart_a_stream_that_breaks_begins_anew_at_its_own_server(
    server: ModelServer, way: str
) -> None:
    whole = Reply.stream(sse(chat_events("Hello there, you")))
    url = server.script(replace(whole, stop=len(whole.head) + len(whole.body) // 2, ending="reset"), whole)
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    client = LlmClient(
        "openai:a", host=host, base_url=url, api_key=KEY, restart=True, policy={"backoff_base": 0.001}
    )
    seen: list[Any] = []
    stream = client.stream("Hi", observe=lambda kind, facts: seen.append((kind, facts.get("attempt"))))
    if way == "stream":
        deltas = list(stream.deltas())
    else:

        async def read() -> list[Delta]:
            return [delta async for delta in stream.deltas()]

        deltas = asyncio.run(read())
    restart = deltas.index(Delta("restart", ""))
    assert restart > 0
    assert "".join(delta.text for delta in deltas[restart:]) == "Hello there, you"
    assert ("llm.restarted", 2) in seen
    assert client.get_stats()["successful_requests"] == 1


def test_a_call_that_waits_for_its_rate_says_so(server: ModelServer) -> None:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    settings: dict[str, Any] = {"host": host, "base_url": server.url, "api_key": "sk-limited-12345"}
    client = LlmClient("openai:limited", limits={"max_concurrency": 1}, **settings)
    seen: list[tuple[str, Any]] = []

    async def main() -> None:
        observe = lambda kind, facts: seen.append((kind, facts.get("reason")))  # noqa: E731
        await asyncio.gather(*(client.respond_async(ChatRequest(ONE), observe=observe) for _ in range(8)))

    asyncio.run(main())
    assert ("resource.limited", "permits") in seen
