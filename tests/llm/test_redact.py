from __future__ import annotations

import pytest

from graphbit_core import DecodeError, GraphBitError, HttpRequest, ProviderError
from graphbit_core.llm.redact import redact, redact_error, secrets_of
from graphbit_core.testing import ModelServer, Reply
from tests.llm.conftest import KEY, open_client


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abcdefgh12345678.",
        "token hf_abcdefghijklmnop is not valid",
        "AIzaSyA1234567890abcdef is blocked",
        "AKIAIOSFODNN7EXAMPLE",
        "Authorization: Bearer abc.def-123",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl",
        "https://user:password123@host/",
        "GET /v1?key=abcdef123456",
    ],
)
def test_what_looks_like_a_key_is_masked(text: str) -> None:
    shown = redact(text)
    assert "***" in shown
    for secret in ("abcdefgh", "SyA123", "IOSFOD", "abc.def", "c2lnbm", "password", "abcdef"):
        assert secret not in shown


@pytest.mark.parametrize(
    "text",
    ["The risk-assessment failed.", "max_tokens is too large: 9000", "ask-me-anything", "model gpt-5.6-luna"],
)
def test_ordinary_words_stay(text: str) -> None:
    assert redact(text) == text


def test_the_credentials_and_the_address_of_a_request_are_secrets() -> None:
    request = HttpRequest(
        "POST",
        "https://gate.example:8443/v1/chat?x=1",
        {"authorization": "Bearer odd key!", "api-key": "k2k2k2", "content-type": "application/json"},
    )
    text = "key! k2k2k2 https://gate.example:8443/v1/chat?x=1 and gate.example:8443 application/json"
    assert redact(text, secrets_of(request.url, request.headers)) == "*** *** *** and *** application/json"


def test_an_error_is_redacted_in_message_arguments_and_facts() -> None:
    error = ProviderError("no: sk-abcdefgh1", code="sk-abcdefgh1")
    redact_error(error, ())
    assert (str(error), error.args, error.code) == ("no: ***", ("no: ***",), "***")
    garbled = DecodeError("x", excerpt="my-own-key")
    redact_error(garbled, ("my-own-key",))
    assert garbled.excerpt == "***"


def test_a_key_in_the_query_or_before_the_host_is_a_secret() -> None:
    url = "https://me:pass-4711@gate.example/v1?api_key=query-0815&version=2027-01-01"
    shown = redact("pass-4711, query-0815, version 2027-01-01", secrets_of(url, {}))
    assert shown == "***, ***, version 2027-01-01"


@pytest.mark.parametrize("length", range(6, 16))
def test_a_key_that_an_excerpt_cuts_is_masked_as_well(length: int) -> None:
    key = "my-own-odd-key-0"
    assert redact("bad: " + key[:length], (key,)) == "bad: ***"


def test_a_request_is_shown_without_headers_user_and_query() -> None:
    url = "https://me:pass-4711@gate.example/v1/chat?api_key=query-0815#x"
    request = HttpRequest("POST", url, {"authorization": "Bearer header-0666"}, b"body")
    assert repr(request) == "HttpRequest(POST https://gate.example/v1/chat)"


@pytest.mark.parametrize("shown", ["od/d+key", "OD/D+KEY", "od%2Fd%2Bkey", "od\\/d+key"])
def test_a_key_is_masked_in_every_form_that_a_server_may_repeat(shown: str) -> None:
    secrets = secrets_of("https://gate.example/v1", {"authorization": "Bearer od/d+key"})
    assert redact(f"bad key {shown}!", secrets) == "bad key ***!"


@pytest.mark.parametrize(
    "body", ["y" * 190 + KEY, '{"oops": "' + KEY + '"', '{"a": "' + "z" * 178 + KEY + '"}']
)
def test_no_error_holds_a_key_that_a_body_repeats_wherever_its_excerpt_ends(
    server: ModelServer, body: str
) -> None:
    for reply in (Reply.text(body), Reply.stream(f"data: {body}\n\n", chunked=False)):
        client = open_client(server.script(reply), policy={"max_attempts": 1})
        with pytest.raises(GraphBitError) as caught:
            list(client.stream("Hi"))
        error: BaseException | None = caught.value
        while error is not None:
            held = repr((error.args, vars(error), getattr(error, "doc", "")))
            assert KEY[:9] not in held
            error = error.__cause__ or error.__context__
