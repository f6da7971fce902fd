"""The law: what a server says about waiting is kept to, in whatever form it says it, and never shortened."""

from __future__ import annotations

import time
from typing import Any

import pytest

from graphbit_core import LlmClient, RateLimitError
from graphbit_core.testing import ModelServer, Reply
from tests.llm.conftest import KEY, WAYS, ask

WAIT = 0.2
DATE = "Wed, 01 Jan 2025 00:00:00 GMT"
EPOCH = 1735689600
POLICY = {"backoff_base": 0.001}


def client(provider: str, url: str, **settings: Any) -> LlmClient:
    policy = {**POLICY, **settings.pop("policy", {})}
    return LlmClient(f"{provider}:some-model", base_url=url, api_key=KEY, policy=policy, **settings)


def gemini(*details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "x", "details": list(details)}}


def retry_info(delay: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def quota(name: str, value: str = "10") -> dict[str, Any]:
    kind = "type.googleapis.com/google.rpc.QuotaFailure"
    return {"@type": kind, "violations": [{"quotaId": name, "quotaValue": value}]}


def openrouter(moment_ms: int) -> dict[str, Any]:
    return {
        "error": {"code": 429, "message": "x", "metadata": {"headers": {"X-RateLimit-Reset": str(moment_ms)}}}
    }


def anthropic() -> dict[str, Any]:
    return {"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}


REFUSALS = {
    "openai seconds": ("openai", {}, {"retry-after": f"{WAIT}"}),
    "openai ms": ("openai", {}, {"retry-after-ms": f"{WAIT * 1000:.0f}", "retry-after": "9"}),
    "openai date": ("openai", {}, {"retry-after": "Wed, 01 Jan 2025 00:00:01 GMT", "date": DATE}),
    "openai window": (
        "openai",
        {},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "200ms"},
    ),
    "anthropic window": (
        "anthropic",
        anthropic(),
        {
            "anthropic-ratelimit-tokens-remaining": "0",
            "anthropic-ratelimit-tokens-reset": "2025-01-01T00:00:01Z",
            "date": DATE,
        },
    ),
    "gemini body": ("google", gemini(retry_info("0.2s")), {}),
    "gemini body of several": ("google", gemini(quota("PerMinute"), retry_info("200ms")), {}),
    "openrouter body": ("openrouter", openrouter(EPOCH * 1000 + 200), {"date": DATE}),
    "azure ms": ("azure", {}, {"retry-after-ms": "200"}),
}


def ready(provider: str, url: str, **settings: Any) -> LlmClient:
    if provider == "azure":
        return client("azure", f"{url}/openai/v1", **settings)
    return client(provider, url, **settings)


@pytest.mark.parametrize("way", ["blocking", "async stream"])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_retry_never_comes_before_the_time_that_the_provider_named(
    refusal: str, way: str, server: ModelServer
) -> None:
    provider, body, headers = REFUSALS[refusal]
    url = server.script(Reply.json(body, 429, headers), Reply.json({"error": {"message": "no"}}, 400))
    with pytest.raises(Exception, match="no"):
        ask(ready(provider, url), way)
    first, second = server.requests(url)
    assert WAIT <= second.at - first.at < WAIT + 1


@pytest.mark.parametrize("refusal", REFUSALS)
def test_who_comes_next_waits_as_well_and_a_deadline_that_is_nearer_ends_it_at_once(
    refusal: str, server: ModelServer
) -> None:
    provider, body, headers = REFUSALS[refusal]
    url = server.script(Reply.json(body, 429, headers), Reply.json({"error": {"message": "no"}}, 400))
    begun = time.monotonic()
    with pytest.raises(RateLimitError) as caught:
        ready(provider, url, timeout=WAIT / 2).complete("Hi")
    assert time.monotonic() - begun < WAIT / 2
    assert (caught.value.retry_after or 0) >= WAIT
    with pytest.raises(Exception, match="no"):
        ready(provider, url).complete("Hi")
    first, second = server.requests(url)
    assert WAIT <= second.at - first.at < WAIT + 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("provider", "body", "headers"),
    [
        ("openai", {"error": {"message": "x", "code": "insufficient_quota"}}, {"retry-after": "1"}),
        ("google", gemini(quota("GenerateRequestsPerDayPerProject"), retry_info("0.1s")), {}),
        ("google", gemini(quota("GenerateRequestsPerMinute", "0"), retry_info("0.1s")), {}),
        ("anthropic", anthropic(), {"x-should-retry": "false", "retry-after": "0"}),
        ("openrouter", {"error": {"message": "x", "code": 429, "type": "insufficient_quota"}}, {}),
    ],
)
def test_a_quota_that_is_used_up_is_final(
    provider: str, body: Any, headers: dict[str, str], way: str, server: ModelServer
) -> None:
    url = server.script(Reply.json(body, 429, headers))
    begun = time.monotonic()
    with pytest.raises(RateLimitError) as caught:
        ask(client(provider, url), way)
    assert time.monotonic() - begun < 0.5
    assert caught.value.retryable is False
    assert len(server.requests(url)) == 1


def test_a_wait_above_two_minutes_is_not_waited_for_and_told(server: ModelServer) -> None:
    url = server.script(Reply.json(gemini(retry_info("34h10m3s")), 429))
    with pytest.raises(RateLimitError) as caught:
        client("google", url).complete("Hi")
    assert caught.value.retry_after == 34 * 3600 + 603
    assert len(server.requests(url)) == 1
