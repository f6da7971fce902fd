"""Answers that were given before."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread, get_ident
from typing import Any

import pytest
from graphbit_openai import OpenAIProvider

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    ConfigError,
    Delta,
    FilePart,
    Host,
    LlmClient,
    Message,
    ReasoningPart,
    ResponseCache,
    StructuredOutputError,
    TextPart,
    ToolCall,
    UnavailableError,
    Usage,
    ValidationError,
)
from graphbit_core.llm.cache import _digest, default_cache_path
from graphbit_core.llm.structured import Answers, Form
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import chat_body
from tests.llm.conftest import KEY, WAYS, ask
from tests.llm.endpoints import chain


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def in_memory(**options: Any) -> ResponseCache:
    return ResponseCache(":memory:", **options)


@pytest.mark.parametrize("again", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_the_same_request_is_answered_once_whichever_way_it_comes(first: str, again: str) -> None:
    client, made = chain({"a": ["one two"]}, cache=in_memory())
    assert ask(client, first) == ask(client, again) == "one two"
    assert len(made["a"].requests) == 1
    stats = client.get_stats()
    assert (stats["total_requests"], stats["cached_requests"], stats["cache"]["hits"]) == (2, 1, 1)


def test_a_cached_answer_says_so_and_costs_nothing() -> None:
    client, _ = chain({"a": ["one two"]}, cache=in_memory())
    fresh, cached = (client.complete_full("Hi") for _ in range(2))
    assert (fresh.cached, cached.cached) == (False, True)
    assert fresh.usage.total_tokens > 0
    assert cached.usage == Usage()
    assert cached == replace(fresh, usage=Usage(), cached=True)
    assert client.get_stats()["output_tokens"] == fresh.usage.output_tokens


def test_everything_a_message_can_hold_comes_back() -> None:
    parts = (
        ReasoningPart("Because.", "c2ln", "anthropic", "r1", calls_before=1),
        TextPart("Grüße 🌍\n"),
        FilePart("a.bin", b"\x00\xff", "application/octet-stream"),
    )
    message = Message("assistant", parts, tool_calls=(ToolCall("1", "add", '{"a": 1}', "s"),))
    answer = ChatResponse(message, "tool_calls", Usage(1, 2), "m-1", "id-1", {"raw": True})
    cache = in_memory()
    cache.put(b"key", answer)
    found = cache.get(b"key")
    assert found is not None
    assert list(found.message.content) == list(parts)
    assert list(found.tool_calls) == list(message.tool_calls)
    assert (found.model, found.id, found.finish_reason, found.raw) == ("m-1", "id-1", "tool_calls", None)


@pytest.mark.parametrize(
    "other",
    [
        {"max_tokens": 5},
        {"temperature": 0},
        {"system": "Be brief."},
        {"extra": {"top_k": 1}},
        {"reasoning_effort": "low"},
    ],
    ids=str,
)
@pytest.mark.parametrize("local", [True, False], ids=["local", "http"])
def test_whatever_shapes_the_answer_makes_another_request(
    server: ModelServer, local: bool, other: dict[str, Any]
) -> None:
    cache = in_memory()
    if local:
        client, made = chain({"a": ["one", "two"]}, cache=cache)
    else:
        client = over_http(server.url, cache)
    client.complete("Hi")
    client.complete("Hi", **other)
    asked = len(made["a"].requests) if local else len(server.requests())
    assert asked == 2


def over_http(url: str, cache: ResponseCache, model: str = "m", **settings: Any) -> LlmClient:
    host = Host.isolated({("provider", "openai"): OpenAIProvider})
    options = {"base_url": url, "api_key": KEY, **settings}
    return LlmClient(f"openai:{model}", host=host, cache=cache, **options)


def test_the_key_is_no_part_of_a_request_and_model_and_server_are(server: ModelServer) -> None:
    cache = in_memory()
    over_http(server.url, cache).complete("Hi")
    over_http(server.url, cache, api_key="sk-another-1234").complete("Hi")
    assert len(server.requests()) == 1
    over_http(server.url, cache, "other").complete("Hi")
    over_http(server.script(Reply.json(chat_body())), cache).complete("Hi")
    assert len(server.requests()) == 3


@pytest.mark.parametrize(
    ("answer", "option"),
    [
        (ChatResponse(Message("assistant", "cut"), "length"), None),
        (ChatResponse(Message("assistant", "no"), "content_filter"), None),
        (ChatResponse(Message("assistant", "no"), "refusal"), None),
        (ToolCall("1", "add", "{}"), "tool_calls"),
    ],
    ids=["length", "filter", "refusal", "tool call"],
)
def test_only_complete_answers_are_kept_and_tool_calls_on_request(answer: Any, option: str | None) -> None:
    for options in ({}, {option: True}) if option else ({},):
        client, made = chain({"a": [answer, answer]}, cache=in_memory(**options))
        client.complete_full("Hi")
        client.complete_full("Hi")
        assert len(made["a"].requests) == (1 if options else 2)


def test_who_asks_for_variety_gets_it_unless_it_is_to_be_kept() -> None:
    for options, asked in (({}, 2), ({"sampled": True}, 1)):
        client, made = chain({"a": ["one", "two"]}, cache=in_memory(**options))
        for _ in range(2):
            client.complete("Hi", temperature=0.7)
        assert len(made["a"].requests) == asked


@pytest.mark.parametrize("way", WAYS)
def test_failures_are_not_kept(way: str) -> None:
    client, _ = chain({"a": [UnavailableError("down"), "ok"]}, cache=in_memory())
    with pytest.raises(UnavailableError):
        ask(client, way)
    assert ask(client, way) == "ok"


def test_a_stream_that_was_left_is_not_kept() -> None:
    client, made = chain({"a": ["one two", "three"]}, cache=in_memory())
    with client.stream("Hi") as stream:
        next(iter(stream))
    assert client.complete("Hi") == "three"
    assert len(made["a"].requests) == 2


def test_a_fallbacks_answer_is_kept_as_its_own() -> None:
    cache = in_memory()
    client, _ = chain({"a": [UnavailableError("down"), "from a"], "b": ["from b"]}, cache=cache)
    assert [client.complete("Hi") for _ in range(3)] == ["from b", "from a", "from a"]
    client, _ = chain({"b": []}, cache=cache)
    assert client.complete("Hi") == "from b"


def test_a_cached_stream_has_text_and_tool_calls_as_deltas() -> None:
    call = ToolCall("1", "add", '{"a": 1}')
    client, _ = chain({"a": [["Let me see.", call]]}, cache=in_memory(tool_calls=True))
    client.complete_full("Hi")
    deltas = list(client.stream("Hi").deltas())
    assert deltas == [
        Delta("text", "Let me see."),
        Delta("tool_call", '{"a": 1}', 0, replace(call, arguments="")),
    ]


def test_an_answer_holds_for_its_time() -> None:
    clock = Clock()
    client, _ = chain({"a": ["one", "two"]}, cache=in_memory(ttl=10, clock=clock))
    assert client.complete("Hi") == "one"
    clock.now += 9.9
    assert client.complete("Hi") == "one"
    clock.now += 0.2
    assert client.complete("Hi") == "two"


def test_an_answer_from_the_future_is_none() -> None:
    clock = Clock()
    client, _ = chain({"a": ["one", "two"]}, cache=in_memory(clock=clock))
    client.complete("Hi")
    clock.now -= 100
    assert client.complete("Hi") == "two"


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    clock = Clock()
    cache = ResponseCache(tmp_path / "c.sqlite", ttl=None, max_bytes=65_536, clock=clock)
    text = "x" * 4000
    for number in range(40):
        clock.now += 100
        cache.put(bytes([number]), ChatResponse(Message("assistant", text)))
        assert cache.get(b"\x00") is not None, "used again and again"
    (size,) = sqlite3.connect(cache.path).execute("SELECT SUM(size) FROM answers").fetchone()
    assert size <= 65_536
    assert cache.get(bytes([39])) is not None
    assert cache.get(bytes([1])) is None
    cache.close()


def test_an_answer_outlives_the_process_and_is_only_the_users_to_read(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "c.sqlite"
    client, _ = chain({"a": ["one"]}, cache=str(path))
    client.complete("Hi")
    again, _ = chain({"a": []}, cache=path)
    assert again.complete("Hi") == "one"
    assert path.stat().st_mode & 0o077 == 0
    mode = sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone()
    assert mode == ("wal",)


SPOILT = {
    "value": "UPDATE answers SET value = replace(value, 'one', 'won')",
    "type": "UPDATE answers SET value = x'ff'",
    "digest": "UPDATE answers SET digest = 'x'",
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_row_that_was_spoilt_is_a_miss_and_is_told(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    cache = ResponseCache(tmp_path / "c.sqlite")
    client, _ = chain({"a": ["one", "two"]}, cache=cache)
    client.complete("Hi")
    with sqlite3.connect(cache.path) as connection:
        assert connection.execute(SPOILT[how]).rowcount == 1
    assert client.complete("Hi") == "two"
    assert cache.get_stats()["corrupt"] == 1
    assert "left out" in caplog.text
    assert client.complete("Hi") == "two"


@pytest.mark.parametrize("value", ['{"content": 5}', "[]", "null", "{", '{"content": [{"part": "os"}]}'])
def test_a_row_of_another_shape_is_a_miss(tmp_path: Path, value: str) -> None:
    cache = ResponseCache(tmp_path / "c.sqlite")
    cache.put(b"key", ChatResponse(Message("assistant", "one")))
    with sqlite3.connect(cache.path) as connection:
        connection.execute("UPDATE answers SET value = ?, digest = ?", (value, _digest(value)))
    assert cache.get(b"key") is None
    assert cache.get_stats()["corrupt"] == 1
    cache.close()


def test_a_file_that_is_no_cache_spoils_no_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "c.sqlite"
    path.write_bytes(b"this is no database, whatever its name says" * 100)
    client, _ = chain({"a": ["one", "two"]}, cache=path)
    assert [client.complete("Hi"), client.complete("Hi")] == ["one", "two"]
    assert client.get_stats()["cache"]["faults"] > 0
    assert "cannot be used" in caplog.text
    assert path.read_bytes().startswith(b"this is no database")


def test_many_threads_and_processes_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    program = """
import sys
from graphbit_core import ChatResponse, Message, ResponseCache
cache = ResponseCache(sys.argv[1])
for number in range(60):
    key = bytes([number % 20])
    found = cache.get(key)
    assert found is None or found.text == f"answer {number % 20}", found
    cache.put(key, ChatResponse(Message("assistant", f"answer {number % 20}")))
