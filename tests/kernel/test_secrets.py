"""No error and no line of the kernel's log shows what a request carries."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from graphbit_core._native import Engine, Mailbox, take_log
from graphbit_core.errors import GraphBitError

CANARIES = ("path-canary", "query-canary", "user-canary", "header-canary", "body-canary")


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    mailbox.close()


def fails(mailbox: Mailbox, url: str, **changes: Any) -> GraphBitError:
    given: dict[str, Any] = {
        "method": "POST",
        "headers": [("authorization", "Bearer header-canary")],
        "framing": "sse",
        "idempotent": True,
        "tokens": 1,
        "deadline": None,
        "policy": {"max_attempts": 1},
        **changes,
    }
    body = b"data: body-canary\n\ndata: \xff\n\n"
    try:
        Engine().start(mailbox, "secrets", url=url, body=body, **given)
    except GraphBitError as error:
        return error
    begun = time.monotonic()
    while time.monotonic() - begun < 10:
        mailbox.wait(0.1)
        for _, kind, payload in mailbox.drain():
            if kind == "failed":
                assert isinstance(payload, GraphBitError)
                return payload
    raise AssertionError("the call did not fail")


def everything(error: BaseException | None) -> str:
    shown = ""
    while error is not None:
        shown += f"{error} {error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    return shown


@pytest.mark.parametrize(
    ("where", "changes"),
    [
        ("http://user-canary:x@127.0.0.1:1/path-canary?key=query-canary", {}),
        ("http://user-canary:x@host.invalid/path-canary?key=query-canary", {}),
        ("https://user-canary:x@127.0.0.1:1/path-canary?key=query-canary", {}),
        ("https://{server}/path-canary?key=query-canary", {}),
        ("http://{server}/cut/path-canary?key=query-canary", {}),
        ("http://{server}/stream/5?key=query-canary", {}),
        ("http://{server}/hang/path-canary?key=query-canary", {"policy": {"first_byte_timeout": 0.1}}),
        ("http://{server}/stream/5?key=query-canary", {"policy": {"max_stream": 10}}),
        ("http://user-canary:x@[bad/path-canary?key=query-canary", {}),
        ("ftp://user-canary:x@127.0.0.1/path-canary?key=query-canary", {}),
        ("http://127.0.0.1:1/path-canary", {"headers": [("authorization", "header-canary\n")]}),
    ],
)
def test_no_failure_shows_the_url_a_header_or_the_body(mailbox, server, where, changes):
    take_log()
    error = fails(mailbox, where.replace("{server}", server.url.removeprefix("http://")), **changes)
    log = "\n".join(text for level, text in take_log() if level >= logging.DEBUG // 2)
    for canary in CANARIES:
        assert canary not in everything(error) and canary not in log
