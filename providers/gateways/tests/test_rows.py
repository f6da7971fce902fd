"""The rows themselves: keys, addresses, headers, embedders, and the table in the README."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import graphbit_gateways
import pytest
from graphbit_gateways import (
    AI21,
    BYTEDANCE,
    COMPATIBLE,
    DEEPSEEK,
    EMBEDDERS,
    HOSTED,
    LOCAL,
    MISTRAL,
    MISTRAL_EMBEDDER,
    MOONSHOT,
    OPENROUTER,
    PERPLEXITY,
    XAI,
    Gateway,
)

from graphbit_core import (
    ChatRequest,
    ConfigError,
    EmbeddingClient,
    JsonOutput,
    LlmClient,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
    ValidationError,
)
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import chat_body

ROWS = (*HOSTED, *LOCAL)
HERE = Path(__file__).parents[1]
HELLO = Message("user", "Hi")
TOOL = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {}})
KEY = "sk-test-1234567"


def sent(row: Gateway, request: ChatRequest, stream: bool = False, **settings: Any) -> dict[str, Any]:
    codec = row(api_key=KEY, **settings).chat(row.default_model)
    body: dict[str, Any] = json.loads(codec.encode(request, stream=stream).body)
    return body


def test_every_row_and_every_embedder_is_an_entry_point_under_its_name() -> None:
    points = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]["entry-points"]
    for group, rows in (
        ("graphbit.providers", {row.name: row for row in ROWS}),
        ("graphbit.embedders", {one.gateway.name: one for one in EMBEDDERS}),
    ):
        named = {
            name: getattr(graphbit_gateways, target.split(":")[1]) for name, target in points[group].items()
        }
        assert named == rows
    assert {one.gateway.name for one in EMBEDDERS} == {row.name for row in ROWS if row.embeds}


def test_servers_of_ones_own_are_on_this_machine_and_the_others_are_encrypted() -> None:
    assert all(row.base_url.startswith("http://127.0.0.1:") for row in LOCAL if row is not COMPATIBLE)
    assert all(row.base_url.startswith("https://") and row.key_required for row in HOSTED)


@pytest.mark.parametrize(
    ("row", "first", "second"),
    [(MISTRAL, "MISTRAL_API_KEY", "MISTRALAI_API_KEY"), (BYTEDANCE, "ARK_API_KEY", "BYTEDANCE_API_KEY")],
)
def test_of_two_variables_the_first_that_is_set_counts(
    row: Gateway, first: str, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(first, raising=False)
    monkeypatch.delenv(second, raising=False)
    with pytest.raises(ConfigError, match=first):
        row()
    monkeypatch.setenv(second, "sk-second-1234567")
    assert row().resource() == row(api_key="sk-second-1234567").resource()
    monkeypatch.setenv(first, "sk-first-1234567")
    assert row().resource() == row(api_key="sk-first-1234567").resource()


def test_a_server_without_a_key_is_sent_none() -> None:
    with ModelServer() as server:
        client = LlmClient("compatible:some-model", base_url=server.url)
        assert client.complete("Hi") == "Hello"
        [request] = server.requests()
    assert "authorization" not in request.headers
    assert (request.path, request.json()["model"]) == ("/chat/completions", "some-model")


def test_a_server_of_ones_own_needs_its_address() -> None:
    with pytest.raises(ConfigError, match="compatible needs a base_url") as caught:
        LlmClient("compatible")
    assert caught.value.setting == "base_url"


def test_quirks_are_changed_by_name() -> None:
    assert sent(COMPATIBLE, ChatRequest((HELLO,), max_tokens=9), base_url="http://127.0.0.1:1")["max_tokens"]
    changes = {"max_tokens_field": "max_completion_tokens", "refuses": ["stop"]}
    provider = COMPATIBLE(base_url="http://127.0.0.1:1", quirks=changes)
    assert "stop" in COMPATIBLE.capabilities - provider.capabilities
    assert "stop" in XAI(api_key=KEY, quirks={"refuses": []}).capabilities - XAI.capabilities


def test_an_unknown_setting_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(ValidationError, match="site_url"):
        LlmClient("openrouter", api_key=KEY, site_urll="https://me.example")
    with pytest.raises(ValidationError, match="site_url"):
        LlmClient("groq", api_key=KEY, site_url="https://me.example")


def test_a_row_sends_its_own_headers() -> None:
    request = ChatRequest((HELLO,))
    site = OPENROUTER(api_key=KEY, site_url="https://me.example", site_name="Me").chat("m")
    headers = site.encode(request, stream=False).headers
    assert (headers["http-referer"], headers["x-title"]) == ("https://me.example", "Me")
    headers = AI21(api_key=KEY, organization="org-1").chat("m").encode(request, stream=False).headers
    assert headers["ai21-organization"] == "org-1"
    assert "x-title" not in OPENROUTER(api_key=KEY).chat("m").encode(request, stream=False).headers
    with pytest.raises(ConfigError, match="x-title"):
        OPENROUTER(api_key=KEY, site_name="Müller\r\nx: y")


def test_moonshot_gets_a_space_for_reasoning_that_another_model_made() -> None:
    call = ToolCall("call-1", "weather", "{}")
    turn = Message("assistant", (ReasoningPart("hm", origin="anthropic"),), tool_calls=(call,))
    assert sent(MOONSHOT, ChatRequest((HELLO, turn)))["messages"][1]["reasoning_content"] == " "
    assert "reasoning_content" not in sent(DEEPSEEK, ChatRequest((HELLO, turn)))["messages"][1]


@pytest.mark.parametrize("row", [row for row in ROWS if row.quirks.replay != "never"])
def test_what_a_row_thought_before_a_call_goes_back_to_it(row: Gateway) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    body = chat_body(None, tool_calls=[call], finish="tool_calls")
    detail = {"type": "reasoning.text", "text": "hm", "index": 0}
    body["choices"][0]["message"] |= {"reasoning_content": "hm", "reasoning_details": [detail]}
    with ModelServer() as server:
        client = LlmClient(row.name, api_key=KEY, base_url=server.script(Reply.json(body)))
        answer = client.respond(ChatRequest((HELLO,), tools=(TOOL,)))
    turn = sent(row, ChatRequest((HELLO, answer.message, Message("tool", "Rain", tool_call_id="a"))))
    text = json.dumps(turn["messages"][1], sort_keys=True)
    expected = {
        "details": {"reasoning_details": [detail]},
        "chunks": {
            "content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True}]
        },
    }.get(row.quirks.replay, {"reasoning_content": "hm"})
    assert all(
        f"{json.dumps(name)}: {json.dumps(part, sort_keys=True)}" in text for name, part in expected.items()
    )


@pytest.mark.parametrize(
    ("row", "request_", "field"),
    [
        (XAI, ChatRequest((HELLO,), stop=("END",)), "stop"),
        (XAI, ChatRequest((HELLO,), extra={"frequency_penalty": 1}), "frequency_penalty"),
        (MOONSHOT, ChatRequest((HELLO,), temperature=1.5), "temperature"),
        (MOONSHOT, ChatRequest((HELLO,), tools=(TOOL,), tool_choice="required"), "tool_choice"),
        (PERPLEXITY, ChatRequest((HELLO,), tools=(TOOL,)), "tools"),
        (DEEPSEEK, ChatRequest((HELLO,), output=JsonOutput({"type": "object"})), "output"),
    ],
)
def test_what_a_row_does_not_take_is_refused_by_row_and_field(
    row: Gateway, request_: ChatRequest, field: str
) -> None:
    with pytest.raises(ValidationError, match=row.name) as caught:
        sent(row, request_)
    assert caught.value.field == field


def test_mistral_is_asked_in_its_own_words() -> None:
    request = ChatRequest((HELLO,), tools=(TOOL,), tool_choice="required", seed=7, max_tokens=9)
    body = sent(MISTRAL, request, stream=True)
    assert (body["tool_choice"], body["random_seed"], body["max_tokens"]) == ("any", 7, 9)
    assert not {"seed", "max_completion_tokens", "stream_options"} & body.keys()


def test_perplexity_keeps_its_citations_in_raw_and_its_price_in_usage() -> None:
    found = {"citations": ["https://a.example"], "search_results": [{"title": "A"}]}
    body = {**chat_body("Hi"), **found, "usage": {"prompt_tokens": 3, "cost": {"total_cost": 0.006}}}
    with ModelServer() as server:
        answer = LlmClient("perplexity", api_key=KEY, base_url=server.script(Reply.json(body))).respond(
            ChatRequest((Message("user", (TextPart("Hi"),)),))
        )
    raw = answer.raw or {}
    assert (raw["citations"], raw["search_results"]) == tuple(found.values())
    assert answer.usage.cost == 0.006


@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda one: one.gateway.name)
def test_every_embedder_gives_vectors_in_the_order_of_the_texts(embedder: Any) -> None:
    rows = [{"index": 1, "embedding": [1.0]}, {"index": 0, "embedding": [0.0]}]
    name = embedder.gateway.name
    with ModelServer() as server:
        url = server.script(Reply.json({"data": rows, "usage": {"prompt_tokens": 2}}))
        client = EmbeddingClient(name, api_key=KEY, base_url=url, dimensions=1)
        assert client.embed(["a", "b"]) == [[0.0], [1.0]]
        [request] = server.requests(url)
    assert request.path.endswith("/embeddings")
    assert request.json() == {
        "input": ["a", "b"],
        "model": embedder.default_model,
        embedder.dimensions_field: 1,
    }
    assert client.fingerprint.startswith(f"{name}:{embedder.default_model}:1:")


def test_an_embedder_takes_a_model_an_encoding_and_fields_of_its_own() -> None:
    made = MISTRAL_EMBEDDER(
        api_key=KEY, model="codestral-embed", encoding="base64", extra={"output_dtype": "float"}
    )
    assert json.loads(made.codec().encode(["a"]).body) == {
        "input": ["a"],
        "model": "codestral-embed",
        "encoding_format": "base64",
        "output_dtype": "float",
    }
    assert made.fingerprint != MISTRAL_EMBEDDER(api_key=KEY, model="codestral-embed").fingerprint
    with pytest.raises(ValidationError, match="extra"):
        MISTRAL_EMBEDDER(api_key=KEY, extra={"model": "x"})


def table() -> str:
    """The rows as the README shows them."""
    lines = ["| name | base URL | key | default model | cannot | notes |", "|---|---|---|---|---|---|"]
    everything = COMPATIBLE.capabilities
    for row in ROWS:
        keys = " or ".join(f"`{name}`" for name in row.key_env) or "`api_key`"
        optional = "" if row.key_required else ", if it wants one"
        cannot = ", ".join(sorted(everything - row.capabilities)) or "–"
        base = f"`{row.base_url}`" if row.base_url else "yours"
        cells = (f"`{row.name}`", base, keys + optional, f"`{row.default_model}`", cannot, row.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_readme_shows_the_rows_as_they_are() -> None:
    assert table() in (HERE / "README.md").read_text(encoding="utf-8"), f"put this into it:\n{table()}"
