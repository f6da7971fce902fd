from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_ollama import OllamaEmbedder, OllamaProvider

from graphbit_core import (
    AudioPart,
    ChatRequest,
    ConfigError,
    FilePart,
    HttpRequest,
    ImagePart,
    JsonOutput,
    Message,
    PassagePart,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
    ValidationError,
)

WEATHER = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {}})
HI = Message("user", "Hi")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def encoded(request: ChatRequest, *, stream: bool = False, **settings: Any) -> HttpRequest:
    return OllamaProvider(**settings).chat("llama-test").encode(request, stream=stream)


def sent(request: ChatRequest, *, stream: bool = False, **settings: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(encoded(request, stream=stream, **settings).body)
    return body


def test_what_is_not_asked_for_is_not_sent_but_whether_to_stream() -> None:
    for stream in (False, True):
        assert sent(ChatRequest((HI,)), stream=stream) == {
            "model": "llama-test",
            "messages": [{"role": "user", "content": "Hi"}],
            "stream": stream,
        }


def test_sampling_and_limits_are_options_over_those_of_the_provider() -> None:
    request = ChatRequest(
        (HI,),
        max_tokens=9,
        temperature=0.0,
        top_p=0.5,
        stop=("END",),
        seed=0,
        extra={"options": {"min_p": 0.1}},
    )
    settings: dict[str, Any] = {"num_ctx": 4096, "options": {"top_k": 5, "temperature": 1.0}}
    assert sent(request, **settings)["options"] == {
        "num_ctx": 4096,
        "top_k": 5,
        "num_predict": 9,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["END"],
        "seed": 0,
        "min_p": 0.1,
    }
    assert sent(ChatRequest((HI,)), **settings)["options"] == {
        "num_ctx": 4096,
        "top_k": 5,
        "temperature": 1.0,
    }


def test_what_stays_in_memory_and_other_fields_are_sent() -> None:
    body = sent(ChatRequest((HI,), extra={"truncate": False}), keep_alive="10m")
    assert (body["keep_alive"], body["truncate"]) == ("10m", False)
    assert sent(ChatRequest((HI,)), keep_alive=-1)["keep_alive"] == -1


@pytest.mark.parametrize(("effort", "think"), [("none", False), ("low", "low"), ("high", "high")])
def test_an_effort_is_whether_and_how_much_to_think(effort: str, think: bool | str) -> None:
    assert sent(ChatRequest((HI,), reasoning_effort=effort))["think"] == think


def test_a_schema_is_the_format() -> None:
    assert sent(ChatRequest((HI,), output=JsonOutput({"type": "object"})))["format"] == {"type": "object"}


def test_results_are_known_by_the_name_of_their_tool() -> None:
    answer = Message(
        "assistant",
        (
            ReasoningPart("Hm.", origin="ollama"),
            ReasoningPart("Not mine.", "s", "anthropic"),
            TextPart("I look."),
        ),
        tool_calls=(ToolCall("a", "weather", '{"city":"Ulm"}'), ToolCall("b", "time", "")),
    )
    results = (Message("tool", "Rain", tool_call_id="a"), Message("tool", "9", tool_call_id="?", name="time"))
    assert sent(ChatRequest((HI, answer, *results), tools=(WEATHER,)))["messages"][1:] == [
        {
            "role": "assistant",
            "content": "I look.",
            "thinking": "Hm.",
            "tool_calls": [
                {"function": {"name": "weather", "arguments": {"city": "Ulm"}}},
                {"function": {"name": "time", "arguments": {}}},
            ],
        },
        {"role": "tool", "content": "Rain", "tool_name": "weather"},
        {"role": "tool", "content": "9", "tool_name": "time"},
    ]


@pytest.mark.parametrize("arguments", ['{"city":', "[1]", '{"a":NaN}', '{"a":1e999}', '{"a":"\\ud83d"}'])
def test_arguments_that_are_no_object_are_wrapped_whole(arguments: str) -> None:
    answer = Message("assistant", tool_calls=(ToolCall("a", "weather", arguments),))
    function = sent(ChatRequest((HI, answer)))["messages"][1]["tool_calls"][0]["function"]
    assert function == {"name": "weather", "arguments": {"INVALID_JSON": arguments}}


def test_tools_that_must_not_be_called_are_not_sent() -> None:
    assert "tools" not in sent(ChatRequest((HI,), tools=(WEATHER,), tool_choice="none"))
    for choice in (None, "auto"):
        assert sent(ChatRequest((HI,), tools=(WEATHER,), tool_choice=choice))["tools"] == [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "Tells the weather.",
                    "parameters": {"type": "object", "properties": {}},
                },
            }
        ]


