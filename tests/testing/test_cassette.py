from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from graphbit_core import ChatRequest, GraphBitError, LlmClient, Message, RateLimitError
from graphbit_core.testing import ModelServer, Reply, cassette
from graphbit_core.testing.replies import chat_body, chat_events, sse

KEY = "any-old-credential-4711"
SPLIT = sse(chat_events(("Grüß ", "Gott"))).encode()


def client(url: str, **settings: Any) -> LlmClient:
    return LlmClient("openai", api_key=KEY, base_url=url, policy={"max_attempts": 1}, **settings)


def recorded(file: Path, *replies: Reply, ask: Any = None) -> str:
    """Records what the replies say, and gives the file's text."""
    with ModelServer() as server:
        upstream = server.script(*replies)
        with cassette(file, record=True, upstream=upstream) as url:
            (ask or (lambda asked: asked.complete("Hello")))(client(url))
    return file.read_text(encoding="utf-8")


def test_what_was_recorded_is_played_without_the_api(tmp_path: Path) -> None:
    file = tmp_path / "new" / "hello.json"
    recorded(file, Reply.json(chat_body("Grüß Gott 👋")))
    with cassette(file) as url:
        assert client(url).complete("Hello") == "Grüß Gott 👋"


def test_the_file_can_be_read_and_holds_no_credential(tmp_path: Path) -> None:
    headers = {"set-cookie": "session=1", "x-ratelimit-reset-tokens": "6s"}
    said = recorded(
        tmp_path / "c.json",
        Reply.json(chat_body(f"You are {KEY}."), headers=headers),
        ask=lambda asked: asked.complete(f"My key is {KEY}."),
    )
    assert KEY not in said
    assert "session" not in said
    [interaction] = json.loads(said)["interactions"]
    assert interaction["request"]["json"]["messages"] == [{"role": "user", "content": "My key is ***."}]
    assert interaction["response"]["headers"]["x-ratelimit-reset-tokens"] == "6s"
    with cassette(tmp_path / "c.json") as url:
        assert client(url).complete(f"My key is {KEY}.") == "You are ***."


def test_a_credential_across_two_chunks_is_not_written(tmp_path: Path) -> None:
    pieces = [f'data: {{"x":"{KEY[:10]}'.encode(), f'{KEY[10:]}"}}\n\n'.encode(), SPLIT]
    said = recorded(tmp_path / "c.json", _chunked(pieces), ask=lambda asked: "".join(asked.stream("Hello")))
    assert KEY[10:] not in said


def _chunked(chunks: list[bytes]) -> Reply:
    head = Reply.stream("").head
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return Reply(head, body + b"0\r\n\r\n")


def test_a_stream_keeps_its_chunks_also_within_a_character(tmp_path: Path) -> None:
    cut = SPLIT.index("ü".encode()) + 1
    chunks = [SPLIT[:20], SPLIT[20:cut], SPLIT[cut:]]
    file = tmp_path / "c.json"
    said = recorded(file, _chunked(chunks), ask=lambda asked: "".join(asked.stream("Hello")))
    written = json.loads(said)["interactions"][0]["response"]["chunks"]
    assert written[0] == SPLIT[:20].decode()
    assert [type(chunk) for chunk in written] == [str, dict, dict]
    with cassette(file) as url:
        assert "".join(client(url).stream("Hello")) == "Grüß Gott"


def test_errors_are_played_too(tmp_path: Path) -> None:
    def ask(asked: LlmClient) -> None:
        with pytest.raises(RateLimitError) as caught:
            asked.complete("Hello")
        assert caught.value.retry_after == 3

    recorded(tmp_path / "c.json", Reply.json({"error": {}}, 429, {"retry-after": "3"}), ask=ask)
    with cassette(tmp_path / "c.json") as url:
        ask(client(url))


def test_another_request_fails_and_the_difference_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    recorded(file, Reply.json(chat_body("x")))
    with (
        pytest.raises(AssertionError, match="not the one that was recorded") as caught,
        cassette(file) as url,
    ):
        client(url).complete("Good bye")
    removed, added = (
        [line for line in str(caught.value).splitlines() if line.startswith(sign)] for sign in ("- ", "+ ")
    )
    assert ["Hello" in line for line in removed] == ["Good bye" in line for line in added] == [True]
    with pytest.raises(AssertionError), cassette(file) as url, pytest.raises(GraphBitError):
        client(url).complete("Good bye")


def test_bodies_are_compared_by_their_meaning(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    recorded(file, Reply.json(chat_body("x")))
    tape = json.loads(file.read_text())
    asked = tape["interactions"][0]["request"]
    asked["json"] = dict(reversed(asked["json"].items()))
    file.write_text(json.dumps(tape))
    with cassette(file) as url:
        assert client(url).complete("Hello") == "x"


@pytest.mark.parametrize("what", ["method", "path", "headers"])
def test_method_path_and_chosen_headers_count(tmp_path: Path, what: str) -> None:
    file = tmp_path / "c.json"
    recorded(file, Reply.json(chat_body("x")))
    tape = json.loads(file.read_text())
    asked = tape["interactions"][0]["request"]
    asked[what] = {"content-type": "text/plain"} if what == "headers" else asked[what] + "X"
    file.write_text(json.dumps(tape))
    with pytest.raises(AssertionError), cassette(file) as url:
        client(url).complete("Hello")


def test_what_was_recorded_and_is_not_asked_for_fails(tmp_path: Path) -> None:
    file = tmp_path / "c.json"

    def twice(asked: LlmClient) -> None:
        asked.complete("Hello")
        asked.complete("Hello")

    recorded(file, Reply.json(chat_body("one")), Reply.json(chat_body("two")), ask=twice)
    with cassette(file) as url:
        assert [client(url).complete("Hello") for _ in range(2)] == ["one", "two"]
    with pytest.raises(AssertionError, match="were not sent"), cassette(file) as url:
        client(url).complete("Hello")
    with pytest.raises(AssertionError, match="is over"), cassette(file) as url:
        [client(url).complete("Hello") for _ in range(3)]


def test_calls_beside_each_other_find_their_own_replies(tmp_path: Path) -> None:
    texts = [f"number {at}" for at in range(8)]
    requests = [ChatRequest((Message("user", text),)) for text in texts]

    async def ask_all(asked: LlmClient) -> list[str]:
        return [answer.text for answer in await asyncio.gather(*map(asked.respond_async, requests))]

    def echo(request: Any) -> Reply:
        return Reply.json(chat_body(request.json()["messages"][0]["content"].upper()))

    with ModelServer(echo) as server, cassette(tmp_path / "c.json", record=True, upstream=server.url) as url:
        asyncio.run(ask_all(client(url)))
    with cassette(tmp_path / "c.json") as url:
        assert asyncio.run(ask_all(client(url))) == [text.upper() for text in texts]


def test_the_error_of_the_block_is_not_hidden_and_records_nothing(tmp_path: Path) -> None:
    file = tmp_path / "c.json"
    with (
        ModelServer() as server,
        pytest.raises(KeyError),
        cassette(file, record=True, upstream=server.url) as url,
    ):
        client(url).complete("Hello")
        raise KeyError("mine")
    assert not (tmp_path / "c.json").exists()


def test_what_is_no_cassette_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="record=True"), cassette(tmp_path / "none.json"):
        pass
    with pytest.raises(ValueError, match="upstream"), cassette(tmp_path / "none.json", record=True):
        pass
    for text in ("{", "[]", '{"cassette": 99}'):
        (tmp_path / "c.json").write_text(text)
        with pytest.raises(ValueError, match="no cassette"), cassette(tmp_path / "c.json"):
            pass
