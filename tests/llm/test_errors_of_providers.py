"""The same fault is the same error at every installed provider, each told in the dialect of its API."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from graphbit_core import (
    AuthError,
    BadRequestError,
    ChatCodec,
    GraphBitError,
    HttpRequest,
    HttpResponse,
    ProviderError,
    RateLimitError,
    UnavailableError,
    default_host,
)
from graphbit_core.llm.calls.reply_errors import is_retryable
from graphbit_core.testing import ModelServer, Reply
from tests.llm.conftest import KEY
from tests.llm.test_faults_of_providers import PROVIDERS, Fault, ask_all, open_clients


def openai(kind: str, code: str | int | None = None, **more: Any) -> Any:
    return {"error": {"message": "scripted", "type": kind, "param": None, "code": code, **more}}


def anthropic(kind: str, code: str | None = None) -> Any:
    details = {"error_code": code} if code else None
    return {"type": "error", "error": {"type": kind, "message": "scripted", "details": details}}


def google(status: int, name: str, *details: Any) -> Any:
    return {"error": {"code": status, "message": "scripted", "status": name, "details": list(details)}}


def rpc(kind: str, **fields: Any) -> dict[str, Any]:
    return {"@type": f"type.googleapis.com/google.rpc.{kind}", **fields}


OLLAMA = {"error": "scripted"}


@dataclass(frozen=True)
class Said:
    """A fault: its status, what each dialect says, and what that means.

    Attributes:
        status: HTTP status.
        error: The class of the error.
        again: Whether the same request may be sent again.
        bodies: By dialect; those that have no such thing are not among them.
        headers: Of the reply.
        wait: The wait that is asked for, in seconds.
    """

    status: int
    error: type[ProviderError]
    again: bool
    bodies: dict[str, Any]
    headers: dict[str, str] | None = None
    wait: float | None = None


_LATER = rpc("RetryInfo", retryDelay="7s")
_DAY = rpc("QuotaFailure", violations=[{"quotaId": "RequestsPerDay", "quotaValue": "5"}])
_SLOW = {
    "openai": openai("rate_limit_error", "rate_limit_exceeded"),
    "anthropic": anthropic("rate_limit_error"),
    "google": google(429, "RESOURCE_EXHAUSTED"),
    "ollama": OLLAMA,
}
FAULTS = {
    "a key that is refused": Said(
        401,
        AuthError,
        False,
        {
            "openai": openai("invalid_request_error", "invalid_api_key"),
            "anthropic": anthropic("authentication_error"),
            "google": google(401, "UNAUTHENTICATED"),
            "ollama": OLLAMA,
        },
    ),
    "no credit": Said(
        402,
        BadRequestError,
        False,
        {
            "openai": openai("insufficient_balance", "insufficient_balance"),
            "anthropic": anthropic("billing_error"),
            "ollama": OLLAMA,
        },
    ),
    "no permission": Said(
        403,
        AuthError,
        False,
        {
            "openai": openai("permission_error", "permission_denied"),
            "anthropic": anthropic("permission_error"),
            "google": google(403, "PERMISSION_DENIED"),
            "ollama": OLLAMA,
        },
    ),
    "an unknown model": Said(
        404,
        BadRequestError,
        False,
        {
            "openai": openai("invalid_request_error", "model_not_found"),
            "anthropic": anthropic("not_found_error"),
            "google": google(404, "NOT_FOUND"),
            "ollama": OLLAMA,
        },
    ),
    "too large a request": Said(
        413,
        BadRequestError,
        False,
        {
            "openai": openai("invalid_request_error", "request_too_large"),
            "anthropic": anthropic("request_too_large"),
            "ollama": OLLAMA,
        },
    ),
    "a field that is wrong": Said(
        422,
        BadRequestError,
        False,
        {
            "openai": openai("invalid_request_error"),
            "anthropic": anthropic("invalid_request_error"),
            "google": google(422, "INVALID_ARGUMENT"),
            "ollama": OLLAMA,
        },
    ),
    "too long a context": Said(
        400,
        BadRequestError,
        False,
        {
            "openai": openai("invalid_request_error", "context_length_exceeded"),
            "anthropic": anthropic("invalid_request_error"),
            "google": google(400, "INVALID_ARGUMENT"),
            "ollama": OLLAMA,
        },
    ),
    "content that is filtered": Said(
        400,
        BadRequestError,
        False,
        {
            "openai": openai("invalid_request_error", "content_filter"),
            "anthropic": anthropic("invalid_request_error"),
            "google": google(400, "INVALID_ARGUMENT"),
        },
    ),
    "too many requests": Said(429, RateLimitError, True, _SLOW),
    "too many requests, with a wait": Said(429, RateLimitError, True, _SLOW, {"retry-after": "7"}, 7.0),
    "too many requests, with a wait in the body": Said(
        429, RateLimitError, True, {"google": google(429, "RESOURCE_EXHAUSTED", _LATER)}, None, 7.0
    ),
    "a quota that is used up": Said(
        429,
        RateLimitError,
        False,
        {
            "openai": openai("insufficient_quota", "insufficient_quota"),
            "anthropic": anthropic("rate_limit_error", "enforced_spend_limit_reached"),
            "google": google(429, "RESOURCE_EXHAUSTED", _DAY),
        },
    ),
    "a fault of the server": Said(
        500,
        UnavailableError,
        True,
        {
            "openai": openai("server_error"),
            "anthropic": anthropic("api_error"),
            "google": google(500, "INTERNAL"),
            "ollama": OLLAMA,
        },
    ),
    "an overloaded server": Said(
        529,
        UnavailableError,
        True,
        {
            "openai": openai("overloaded_error", "engine_overloaded_error"),
            "anthropic": anthropic("overloaded_error"),
            "google": google(503, "UNAVAILABLE"),
            "ollama": OLLAMA,
        },
    ),
}
_DIALECTS = {"gemini": "google"}


def dialect(provider: str) -> str:
    """All but these three speak as OpenAI does."""
    name = _DIALECTS.get(provider, provider)
    return name if name in ("anthropic", "google", "ollama") else "openai"


CASES = [
    pytest.param(said, spoken, id=f"{name}-{spoken}")
    for name, said in FAULTS.items()
    for spoken in said.bodies
]


@pytest.mark.parametrize(("said", "spoken"), CASES)
def test_a_fault_is_the_same_error_at_every_provider(said: Said, spoken: str, server: ModelServer) -> None:
    reply = Reply.json(said.bodies[spoken], said.status, {"x-request-id": "r-1", **(said.headers or {})})
    url = server.script(reply)
    clients = open_clients(url, None, Fault(reply, (said.error,)))
    asked = {name: client for name, client in clients.items() if dialect(name) == spoken}
    assert asked
    for name, error in asyncio.run(ask_all(asked, stream=False)).items():
        assert type(error) is said.error, (name, error)
        facts = error.facts()
        expected = (name, "scripted-1", said.status, said.wait, "r-1", 1)
        names = ("provider", "model", "status", "retry_after", "request_id", "attempts")
        assert tuple(facts.get(fact) for fact in names) == expected
        assert is_retryable(error) == said.again, name
        assert (facts.get("code") is None) == (spoken == "ollama"), "what the API calls it is told"
        assert "scripted" in str(error)


@pytest.mark.parametrize(("said", "spoken"), CASES)
def test_a_fault_told_with_status_200_is_the_same_error(said: Said, spoken: str) -> None:
    """As gateways send them: the reply has begun when the fault comes to light."""
    # Ollama gives a text alone, and the status beside it where there is one.
    told = {"status_code": said.status} if spoken == "ollama" else {}
    reply = HttpResponse(200, {}, HttpRequest.json("", {**said.bodies[spoken], **told}).body)
    for name in (name for name in PROVIDERS if dialect(name) == spoken):
        with pytest.raises(GraphBitError) as caught:
            codec(name).decode(reply)
        assert type(caught.value) is said.error, name
        assert is_retryable(caught.value) == said.again, name  # type: ignore[arg-type]


def codec(name: str) -> ChatCodec:
    component: Any = default_host().component("provider", name)
    made: ChatCodec = component(api_key=KEY, base_url="http://127.0.0.1:9").chat("scripted-1")
    return made
