from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from graphbit_openai import AzureOpenAIEmbedder, AzureOpenAIProvider, AzureOpenAIResponsesProvider

from graphbit_core import (
    BadRequestError,
    ChatRequest,
    ConfigError,
    HttpRequest,
    HttpResponse,
    Message,
    Secret,
)

AT = "https://lake.openai.azure.com"
KEY = "az-key-1234567"
HI = ChatRequest((Message("user", "Hi"),))
VARIABLES = (
    "AZURE_OPENAI_API_KEY",
    "AZURELLM_API_KEY",
    "AZURE_OPENAI_AD_TOKEN",
    "AZURE_OPENAI_ENDPOINT",
    "OPENAI_API_VERSION",
)


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def chat(model: str = "my model/1", **settings: Any) -> HttpRequest:
    settings = {"base_url": AT, "api_key": KEY, **settings}
    return AzureOpenAIProvider(**settings).chat(model).encode(HI, stream=False)


def responses(**settings: Any) -> HttpRequest:
    settings = {"base_url": AT, "api_key": KEY, **settings}
    return AzureOpenAIResponsesProvider(**settings).chat("mine").encode(HI, stream=False)


def embeddings(**settings: Any) -> HttpRequest:
    settings = {"base_url": AT, "api_key": KEY, "model": "mine", **settings}
    return AzureOpenAIEmbedder(**settings).codec().encode(["Hi"])


@pytest.mark.parametrize(
    ("ask", "settings", "url"),
    [
        (chat, {}, "/openai/deployments/my%20model%2F1/chat/completions?api-version=2024-10-21"),
        (
            chat,
            {"api_version": "2025-04-01-preview"},
            "/openai/deployments/my%20model%2F1/chat/completions?api-version=2025-04-01-preview",
        ),
        (chat, {"api_version": "v1"}, "/openai/v1/chat/completions"),
        (chat, {"api_version": "preview"}, "/openai/v1/chat/completions?api-version=preview"),
        (chat, {"base_url": f"{AT}/openai/v1/"}, "/openai/v1/chat/completions"),
        (responses, {}, "/openai/v1/responses"),
        (
            responses,
            {"api_version": "2025-04-01-preview"},
            "/openai/responses?api-version=2025-04-01-preview",
        ),
        (embeddings, {}, "/openai/deployments/mine/embeddings?api-version=2024-10-21"),
        (embeddings, {"api_version": "v1"}, "/openai/v1/embeddings"),
    ],
)
def test_the_address_says_deployment_and_version(
    ask: Callable[..., HttpRequest], settings: dict[str, Any], url: str
) -> None:
    assert ask(**settings).url == AT + url


def test_the_body_names_the_deployment_too() -> None:
    assert json.loads(chat(api_version="v1").body)["model"] == "my model/1"


@pytest.mark.parametrize("ask", [chat, responses, embeddings])
def test_a_key_and_a_token_each_have_their_header(ask: Callable[..., HttpRequest]) -> None:
    with_key = ask().headers
    assert (with_key["api-key"], "authorization" in with_key) == (KEY, False)
    for token in ("tok-1234567", Secret("tok-1234567"), lambda: "tok-1234567", lambda: Secret("tok-1234567")):
        headers = ask(api_key=None, token=token).headers
        assert (headers["authorization"], "api-key" in headers) == ("Bearer tok-1234567", False)


def test_a_function_gives_each_request_its_token() -> None:
    tokens = iter(("tok-one-1234567", "tok-two-1234567"))
    provider = AzureOpenAIProvider(base_url=AT, token=lambda: next(tokens))
    sent = [provider.chat("mine").encode(HI, stream=False).headers["authorization"] for _ in range(2)]
    assert sent == ["Bearer tok-one-1234567", "Bearer tok-two-1234567"]


async def _no_token() -> str:
    return "tok-1234567"


@pytest.mark.parametrize("source", [lambda: None, lambda: "", _no_token, lambda: "two words"])
def test_a_function_that_gives_no_token_is_named(source: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the coroutine is never awaited, which is what the error is about
        with pytest.raises(ConfigError, match=r"token|API key of azure holds"):
            chat(api_key=None, token=source)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", f"{AT}/")
    monkeypatch.setenv("AZURELLM_API_KEY", "az-older-1234567")
    assert chat(base_url=None, api_key=None).headers["api-key"] == "az-older-1234567"
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "az-newer-1234567")
    assert chat(base_url=None, api_key=None).headers["api-key"] == "az-newer-1234567"
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "tok-1234567")
    assert chat(base_url=None, api_key=None).headers["authorization"] == "Bearer tok-1234567"
    assert chat(base_url=None).headers["api-key"] == KEY
    monkeypatch.setenv("OPENAI_API_VERSION", "v1")
    assert chat(base_url=None).url == f"{AT}/openai/v1/chat/completions"
    assert "2024-10-21" in chat(base_url=None, api_version="2024-10-21").url


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"base_url": None}, "AZURE_OPENAI_ENDPOINT"),
        ({"api_key": None}, "AZURE_OPENAI_API_KEY"),
        ({"token": "tok-1234567"}, "an api_key or a token, not both"),
        ({"api_version": "newest"}, "api_version is 'newest'"),
        ({"base_url": "http://lake.example"}, "allow_insecure"),
    ],
)
def test_settings_that_cannot_be_are_named(settings: dict[str, Any], message: str) -> None:
    for ask in (chat, responses, embeddings):
        with pytest.raises(ConfigError, match=message):
            ask(**settings)


def test_no_repr_shows_a_credential() -> None:
    provider = AzureOpenAIProvider(base_url=AT, api_key=KEY)
    assert KEY not in repr(vars(provider)) + repr(provider.resource()) + repr(chat())


def test_a_prompt_that_was_filtered_is_a_bad_request_that_says_for_what() -> None:
    results = {
        "hate": {"filtered": True, "severity": "high"},
        "violence": {"filtered": False, "severity": "low"},
        "jailbreak": {"filtered": True, "detected": True},
    }
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": results}
    error = {"message": "The response was filtered.", "type": None, "code": "content_filter", "status": 400}
    body = json.dumps({"error": {**error, "param": "prompt", "innererror": inner}}).encode()
    for provider in (AzureOpenAIProvider, AzureOpenAIResponsesProvider):
        found = provider(base_url=AT, api_key=KEY).chat("mine").error(HttpResponse(400, body=body))
        assert type(found) is BadRequestError
        assert found.code == "content_filter"
        assert str(found) == "HTTP 400: The response was filtered. (filtered for: hate high, jailbreak)"