print(cache.get_stats())
"""
    command = [sys.executable, "-W", "error", "-c", program, str(path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    cache = ResponseCache(path)

    def work() -> None:
        for number in range(60):
            cache.put(bytes([number % 20]), ChatResponse(Message("assistant", f"answer {number % 20}")))

    threads = [Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in running:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert b"'faults': 0" in out, out + err
        assert b"'corrupt': 0" in out
    assert cache.get_stats()["faults"] == 0
    assert all(cache.get(bytes([number])) is not None for number in range(20))
    cache.close()


def test_a_loop_goes_on_while_the_file_is_read() -> None:
    cache = in_memory()
    seen: list[int] = []

    class Watched(ResponseCache):
        def get(self, key: bytes) -> ChatResponse | None:
            seen.append(get_ident())
            return super().get(key)

    client, _ = chain({"a": ["one"]}, cache=Watched(":memory:"))
    asyncio.run(client.complete_async("Hi"))
    assert seen
    assert seen[0] != get_ident()
    cache.close()


def test_the_default_file_is_in_the_users_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache_path() == tmp_path / "graphbit" / "responses.sqlite"
    client, _ = chain({"a": ["one"]}, cache=True)
    client.complete("Hi")
    assert default_cache_path().exists()


@pytest.mark.parametrize("options", [{"ttl": 0}, {"ttl": float("nan")}, {"max_bytes": 10}], ids=str)
def test_a_value_out_of_range_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(options))):
        in_memory(**options)


def test_a_folder_that_cannot_be_made_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be made"):
        ResponseCache(tmp_path / "file" / "c.sqlite")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_opens_the_file_anew(tmp_path: Path) -> None:
    cache = ResponseCache(tmp_path / "c.sqlite")
    cache.put(b"parent", ChatResponse(Message("assistant", "from the parent")))
    with cache._lock:  # as another thread may hold it at the time
        child = os.fork()
        if child == 0:
            found = cache.get(b"parent")
            cache.put(b"child", ChatResponse(Message("assistant", "from the child")))
            os._exit(0 if found is not None and found.text == "from the parent" else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    found = cache.get(b"child")
    assert found is not None
    assert found.text == "from the child"
    assert cache.get_stats()["faults"] == 0
    cache.close()


@pytest.mark.parametrize("way", ["blocking", "async"])
def test_an_answer_that_does_not_fit_its_type_is_not_kept(way: str) -> None:
    client, made = chain({"a": ["no number", '{"value": 3}', '{"value": 4}']}, cache=in_memory())

    def number() -> int:
        if way == "blocking":
            return client.complete_as(int, "A number?", repairs=0)
        return asyncio.run(client.complete_as_async(int, "A number?", repairs=0))

    with pytest.raises(StructuredOutputError):
        number()
    assert [number(), number()] == [3, 3]
    assert len(made["a"].requests) == 2


def test_a_kept_answer_that_does_not_fit_its_type_is_asked_for_again() -> None:
    client, made = chain({"a": ["no number", '{"value": 3}']}, cache=in_memory())
    plain = Answers(Form(int), ChatRequest([Message("user", "A number?")])).request
    assert client.respond(plain).text == "no number"
    assert [client.complete_as(int, "A number?", repairs=0) for _ in range(2)] == [3, 3]
    assert len(made["a"].requests) == 2
    assert client.respond(plain).text == '{"value": 3}'
