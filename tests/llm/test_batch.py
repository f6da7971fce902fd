"""Many requests at once, in both forms."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from typing import Any

import pytest

from graphbit_core import (
    AuthError,
    BatchItem,
    ChatRequest,
    DeadlineError,
    LlmClient,
    Message,
    RateLimitError,
    UnavailableError,
    ValidationError,
)
from graphbit_core.kernel.calls import engine
from graphbit_core.testing import Reply
from graphbit_core.testing.model_server import Received
from graphbit_core.testing.replies import chat_body, error_body
from tests.llm.conftest import open_client
from tests.llm.endpoints import chain

FORMS = pytest.mark.parametrize("form", ["blocking", "async"])


def answer(client: LlmClient, form: str, prompts: Any, **options: Any) -> list[BatchItem]:
    if form == "blocking":
        return client.complete_batch(prompts, **options)
    return asyncio.run(client.complete_batch_async(prompts, **options))


def echo(request: Received) -> Reply:
    """Says what it was asked; a prompt that is a number is answered with that status."""
    said = request.json()["messages"][-1]["content"]
    return Reply.json(error_body("no"), int(said)) if said.isdigit() else Reply.json(chat_body(said))


def hang(request: Received) -> Reply:
    return Reply.json(chat_body("never")).cut(10, "hang")


@FORMS
def test_answers_come_in_the_order_of_the_prompts(server, form):
    prompts = [f"prompt {i}" for i in range(40)]
    items = answer(open_client(server.script(echo)), form, prompts, max_concurrency=7)
    assert [item.text for item in items] == prompts
    assert all(item.ok and item.error is None and item.response is not None for item in items)


@FORMS
def test_an_error_is_the_item_of_its_prompt_and_the_others_are_answered(server, form):
    client = open_client(server.script(echo), policy={"max_attempts": 1})
    bad = ChatRequest([])
    items = answer(client, form, ["one", "401", bad, "503", "two"], max_concurrency=2)
    assert [item.ok for item in items] == [True, False, False, False, True]
    assert [type(item.error) for item in items[1:4]] == [AuthError, ValidationError, UnavailableError]
    with pytest.raises(AuthError):
        _ = items[1].text


@FORMS
def test_no_more_calls_go_on_than_allowed(server, form):
    going, most, lock = 0, 0, threading.Lock()

    def count(request: Received) -> Reply:
        nonlocal going, most
        with lock:
            going += 1
            most = max(most, going)
        time.sleep(0.01)
        with lock:
            going -= 1
        return Reply.json(chat_body())

    answer(open_client(server.script(count)), form, ["Hi"] * 20, max_concurrency=3)
    assert most == 3


@FORMS
def test_an_attempt_that_fails_is_made_again_and_nobody_waits_for_it_meanwhile(server, form):
    seen: set[str] = set()

    def first_fails(request: Received) -> Reply:
        said = request.json()["messages"][-1]["content"]
        if said in seen:
            return Reply.json(chat_body(said))
        seen.add(said)
        return Reply.json(error_body("busy"), 503)

    client = open_client(server.script(first_fails), policy={"backoff_base": 0.01, "backoff_cap": 0.02})
    assert [item.text for item in answer(client, form, ["a", "b"])] == ["a", "b"]


@FORMS
def test_a_deadline_holds_for_all_of_them_also_those_that_have_not_begun(server, form):
    began = time.monotonic()
    client = open_client(server.script(hang))
    items = answer(client, form, ["Hi"] * 5, max_concurrency=2, deadline=began + 0.2)
    assert [type(item.error) for item in items] == [DeadlineError] * 5
    assert time.monotonic() - began < 2


@FORMS
def test_a_model_of_this_process_and_its_fallback_answer_too(form):
    client, models = chain({"a": ["one", RateLimitError("no", status=429)], "b": ["two"]})
    items = answer(client, form, ["Hi", "Hi"], max_concurrency=1)
    assert [item.text for item in items] == ["one", "two"]
    assert [len(model.requests) for model in models.values()] == [2, 1]


@FORMS
def test_a_fallback_behind_http_is_asked_while_the_others_go_on(server, form):
    other = {"model": "openai:other", "base_url": server.script(echo), "api_key": "sk-other"}
    client = open_client(server.script(Reply.json(error_body("no"), 401)), fallbacks=[other])
    assert [item.text for item in answer(client, form, ["a", "b", "c"])] == ["a", "b", "c"]


@FORMS
def test_no_prompts_are_no_items_and_no_call_at_a_time_is_refused(server, form):
    client = open_client(server.url)
    assert answer(client, form, []) == []
    with pytest.raises(ValidationError, match="max_concurrency is 0"):
        answer(client, form, ["Hi"], max_concurrency=0)
    assert server.requests() == []


def test_ctrl_c_ends_the_calls_that_go_on(server, everyone_left):
    client = open_client(server.script(hang), timeout=60)

    def interrupt() -> None:
        server.wait(lambda: len(server.requests()) == 4)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        client.complete_batch(["Hi"] * 9, max_concurrency=4)
    thread.join()
    assert engine().in_flight() == 0 and everyone_left()


def test_a_cancelled_batch_ends_the_calls_that_go_on(server, everyone_left):
    client = open_client(server.script(hang), timeout=60)

    async def leave() -> None:
        batch = asyncio.ensure_future(client.complete_batch_async(["Hi"] * 9, max_concurrency=4))
        await asyncio.to_thread(server.wait, lambda: len(server.requests()) == 4)
        batch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await batch
        assert engine().in_flight() == 0

    asyncio.run(leave())
    assert everyone_left()


def test_whole_requests_and_prompts_may_be_mixed(server):
    request = ChatRequest([Message("user", "whole")])
    items = open_client(server.script(echo)).complete_batch([request, "prompt"])
    assert [item.text for item in items] == ["whole", "prompt"]
