"""Ours: async calls, a batch, calls through an agent node, streams; and the shares of kernel and codec."""

from __future__ import annotations

import asyncio
import time

from llm_protocol import CONCURRENCY, KEY, MODEL, PROMPT, calls, calls_of, measured, say, streams_of, url

from graphbit_core import ChatRequest, Executor, HttpResponse, LlmClient, Message, Node, Workflow
from graphbit_core.kernel import Engine, Mailbox

REQUEST = ChatRequest([Message("user", PROMPT)])


def kernel_alone(row: dict[str, float], client: LlmClient) -> HttpResponse:
    """Calls without a codec: one request, made once, sent again and again; replies are not read."""
    codec = client.endpoints[0].codec
    assert codec is not None
    request = codec.encode(REQUEST, stream=False)
    headers, engine, mailbox = list(request.headers.items()), Engine(), Mailbox()
    until = time.monotonic() + 60
    last: tuple = ()

    def run(count: int) -> None:
        nonlocal last
        left, going = count, 0
        while left or going:
            for _ in range(min(left, CONCURRENCY - going)):
                engine.start(
                    mailbox, "kernel", "POST", request.url, headers, request.body, None, True, 1, until, {}
                )
                left, going = left - 1, going + 1
            if mailbox.wait(0.1):
                for call, _, reply in mailbox.drain():
                    engine.ok(call, 1)
                    going, last = going - 1, reply

    run(2 * CONCURRENCY)
    with measured(row, "kernel", calls):
        run(calls)
    _, status, pairs, body = last
    return HttpResponse(status, dict(pairs), body)


def codec_alone(row: dict[str, float], client: LlmClient, response: HttpResponse) -> None:
    """Writing requests and reading replies, with nothing between them."""
    codec = client.endpoints[0].codec
    assert codec is not None
    with measured(row, "codec", calls):
        for _ in range(calls):
            codec.encode(REQUEST, stream=False)
            codec.decode(response)


def batch(row: dict[str, float], client: LlmClient) -> None:
    """Blocking, with no event loop."""
    client.complete_batch([REQUEST] * 2 * CONCURRENCY, max_concurrency=CONCURRENCY)
    with measured(row, "batch", calls):
        items = client.complete_batch([REQUEST] * calls, max_concurrency=CONCURRENCY)
    assert all(item.ok for item in items)


async def main(row: dict[str, float], client: LlmClient) -> None:
    """What needs an event loop."""
    workflow = Workflow("agents")
    agent = Node.agent("agent", PROMPT)
    workflow.add_node(Node.map("each", agent, over="items", max_concurrency=CONCURRENCY))
    executor = Executor(llm=client, max_concurrency=CONCURRENCY, type_limits={"agent": CONCURRENCY})

    async def agents(count: int) -> None:
        (await executor.run_async(workflow, {"items": list(range(count))})).raise_for_failure()

    async def stream() -> int:
        seen: list[object] = []
        await client.respond_async(REQUEST, on_delta=seen.append)
        return len(seen)

    await calls_of(row, lambda: client.respond_async(REQUEST))
    await agents(2 * CONCURRENCY)
    with measured(row, "agent", calls):
        await agents(calls)
    await streams_of(row, stream)


if __name__ == "__main__":
    figures: dict[str, float] = {}
    ours = LlmClient(f"openai:{MODEL}", api_key=KEY, base_url=url)
    batch(figures, ours)
    codec_alone(figures, ours, kernel_alone(figures, ours))
    asyncio.run(main(figures, ours))
    say(figures)
