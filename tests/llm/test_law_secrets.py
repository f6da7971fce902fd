"""S8: no credential is in an error, log, event, figure, repr, pickle or file, in any encoding."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import logging
import pickle
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from graphbit_core import (
    Budget,
    ChatRequest,
    EmbeddingClient,
    Executor,
    GraphBitError,
    LlmClient,
    Message,
    Node,
    ResponseCache,
    Workflow,
    default_host,
    default_registry,
)
from graphbit_core.testing import ModelServer, Reply, cassette
from graphbit_core.testing.model_server import Received
from graphbit_core.testing.replies import chat_body

CANARY = "canary/7f3a+9c21-d84e.0b5f=6a"


def _within_base64(encode: Callable[[bytes], bytes]) -> Iterator[str]:
    """What the canary is in base64 after 0, 1 or 2 other bytes, without the characters that it shares."""
    for before in range(3):
        yield encode(b"x" * before + CANARY.encode()).decode()[3:36]


FORMS = {
    CANARY,
    quote(CANARY, safe=""),
    quote_plus(CANARY),
    quote(CANARY),
    CANARY.replace("/", "\\/"),
    *_within_base64(b64encode),
    *_within_base64(urlsafe_b64encode),
}


def hits(text: str) -> list[str]:
    return [form for form in FORMS if form.lower() in text.lower()]


def providers() -> list[str]:
    return sorted(one.name for one in default_host().list("provider") if one.name != "extractive")


def embedders() -> list[str]:
    return sorted({one.name for one in default_host().list("embedder")} & set(providers()))


def echoed(request: Received) -> str:
    """All that came, as a careless server may repeat it."""
    given = [*request.headers.values(), request.path]
    given += [value.removeprefix("Bearer ") for value in given]
    forms = [*given, *(quote(one, safe="") for one in given), *(quote_plus(one) for one in given)]
    forms += [encode(one.encode()).decode() for one in given for encode in (b64encode, urlsafe_b64encode)]
    return " | ".join(forms)


def said(text: str) -> dict[str, Any]:
    return {"error": {"message": text, "code": text, "status": text, "type": text, "param": text}}


def in_json(status: int) -> Any:
    def reply(request: Received) -> Reply:
        body = said(echoed(request))
        return Reply.json(body, status, {"x-request-id": echoed(request), "request-id": echoed(request)})

    return reply


def in_text(status: int) -> Any:
    return lambda request: Reply.text(echoed(request), status, {"x-request-id": echoed(request)})


def in_a_stream(request: Received) -> Reply:
    text = json.dumps(said(echoed(request)))
    return Reply.stream(f"event: error\ndata: {text}\n\n", "text/event-stream")


def in_lines(request: Received) -> Reply:
    return Reply.stream(json.dumps({"error": echoed(request)}) + "\n", "application/x-ndjson")


def in_garbage(request: Received) -> Reply:
    return Reply.stream(f"data: {echoed(request)}\n\n{echoed(request)}\n")


TROUBLES: dict[str, Any] = {
    **{f"JSON {status}": in_json(status) for status in (200, 400, 401, 429, 500)},
    **{f"text {status}": in_text(status) for status in (200, 302, 403, 503)},
    "stream": in_a_stream,
    "lines": in_lines,
    "garbage": in_garbage,
    "closed": Reply.raw(b""),
    "hang": Reply.raw(b"", "hang"),
}


def client_of(provider: str, url: str, **settings: Any) -> LlmClient:
    policy = {"max_attempts": 1, "first_byte_timeout": 0.05}
    return LlmClient(f"{provider}:some-model", base_url=url, api_key=CANARY, policy=policy, **settings)


def shown(error: BaseException) -> str:
    """All that anybody could see of an error."""
    text = "".join(traceback.format_exception(error)) + pickle.dumps(error).decode("latin-1")
    one: BaseException | None = error
    while one is not None:
        text += f"{one} {one!r} {one.args!r} {vars(one)!r} {getattr(one, 'doc', '')}"
        one = one.__cause__ or one.__context__
    return text


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    loggers = [logging.getLogger(name) for name in ("graphbit_core", "graphbit_core.kernel", "asyncio")]
    with caplog.at_level(1), contextlib.ExitStack() as stack:
        for logger in loggers:
            stack.enter_context(caplog.at_level(1, logger=logger.name))
        yield caplog


@pytest.mark.parametrize("provider", providers())
def test_no_trouble_with_a_provider_shows_its_key(
    provider: str, server: ModelServer, everything_logged: pytest.LogCaptureFixture
) -> None:
    for name, trouble in TROUBLES.items():
        url = server.script(trouble)
        client = client_of(provider, url)
        calls = [
            lambda c=client: c.complete("Hi"),
            lambda c=client: list(c.stream("Hi")),
            lambda c=client: asyncio.run(c.complete_async("Hi")),
        ]
        for call in calls:
            with pytest.raises(GraphBitError) as caught:
                call()
            assert not hits(shown(caught.value)), name
            assert url.removeprefix("http://") not in str(caught.value), name
        (item,) = client.complete_batch(["Hi"])
        assert not hits(repr(item)), name
        assert not hits(repr(client.get_stats()) + repr(client) + repr(client.endpoints)), name
        assert not hits(repr([vars(e.codec) for e in client.endpoints if hasattr(e.codec, "__dict__")])), name
    assert server.requests()
    logged = [record.getMessage() + repr(record.__dict__) for record in everything_logged.records]
    assert logged
    assert not hits("\n".join(logged))
    assert any(CANARY in value for value in server.requests()[0].headers.values())


@pytest.mark.parametrize("name", embedders())
def test_no_trouble_with_an_embedder_shows_its_key(
    name: str, server: ModelServer, everything_logged: pytest.LogCaptureFixture
) -> None:
    for trouble in TROUBLES.values():
        url = server.script(trouble)
        policy = {"max_attempts": 1, "first_byte_timeout": 0.05}
        client = EmbeddingClient(name, model="m", base_url=url, api_key=CANARY, policy=policy)
        with pytest.raises(GraphBitError) as caught:
            client.embed(["Hi"])
        assert not hits(shown(caught.value) + repr(client) + repr(client.get_stats()) + client.fingerprint)
    assert not hits("\n".join(record.getMessage() for record in everything_logged.records))


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google", "ollama", "openrouter"])
def test_no_event_of_a_run_shows_a_key(provider: str, server: ModelServer) -> None:
    for trouble in TROUBLES.values():
        client = client_of(
            provider,
            server.script(trouble),
            fallbacks=[{"model": "openai:m", "base_url": server.script(trouble), "api_key": CANARY}],
        )
        stream = Executor(client).stream(Workflow("w").chain(Node.agent("a", "Hi")))
        events = list(stream)
        assert any(event.type == "llm.fallback" for event in events) or stream.result.error
        assert not hits(repr(events) + json.dumps([event.to_dict() for event in events]))
        assert not hits(repr(stream.result) + shown(stream.result.error or ValueError()))


def test_no_file_of_a_cache_holds_a_key(tmp_path: Path, server: ModelServer) -> None:
    cache = ResponseCache(tmp_path / "answers.sqlite")
    client = client_of("openai", server.script(Reply.json(chat_body("Hello"))), cache=cache)
    assert [client.complete("Hi") for _ in range(2)] == ["Hello"] * 2
    cache.close()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Hello" in written
    assert not hits(written.decode("latin-1") + repr(cache) + repr(cache.get_stats()))


@pytest.mark.parametrize("trouble", ["JSON 400", "text 503", "stream"])
def test_no_cassette_holds_a_key(trouble: str, tmp_path: Path, server: ModelServer) -> None:
    tape = tmp_path / "tape.json"
    upstream = server.script(TROUBLES[trouble])
    headers = ["authorization", "content-type"]
    recording = cassette(tape, record=True, upstream=upstream, headers=headers)
    with recording as url, pytest.raises(GraphBitError):
        client_of("openai", url).complete("Hi")
    assert not hits(tape.read_text())


def test_what_holds_a_key_is_neither_pickled_copied_nor_shown(server: ModelServer) -> None:
    budget = Budget(usd=1)
    client = client_of("openai", server.url, budget=budget)
    endpoint = client.endpoints[0]
    provider = default_host().create("provider", "openai", api_key=CANARY, base_url=server.url)
    http = provider.chat("m").encode(ChatRequest((Message("user", "Hi"),)), stream=False)
    assert not hits(repr(http))
    for thing in (client, endpoint, endpoint.chat, endpoint.codec, provider, client._setup, budget):
        assert not hits(repr(thing) + str(thing) + f"{thing}")
        for way in (pickle.dumps, copy.deepcopy):
            with contextlib.suppress(TypeError):
                assert not hits(_dump(way(thing)))
    with pytest.raises(TypeError):
        pickle.dumps(client)


def _dump(made: Any) -> str:
    return made.decode("latin-1") if isinstance(made, bytes) else repr(made)


def test_the_registry_shows_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from graphbit_core.cli.main import main

    monkeypatch.setenv("MY_CANARY", CANARY)
    file = tmp_path / "models.yaml"
    file.write_text("providers:\n  openai:\n    api_key: env:MY_CANARY\naliases:\n  mine: openai:gpt-4o\n")
    monkeypatch.setenv("GRAPHBIT_MODELS", str(file))
    for command in (["show", "mine"], ["show", "mine", "--json"], ["list"], ["list", "--json"]):
        main(["models", *command])
    printed = capsys.readouterr()
    assert not hits(printed.out + printed.err + repr(default_registry()))
