"""The law: tokens are reserved before a call and settled after it; deadlines reach every call below them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from graphbit_core import DeadlineError, EmbeddingClient, Executor, GraphBitError, Node, Workflow
from graphbit_core.kernel.calls import engine
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import echo_chat
from graphbit_core.testing.replies import error_body
from tests.llm.conftest import KEY, WAYS, ask, open_client

HANG = Reply.raw(b"", "hang")
REFUSED = Reply.json(error_body("x"), 400)
LIMITED = Reply.json(error_body("x"), 429, {"retry-after": "0"})


@pytest.mark.parametrize("way", WAYS)
def test_what_a_call_did_not_use_of_its_reservation_is_there_for_the_next(
    way: str, server: ModelServer
) -> None:
    """A call reserves about 20 tokens of prompt, or 45 with stream options, and uses 18."""
    client = open_client(server.script(echo_chat), limits={"tokens_per_minute": 90}, timeout=1)
    for _ in range(3):
        assert ask(client, way) == "Hello"
    assert engine().limiter_stats(client.endpoints[0].limiter or "")["in_flight"] == 0


@pytest.mark.parametrize("refusal", [REFUSED, LIMITED], ids=["400", "429"])
def test_a_call_that_was_refused_used_no_tokens(refusal: Reply, server: ModelServer) -> None:
    url = server.script(*[refusal] * 5, echo_chat)
    limits = {"tokens_per_minute": 60}
    client = open_client(url, limits=limits, timeout=1, policy={"max_attempts": 1})
    for _ in range(5):
        with pytest.raises(GraphBitError, match="x"):
            client.complete("Hi", max_tokens=30)
    assert client.complete("Hi", max_tokens=30) == "Hello"


def test_the_most_that_an_answer_may_be_is_reserved(server: ModelServer) -> None:
    client = open_client(server.script(HANG), limits={"tokens_per_minute": 100}, timeout=0.5)

    async def two() -> None:
        first = asyncio.ensure_future(client.complete_async("Hi", max_tokens=60))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests()))
        with pytest.raises(DeadlineError) as caught:
            await client.complete_async("Hi", max_tokens=60)  # until then the first may give some back
        assert caught.value.phase == "queue"
        first.cancel()

    asyncio.run(two())
    assert len(server.requests()) == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_wait_for_tokens_that_cannot_end_in_time_is_refused_at_once(way: str, server: ModelServer) -> None:
    """The call before used 18 tokens of 30; the next one needs more than the 12 that are left."""
    url, other = server.script(echo_chat), server.script(echo_chat)
    limits = {"tokens_per_minute": 30}
    open_client(url, limits=limits).complete("Hi")
    begun = time.monotonic()
    with pytest.raises(DeadlineError):
        ask(open_client(url, limits=limits, timeout=2), way)
    spare = {"model": "openai:other", "base_url": other, "api_key": KEY, "limits": {"max_concurrency": 9}}
    assert ask(open_client(url, limits=limits, timeout=2, fallbacks=[spare]), way) == "Hello"
    assert time.monotonic() - begun < 0.4
    assert len(server.requests(url)) == 1


def agents() -> dict[str, Node]:
    inner = Workflow("inner").chain(Node.agent("deep", "Hi"))
    return {
        "agent": Node.agent("a", "Hi"),
        "map": Node.map("each", Node.agent("one", "Hi"), over=[1, 2, 3]),
        "loop": Node.loop("again", Node.agent("one", "Hi"), until="false", max_iterations=3),
        "subworkflow": Node.subworkflow("sub", inner),
    }


@pytest.mark.parametrize("place", ["agent", "map", "loop", "subworkflow"])
def test_the_deadline_of_a_run_ends_the_calls_below_it(place: str, server: ModelServer) -> None:
    client = open_client(server.script(HANG), timeout=30)
    result = Executor(client, timeout_seconds=0.5).execute(Workflow("w").chain(agents()[place]))
    assert time.monotonic() - server.requests()[0].at < 0.7
    assert not result.is_success()
    assert server.wait(lambda: server.open_peers() == 0, timeout=0.3)
    assert engine().in_flight() == 0


@pytest.mark.parametrize("place", ["agent", "map", "loop", "subworkflow"])
def test_cancelling_a_run_closes_the_sockets_of_its_calls(place: str, server: ModelServer) -> None:
    client = open_client(server.script(HANG), timeout=30)
    workflow = Workflow("w").chain(agents()[place])

    async def cancel() -> float:
        run = asyncio.ensure_future(Executor(client).run_async(workflow))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests()))
        begun = time.monotonic()
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        return begun

    begun = asyncio.run(cancel())
    assert server.wait(lambda: server.open_peers() == 0, timeout=0.3)
    assert max(peer.left_at or 0 for peer in server.peers) - begun < 0.2
    assert engine().in_flight() == 0


def test_a_drain_lets_a_call_that_goes_on_end(server: ModelServer) -> None:
    url = server.script(lambda request: echo_chat(request).in_pieces(40, 0.03))
    executor = Executor(open_client(url))
    workflow = Workflow("w").chain(Node.agent("a", "Hi"), Node.agent("b", "Hi"))

    async def drain() -> Any:
        run = asyncio.ensure_future(executor.run_async(workflow))
        await asyncio.to_thread(server.wait, lambda: bool(server.requests()))
        await asyncio.to_thread(executor.drain, 5)
        return await run

    result = asyncio.run(drain())
    assert (result.state, result.reason, list(result.unfinished)) == ("cancelled", "drained", ["b"])
    assert result.nodes[0].state == "succeeded"
    assert len(server.requests(url)) == 1


@pytest.mark.parametrize("way", ["embed", "embed_async"])
@pytest.mark.parametrize("reply", [HANG, Reply.text(b" " * 9000).in_pieces(20, 0.05)], ids=["hang", "slow"])
def test_the_deadline_of_embeddings_is_one_for_all_their_requests(
    way: str, reply: Reply, server: ModelServer
) -> None:
    vectors = {"data": [{"index": n, "embedding": [1.0]} for n in range(2048)]}
    url = server.script(Reply.json(vectors), reply)
    client = EmbeddingClient("openai", model="m", base_url=url, api_key=KEY, timeout=0.5)
    texts = ["Hi"] * 2048 * 3
    begun = time.monotonic()
    with pytest.raises(DeadlineError):
        client.embed(texts) if way == "embed" else asyncio.run(client.embed_async(texts))
    assert time.monotonic() - begun < 0.8
