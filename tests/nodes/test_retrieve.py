"""A query's vector is a model call like any other: counted, capped, within the node's time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from graphbit_openai import OpenAIEmbedder

from graphbit_core import (
    BudgetExceededError,
    ConfigError,
    DeadlineError,
    EmbeddingClient,
    Executor,
    GraphBitError,
    Host,
    Match,
    Node,
    Query,
    RunCaps,
    Workflow,
    WorkflowResult,
)
from graphbit_core.testing import ModelServer, Reply

VECTORS = Reply.json({"data": [{"index": 0, "embedding": [1.0]}], "usage": {"prompt_tokens": 30}})
PRICE = 0.02e-6
"""US dollars per token of the model."""


class Store:
    """Finds the length of the query's vector."""

    def search(self, query: Query) -> list[Match]:
        return [Match("1", 1.0, str(len(query.vector)), {"source": "s"})]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


def run(
    url: str, *, model: str = "text-embedding-3-small", timeout: Any = None, **caps: Any
) -> WorkflowResult:
    host = Host.isolated({("embedder", "openai"): OpenAIEmbedder})
    embedder = EmbeddingClient("openai", model=model, host=host, base_url=url, api_key="sk-1")
    workflow = Workflow("find").chain(Node.retrieve("find", "{question}", timeout=timeout))
    executor = Executor(services={"store": Store(), "embedder": embedder}, caps=RunCaps(**caps))
    return executor.execute(workflow, {"question": "why"})


def cause(result: WorkflowResult) -> BaseException:
    """What made the run fail."""
    with pytest.raises(GraphBitError) as caught:
        result.raise_for_failure()
    error: BaseException = caught.value
    while error.__cause__ is not None:
        error = error.__cause__
    return error


def test_the_tokens_of_a_querys_vector_count_for_its_node(server: ModelServer) -> None:
    result = run(server.script(VECTORS), tokens=30, usd=31 * PRICE)
    result.raise_for_failure()
    assert result.usage.input_tokens == 30
    assert [match.text for match in result.outputs["find"]] == ["1"]


def test_a_run_that_may_not_use_so_many_tokens_is_stopped(server: ModelServer) -> None:
    for caps in ({"tokens": 29}, {"usd": 29 * PRICE}):
        error = cause(run(server.script(VECTORS), **caps))
        assert isinstance(error, BudgetExceededError)
        assert error.cap == next(iter(caps))


def test_a_cap_in_dollars_needs_a_price(server: ModelServer) -> None:
    error = cause(run(server.script(VECTORS), model="unheard-of", usd=1.0))
    assert isinstance(error, ConfigError)
    assert "the price of openai:unheard-of is not known" in str(error)


def test_the_request_ends_with_the_nodes_time(server: ModelServer) -> None:
    began = time.monotonic()
    error = cause(run(server.script(Reply.raw(b"", "hang")), timeout=0.2))
    assert time.monotonic() - began < 2
    assert isinstance(error, DeadlineError)
    assert server.wait(lambda: server.open_peers() == 0)
