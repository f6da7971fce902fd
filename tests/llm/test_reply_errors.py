from __future__ import annotations

import time

import pytest

from graphbit_core import (
    AuthError,
    BadRequestError,
    ProviderError,
    RateLimitError,
    UnavailableError,
    error_for_status,
)
from graphbit_core.llm.calls.exchange import verdict_on
from graphbit_core.llm.calls.reply_errors import add_header_facts, is_retryable, retry_after

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:10 GMT"}, 10.0),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 01 Jan 2020 00:00:07 GMT", "date": "Wed, 01 Jan 2020 00:00:00 GMT"}, 7.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "+1"}, None),
        ({"retry-after": "1e3"}, None),
        ({"retry-after": "1_0"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": " .5 "}, 0.5),
        ({"retry-after": "Friday, 15-Jan-27 08:00:10 GMT"}, 10.0),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_the_wait_asked_for_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, NOW) == seconds


def test_a_date_without_a_zone_is_gmt_wherever_this_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert retry_after({"retry-after": "Fri Jan 15 08:00:10 2027"}, NOW) == 10.0
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("status", "kind", "retried"),
    [
        (400, BadRequestError, False),
        (401, AuthError, False),
        (403, AuthError, False),
        (404, BadRequestError, False),
        (408, UnavailableError, True),
        (409, BadRequestError, True),
        (413, BadRequestError, False),
        (422, BadRequestError, False),
        (425, BadRequestError, True),
        (429, RateLimitError, True),
        (500, UnavailableError, True),
        (501, UnavailableError, False),
        (503, UnavailableError, True),
        (505, UnavailableError, False),
        (529, UnavailableError, True),
        (302, ProviderError, False),
    ],
)
def test_a_status_says_which_error_it_is_and_whether_to_try_again(
    status: int, kind: type[ProviderError], retried: bool
) -> None:
    error = error_for_status(status, "x")
    assert type(error) is kind
    assert is_retryable(error) is retried


@pytest.mark.parametrize("word", ["true", "TRUE", " false "])
def test_x_should_retry_wins_over_the_status_but_not_over_the_codec(word: str) -> None:
    wanted = word.strip().lower() == "true"
    error = error_for_status(400 if wanted else 503, "x")
    add_header_facts(error, {"x-should-retry": word}, NOW)
    assert is_retryable(error) is wanted
    decided = error_for_status(503, "x", retryable=not wanted)
    add_header_facts(decided, {"x-should-retry": word}, NOW)
    assert is_retryable(decided) is not wanted


def test_what_the_codec_read_is_kept() -> None:
    error = error_for_status(429, "x", retry_after=5.0, request_id="from-body")
    add_header_facts(error, {"retry-after": "9", "x-request-id": "from-header"}, NOW)
    assert (error.retry_after, error.request_id) == (5.0, "from-body")


def test_an_error_inside_an_answer_is_retried_by_its_class() -> None:
    assert is_retryable(UnavailableError("x", status=200))
    assert is_retryable(RateLimitError("x"))
    assert not is_retryable(BadRequestError("x", status=200))
    assert not is_retryable(ProviderError("x"))


@pytest.mark.parametrize(
    ("error", "action", "kind"),
    [
        (error_for_status(429, "x", retry_after=3.0), "retry", "rate_limited"),
        (error_for_status(429, "x", retryable=False), "fail", "rate_limited"),
        (error_for_status(500, "x"), "retry", "unavailable"),
        (error_for_status(501, "x"), "fail", "unavailable"),
        (error_for_status(400, "x"), "fail", "rejected"),
    ],
)
def test_the_verdict_tells_the_kernel_what_the_failure_says_about_the_resource(
    error: ProviderError, action: str, kind: str
) -> None:
    verdict = verdict_on(error)
    assert (verdict.action, verdict.kind, verdict.retry_after) == (action, kind, error.retry_after)
