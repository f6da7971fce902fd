"""Connections that are there before the first call."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

import pytest

from graphbit_core import LlmClient, TransportError
from graphbit_core.errors import GraphBitError
from graphbit_core.testing import ModelServer
from tests.llm.conftest import KEY, open_client
from tests.llm.endpoints import chain


@pytest.mark.parametrize("way", ["blocking", "async"])
def test_the_first_call_uses_the_connection_that_warming_up_opened(way: str, server: ModelServer) -> None:
    client = open_client(server.url)
    found = client.warmup() if way == "blocking" else asyncio.run(client.warmup_async())
    assert found == {}
    [warming] = server.requests()
    assert (warming.method, warming.path, warming.body) == ("HEAD", "/", b"")
    assert KEY not in str(warming.headers)
    assert client.complete("Hi") == "Hello"
    assert len(server.peers) == 1


@pytest.mark.parametrize("way", ["blocking", "async"])
def test_warming_up_tells_which_models_cannot_be_reached(way: str, server: ModelServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        nowhere = f"http://127.0.0.1:{gone.getsockname()[1]}"

    def warm(client: LlmClient) -> Mapping[str, GraphBitError]:
        return client.warmup() if way == "blocking" else asyncio.run(client.warmup_async())

    lost = {"model": "openai:lost", "base_url": nowhere, "api_key": KEY}
    [(name, error)] = warm(open_client(server.url, fallbacks=[lost])).items()
    assert (name, type(error)) == ("openai:lost", TransportError)
    with pytest.raises(TransportError):
        warm(open_client(nowhere))


def test_a_model_of_this_process_needs_no_warming_up() -> None:
    client, _ = chain({"a": []})
    assert client.warmup() == {}