def test_texts_are_one_and_images_are_beside_them() -> None:
    content = (
        PassagePart(1, "Cats purr.", "cats.txt"),
        TextPart("Do "),
        TextPart("they?"),
        ImagePart(data=b"\x89"),
    )
    assert sent(ChatRequest((Message("user", content),)))["messages"] == [
        {"role": "user", "content": "[1] cats.txt\nCats purr.\n\nDo they?", "images": ["iQ=="]}
    ]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ChatRequest((HI,), extra={"stream": True}), "extra"),
        (ChatRequest((HI,), seed=1, extra={"options": {"seed": 2}}), "extra"),
        (ChatRequest((HI,), extra={"options": "fast"}), "extra"),
        (ChatRequest((HI,), tools=(WEATHER,), tool_choice="required"), "tool_choice"),
        (ChatRequest((HI,), tools=(WEATHER,), tool_choice="weather"), "tool_choice"),
        (ChatRequest((HI,), tools=(WEATHER,), parallel_tool_calls=False), "parallel_tool_calls"),
        (ChatRequest((Message("tool", "Rain", tool_call_id="unknown"),)), "messages"),
        (ChatRequest((Message("user", (ImagePart(url="https://a.example/x.png"),)),)), "messages"),
        (ChatRequest((Message("user", (AudioPart(b"RIFF"),)),)), "messages"),
        (ChatRequest((Message("user", (FilePart("a.pdf", b"%PDF", "application/pdf"),)),)), "messages"),
        (ChatRequest((Message("user", "half a pair: \ud83d"),)), None),
    ],
)
def test_what_the_api_cannot_express_is_refused(request_: ChatRequest, field: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        sent(request_)
    assert caught.value.field == field


# --- addresses and keys ---


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("  localhost ", "http://localhost:11434"),
        (":56789", "http://127.0.0.1:56789"),
        ("127.0.0.1:56789", "http://127.0.0.1:56789"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("http://0.0.0.0:8080", "http://127.0.0.1:8080"),
        ("[::]", "http://[::1]:11434"),
        ("[::1]:7/", "http://[::1]:7"),
        ("http://localhost", "http://localhost:80"),
        ("https://models.example", "https://models.example:443"),
        ("https://models.example:8443/ollama/", "https://models.example:8443/ollama"),
    ],
)
def test_the_address_is_read_in_every_form(host: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encoded(ChatRequest((HI,)), base_url=host).url == f"{url}/api/chat"
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert encoded(ChatRequest((HI,))).url == f"{url}/api/chat"
    assert OllamaEmbedder().codec().encode(["x"]).url == f"{url}/api/embed"


@pytest.mark.parametrize(
    "host", ["models.example", "http://models.example", "ftp://localhost", "host:port", "u:p@localhost"]
)
def test_an_address_that_is_none_or_not_allowed_is_refused(host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        encoded(ChatRequest((HI,)), base_url=host)
    assert caught.value.setting == "base_url"


def test_a_key_is_sent_only_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert encoded(ChatRequest((HI,))).headers == {
        "content-type": "application/json",
        "accept": "application/json",
    }
    monkeypatch.setenv("OLLAMA_API_KEY", "key-1234567")
    assert encoded(ChatRequest((HI,)), stream=True).headers["authorization"] == "Bearer key-1234567"


def test_a_context_below_one_token_is_refused() -> None:
    with pytest.raises(ConfigError, match="num_ctx"):
        encoded(ChatRequest((HI,)), num_ctx=0)
