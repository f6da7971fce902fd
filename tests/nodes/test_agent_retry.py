"""Model calls are retried in one place: with the call. A node's ``retry`` adds nothing to that."""

from __future__ import annotations

import pytest

from graphbit_core import DecodeError, Host, LlmClient, Node, TransportError, UnavailableError
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.replies import error_body
from tests.nodes.agents import COMPONENTS, run

RETRY = {"max_attempts": 3, "base": 0.001, "cap": 0.001}


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Reply.json(error_body("x"), 503), UnavailableError),
        (Reply.json(error_body("x"), 503, {"x-should-retry": "true"}), UnavailableError),
        (Reply.json({}), DecodeError),
        (Reply.raw(b""), TransportError),
    ],
    ids=["503", "x-should-retry", "no answer", "closed"],
)
def test_there_is_one_retry_layer(reply, error):
    with ModelServer(reply) as server:
        policy = {"max_attempts": 2, "backoff_base": 0.001}
        client = LlmClient(
            "openai:m", host=Host.isolated(COMPONENTS), base_url=server.url, api_key="sk-x", policy=policy
        )
        ran = run(Node.agent("a", "Hi", retry=RETRY), llm=client)
        assert isinstance(ran.cause, error)
        assert ran.result.error.attempts == 1
        assert len(server.requests()) == 2
