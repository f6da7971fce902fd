"""What a model thought between its calls goes back to it with their results, where and as it was."""

from __future__ import annotations

import responses_wire as wire

from graphbit_core import LlmClient, Node
from graphbit_core.testing import ModelServer, Reply

from .agents import population, run, weather

ARGUMENTS = '{"city": "Ulm"}'


def test_reasoning_between_the_calls_of_an_agent_keeps_its_place_over_the_responses_api():
    thoughts = [wire.reasoning("First.", " Then."), wire.reasoning(id="rs_2", secret="gBBB")]
    calls = [wire.call("call_1", "population", ARGUMENTS), wire.call("call_2", "population", ARGUMENTS)]
    asks = wire.response(thoughts[0], calls[0], thoughts[1], calls[1])
    answers = wire.response(wire.message("126000 people."))
    with ModelServer() as server:
        url = server.script(*(Reply.stream(wire.sse(wire.events(whole))) for whole in (asks, answers)))
        client = LlmClient("openai_responses:m", base_url=url, api_key="sk-x")
        ran = run(
            Node.agent("a", "How many?", system_prompt="Be brief.", tools=[weather, population]), llm=client
        )
        first, second = (request.json() for request in server.requests(url))
    assert ran.output == "126000 people."
    assert first["instructions"] == second["instructions"] == "Be brief."
    results = [
        {"type": "function_call_output", "call_id": call["call_id"], "output": "126000"} for call in calls
    ]
    sent = [{name: call[name] for name in ("type", "call_id", "name", "arguments")} for call in calls]
    assert second["input"] == [*first["input"], thoughts[0], sent[0], thoughts[1], sent[1], *results]
