"""Every installed provider behind HTTP, and every fault that needs no dialect: an error, never an answer.

Faults within a dialect are tried by the kit, with each provider's own replies. All providers are asked at
once, so that what waits is waited for once.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from graphbit_core import (
    ChatCodec,
    ChatRequest,
    DeadlineError,
    DecodeError,
    GraphBitError,
    LlmClient,
    Message,
    ProviderError,
    ResourceExhaustedError,
    StreamInterruptedError,
    default_host,
)
from graphbit_core.testing import ModelServer, Reply
from tests.llm.conftest import HASTY, KEY
from tests.llm.test_faults import BOTH, NOT_STREAMED

HI = ChatRequest((Message("user", "Hi"),))
CONTENT_TYPE = {"sse": "text/event-stream", "ndjson": "application/x-ndjson"}
LIMIT = 1_000_000
"""Bytes of a body, and of a frame."""


def providers_behind_http() -> dict[str, str]:
    """Name and framing of each that is installed and works."""
    host = default_host()
    found: dict[str, str] = {}
    for info in host.list("provider"):
        if info.state not in ("available", "loaded"):
            continue
        component: Any = host.component("provider", info.name)
        if "base_url" in inspect.signature(component).parameters:
            chat = component(api_key=KEY, base_url="http://127.0.0.1:9").chat("scripted-1")
            if isinstance(chat, ChatCodec):
                found[info.name] = chat.framing
    return found


PROVIDERS = providers_behind_http()
Kinds = tuple[type[GraphBitError], ...]


@dataclass(frozen=True)
class Fault:
    """What the server does, and the errors it may be."""

    reply: Reply
    errors: Kinds


NO_ANSWER = {
    name: Fault(Reply.json(body), (DecodeError, ProviderError))
    for name, body in {
        "an error": {"error": {"message": "busy", "type": "server_error", "code": 500}},
        "an error as text": {"error": "busy"},
        "no choices": {"choices": []},
        "no candidates": {"candidates": []},
        "no output": {"output": []},
        "no content": {"content": []},
        "an empty choice": {"choices": [{}]},
        "an empty candidate": {"candidates": [{}]},
        "an empty item": {"output": [{}]},
        "an empty message": {"message": {}, "choices": [{"message": {}}]},
        "numbers for lists": {"choices": 7, "candidates": 7, "output": 7, "content": 7, "message": 7},
        "texts in lists": {"choices": ["x"], "candidates": ["x"], "output": ["x"], "content": ["x"]},
    }.items()
}
WHOLE = {
    **{name: Fault(fault.reply, (fault.error,)) for name, fault in (BOTH | NOT_STREAMED).items()},
    **NO_ANSWER,
}
del WHOLE["an error with status 200"]  # in the dialect of one provider; the kit has it for each


def frame(text: str | bytes, framing: str) -> bytes:
    data = text.encode() if isinstance(text, str) else text
    return b"data: " + data + b"\n\n" if framing == "sse" else data + b"\n"


def streamed(framing: str) -> dict[str, Fault]:
    """Faults of a stream in that framing."""

    def open_ended(body: bytes) -> Reply:
        return Reply.stream(body, CONTENT_TYPE[framing], chunked=False)

    unknown = frame('{"type":"ping"}', framing)
    silence = b": keep-alive\n\n" if framing == "sse" else b"\n"
    bare = (StreamInterruptedError, DecodeError)
    late = (DeadlineError, DecodeError)
    chunked = Reply.stream(unknown * 2, CONTENT_TYPE[framing])
    return {
        **{name: Fault(fault.reply, (fault.error,)) for name, fault in BOTH.items()},
        "empty": Fault(Reply.stream(b"", CONTENT_TYPE[framing]), bare),
        "silence": Fault(open_ended(silence * 3), bare),
        "silence without end": Fault(open_ended(silence).endless(0.02), (DeadlineError,)),
        "unknown frames": Fault(open_ended(unknown * 3), bare),
        "unknown frames without end": Fault(open_ended(unknown).endless(0.02), late),
        "hang within the stream": Fault(open_ended(unknown).cut_body(len(unknown), "hang"), late),
        "hang within a frame": Fault(open_ended(unknown).cut_body(9, "hang"), (DeadlineError,)),
        "reset within the stream": Fault(chunked.cut_body(len(unknown) + 9, "reset"), bare),
        "chunks cut short": Fault(chunked.cut_body(len(chunked.body) - 5), bare),
        "not JSON": Fault(open_ended(frame("{oops", framing)), (DecodeError,)),
        "not UTF-8": Fault(open_ended(frame(b'{"x":"\xff\xfe"}', framing)), (DecodeError,)),
        "deeply nested": Fault(open_ended(frame("[" * 200_000, framing)), (DecodeError,)),
        "no objects": Fault(open_ended(frame("[]", framing) + frame("7", framing)), bare),
        "a frame without end": Fault(
            open_ended(b"data: " + b"x" * 100_000).endless(0), (ResourceExhaustedError,)
        ),
        "a page": Fault(Reply.text("<html>busy</html>", content_type="text/html"), bare),
        **{name: Fault(fault.reply, (*bare, ProviderError)) for name, fault in NO_ANSWER.items()},
    }


CASES = [
    *(pytest.param(None, fault, id=f"whole-{name}") for name, fault in WHOLE.items()),
    *(
        pytest.param(framing, fault, id=f"{framing}-{name}")
        for framing in sorted(set(PROVIDERS.values()))
        for name, fault in streamed(framing).items()
    ),
]


def open_clients(url: str, framing: str | None, fault: Fault) -> dict[str, LlmClient]:
    """A client of each provider, or of each with that framing; it has no patience where that is the test."""
    hasty = DeadlineError in fault.errors
    policy = {**(HASTY if hasty else {"max_attempts": 1}), "max_body": LIMIT, "max_frame": LIMIT}
    patience = 1 if hasty else 30
    return {
        name: LlmClient(f"{name}:scripted-1", base_url=url, api_key=KEY, timeout=patience, policy=policy)
        for name, its in PROVIDERS.items()
        if framing in (None, its)
    }


async def ask_all(clients: Mapping[str, LlmClient], *, stream: bool) -> dict[str, Any]:
    on_delta = (lambda _: None) if stream else None
    asked = (client.respond_async(HI, on_delta=on_delta) for client in clients.values())
    return dict(zip(clients, await asyncio.gather(*asked, return_exceptions=True), strict=True))


def test_the_known_apis_are_among_those_tried() -> None:
    assert {"openai", "openai_responses", "azure", "anthropic", "google"} <= PROVIDERS.keys()


@pytest.mark.parametrize(("framing", "fault"), CASES)
def test_a_fault_is_a_typed_error_with_facts_at_every_provider(
    framing: str | None, fault: Fault, server: ModelServer
) -> None:
    clients = open_clients(server.script(fault.reply), framing, fault)
    found = asyncio.run(ask_all(clients, stream=framing is not None))
    wrong = {name: result for name, result in found.items() if not isinstance(result, fault.errors)}
    assert not wrong, fault.errors
    for name, error in found.items():
        facts = error.facts()
        assert (facts["provider"], facts["model"], facts["attempts"]) == (name, "scripted-1", 1)
        assert KEY not in repr(error) + str(facts)
    if fault.reply.ending != "keep":
        assert server.wait(lambda: server.open_peers() == 0, timeout=2), "a socket was not closed"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read in /proc")
def test_faults_leave_no_memory_behind(server: ModelServer) -> None:
    def resident() -> int:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    quick = [case for case in CASES if "hang" not in str(case.id) and "without end" not in str(case.id)]

    def run_all() -> None:
        for case in quick:
            framing: Any = case.values[0]
            fault: Any = case.values[1]
            clients = open_clients(server.script(fault.reply), framing, fault)
            asyncio.run(ask_all(clients, stream=framing is not None))

    run_all()
    base = resident()
    run_all()
    assert resident() <= base + 40 * 2**20
