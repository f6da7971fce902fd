"""Our codecs of Azure beside OpenAI's SDK: where requests go, with which credential, and what they hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
import responses_wire as wire
from graphbit_openai import AzureOpenAIEmbedder, AzureOpenAIProvider, AzureOpenAIResponsesProvider
from openai import AzureOpenAI, OpenAI

from graphbit_core import ChatRequest, HttpRequest, LlmClient, Message
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import chat_body, chat_chunk, chat_events, error_body, sse
from tests.oracles.compare import meaning, sent

pytestmark = pytest.mark.integration
KEY = "az-oracle-1234567"
DATED, PREVIEW = "2024-10-21", "2025-04-01-preview"
HI = ChatRequest((Message("user", "Hi"),))
TURNS: list[Any] = [{"role": "user", "content": "Hi"}]
VECTORS = {"object": "list", "model": "m", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]}
Ask = Callable[[OpenAI], Any]


def _chat(client: OpenAI) -> Any:
    return client.chat.completions.create(model="lake 1", messages=TURNS)


def _stream(client: OpenAI) -> Any:
    options: Any = {"include_usage": True}
    with client.chat.completions.create(
        model="lake 1", messages=TURNS, stream=True, stream_options=options
    ) as chunks:
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def _respond(client: OpenAI) -> Any:
    include: Any = ["reasoning.encrypted_content"]
    return client.responses.create(model="lake 1", input=TURNS, store=False, include=include)


def _embed(client: OpenAI) -> Any:
    return client.embeddings.create(model="lake 1", input=["Hi"], encoding_format="base64")


def _ours(ask: Ask, url: str, settings: dict[str, Any]) -> HttpRequest:
    if ask is _embed:
        return AzureOpenAIEmbedder(base_url=url, model="lake 1", **settings).codec().encode(["Hi"])
    kind: Any = AzureOpenAIResponsesProvider if ask is _respond else AzureOpenAIProvider
    request: HttpRequest = kind(base_url=url, **settings).chat("lake 1").encode(HI, stream=ask is _stream)
    return request


CREDENTIALS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "key": ({"api_key": KEY}, {"api_key": KEY}),
    "token": ({"azure_ad_token": KEY}, {"token": KEY}),
    "function": ({"azure_ad_token_provider": lambda: KEY}, {"token": lambda: KEY}),
}
"""As the SDK takes it, and as we do."""
REPLIES: dict[Ask, Reply] = {
    _chat: Reply.json(chat_body()),
    _stream: Reply.stream(sse(chat_events())),
    _respond: Reply.json(wire.response(wire.message("Hi"))),
    _embed: Reply.json(VECTORS),
}


@pytest.mark.parametrize("credential", CREDENTIALS)
@pytest.mark.parametrize(
    ("ask", "version"), [(_chat, DATED), (_stream, DATED), (_embed, DATED), (_respond, PREVIEW)]
)
def test_requests_to_a_dated_version_are_those_of_the_sdk(ask: Ask, version: str, credential: str) -> None:
    theirs_settings, ours_settings = CREDENTIALS[credential]
    urls: list[str] = []

    def send(url: str) -> None:
        urls.append(url)
        with AzureOpenAI(azure_endpoint=url, api_version=version, max_retries=0, **theirs_settings) as client:
            ask(client)

    theirs = sent(REPLIES[ask], send)
    ours = _ours(ask, urls[0], {"api_version": version, **ours_settings})
    where = urlsplit(ours.url)
    assert f"{where.path}?{where.query}" == theirs.path
    assert meaning(json.loads(ours.body)) == meaning(theirs.json())
    for name in ("api-key", "authorization"):
        assert ours.headers.get(name) == theirs.headers.get(name)


@pytest.mark.parametrize("ask", [_chat, _stream, _embed, _respond])
def test_requests_to_v1_are_those_of_the_sdk_but_for_the_name_of_the_keys_header(ask: Ask) -> None:
    urls: list[str] = []

    def send(url: str) -> None:
        urls.append(url)
        with OpenAI(base_url=f"{url}/openai/v1/", api_key=KEY, max_retries=0) as client:
            ask(client)

    theirs = sent(REPLIES[ask], send)
    ours = _ours(ask, urls[0], {"api_version": "v1", "api_key": KEY})
    assert urlsplit(ours.url).path == theirs.path
    assert meaning(json.loads(ours.body)) == meaning(theirs.json())
    assert (ours.headers["api-key"], theirs.headers["authorization"]) == (KEY, f"Bearer {KEY}")


def test_a_stream_that_begins_with_the_verdict_on_the_prompt_reads_as_in_the_sdk() -> None:
    safe = {"hate": {"filtered": False, "severity": "safe"}}
    verdict = [{"prompt_index": 0, "content_filter_results": safe}]
    first = {**chat_chunk({}), "choices": [], "prompt_filter_results": verdict}
    with ModelServer() as server:
        url = server.script(Reply.stream(sse([first, *chat_events(("Grüß", " Gott"))])))
        with AzureOpenAI(azure_endpoint=url, api_key=KEY, api_version=DATED, max_retries=0) as client:
            theirs = _stream(client)
        ours = LlmClient("azure:lake 1", base_url=url, api_key=KEY)
        assert "".join(ours.stream("Hi")) == theirs == "Grüß Gott"


def test_a_wait_in_milliseconds_is_kept() -> None:
    reply = Reply.json(error_body("later", code="429"), 429, {"retry-after-ms": "40", "retry-after": "9"})
    with ModelServer() as server:
        url = server.script(reply, Reply.json(chat_body("Hello")))
        assert LlmClient("azure:lake", base_url=url, api_key=KEY).complete("Hi") == "Hello"
        first, second = server.requests(url)
    assert 0.04 <= second.at - first.at < 5
