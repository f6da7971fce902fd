"""What a call tells about itself while it goes on."""

from __future__ import annotations

from typing import Any

from graphbit_core import ChatRequest, Message
from graphbit_core.testing import Reply
from graphbit_core.testing.replies import chat_body, error_body
from tests.llm.conftest import open_client


def test_who_observes_a_call_hears_that_it_is_made_again_and_why(server):
    url = server.script(Reply.json(error_body("busy"), 503), Reply.json(chat_body("at last")))
    client = open_client(url, policy={"backoff_base": 0.01, "backoff_cap": 0.02})
    heard: list[tuple[str, Any]] = []
    request = ChatRequest([Message("user", "Hi")])
    answered = client.respond(request, observe=lambda kind, facts: heard.append((kind, dict(facts))))
    assert answered.text == "at last"
    heard = [(kind, facts) for kind, facts in heard if kind == "llm.restarted"]
    assert [facts["attempt"] for _, facts in heard] == [2]
    assert heard[0][1]["reason"].startswith("UnavailableError: ")
