"""Which models an agent asks: fallbacks, policies, what a request says, and answers of a type."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from graphbit_core import (
    ChatResponse,
    Executor,
    Host,
    LlmClient,
    Message,
    Node,
    ReasoningPart,
    ResponseCache,
    StructuredOutputError,
    TextPart,
    ToolCall,
    UnavailableError,
    ValidationError,
    Workflow,
    tool,
)
from graphbit_core.testing import ModelServer, Reply, ScriptedModel
from graphbit_core.testing.replies import error_body
from tests.nodes.agents import COMPONENTS, run


@dataclass(frozen=True)
class Verdict:
    good: bool
    why: str


class Able(ScriptedModel):
    capabilities = frozenset({"stream", "tools", "json_output"})


TEXT = '{"good": true, "why": "It is short."}'


def test_an_agents_fallback_answers_and_the_run_tells_of_it():
    models = {("provider", "a"): lambda: first, ("provider", "b"): lambda: second}
    first, second = ScriptedModel([UnavailableError("down")]), ScriptedModel(["from b"])
    ran = run(Node.agent("x", "Hi", llm="a:m", fallbacks=["b:m"]), llm=None, components=models)
    assert ran.output == "from b"
    assert ran.of("llm.fallback") == [
        ("llm.fallback", {"from": "a:m", "to": "b:m", "error": "UnavailableError: down"})
    ]


def test_of_an_agents_typed_answers_only_what_fits_is_kept():
    model = ScriptedModel(["I think so.", TEXT, "I think so.", TEXT])
    host = Host.isolated({**COMPONENTS, ("provider", "a"): lambda: model})
    client = LlmClient("a:m", host=host, cache=ResponseCache(":memory:"))
    for _ in range(2):
        assert run(Node.agent("x", "Hi", output=Verdict), llm=client).output == Verdict(True, "It is short.")
    assert len(model.requests) == 3  # the second run got the corrected answer from the cache


def test_a_restart_reaches_the_runs_events():
    host = Host.isolated({**COMPONENTS, ("provider", "a"): lambda: a, ("provider", "b"): lambda: b})
    a, b = ScriptedModel([["Half", UnavailableError("down")]]), ScriptedModel(["whole"])
    client = LlmClient("a:m", host=host, fallbacks=["b:m"], restart=True)
    stream = Executor(client, host=host).stream(Workflow("w").chain(Node.agent("x", "Hi")))
    events = [(event.type, event.data) for event in stream if event.type.startswith("llm.")]
    assert stream.result.output == "whole"
    kinds = [data["kind"] for kind, data in events if kind == "llm.delta"]
    assert kinds == ["text", "restart", "text"]
    assert [kind for kind, _ in events].count("llm.restarted") == 1


def test_an_agents_policy_goes_before_the_clients():
    with ModelServer(Reply.json(error_body("x"), 503)) as server:
        client = LlmClient(
            "openai:m",
            host=Host.isolated(COMPONENTS),
            base_url=server.url,
            api_key="sk-x1234567",
            policy={"max_attempts": 3, "backoff_base": 0.001},
        )
        run(Node.agent("a", "Hi", policy={"max_attempts": 1}), llm=client)
        assert len(server.requests()) == 1


def test_what_a_request_can_say_an_agent_can_say():
    model = ScriptedModel(["ok"])
    run(Node.agent("a", "Hi", reasoning_effort="low", parallel_tool_calls=False, cache=True), llm=model)
    (request,) = model.requests
    assert (request.reasoning_effort, request.parallel_tool_calls, request.cache) == ("low", False, True)


@pytest.mark.parametrize("able", [True, False], ids=["json output", "instructed"])
@pytest.mark.parametrize("given", ["type", "path", "schema"])
def test_an_output_has_the_type_that_was_asked_for(able, given):
    model = (Able if able else ScriptedModel)([TEXT])
    schema = {
        "type": "object",
        "properties": {"good": {"type": "boolean"}, "why": {"type": "string"}},
        "required": ["good", "why"],
    }
    output = {"type": Verdict, "path": f"{__name__}:Verdict", "schema": schema}[given]
    ran = run(
        Node.agent("judge", "Is it good?", output=output),
        Node.transform("next", lambda judge: judge),
        llm=model,
    )
    assert ran.output == (json.loads(TEXT) if given == "schema" else Verdict(True, "It is short."))
    assert (model.requests[0].output is not None) == able


def test_an_answer_that_does_not_fit_is_asked_for_again_and_both_are_counted():
    model = Able(["It is good.", TEXT])
    ran = run(Node.agent("judge", "Is it good?", output=Verdict), llm=model)
    assert ran.output == Verdict(True, "It is short.")
    assert len(ran.of("llm.completed")) == 2
    assert [message.role for message in model.requests[1].messages] == ["user", "assistant", "user"]


def test_a_node_whose_answers_never_fit_fails_and_gives_its_last_text():
    ran = run(Node.agent("judge", "Is it good?", output=Verdict), llm=Able(["no"] * 3))
    assert isinstance(ran.cause, StructuredOutputError)
    assert ran.cause.text == "no"


def test_tools_are_called_on_the_way_to_an_output_and_a_repair_keeps_what_they_gave() -> None:
    @tool
    def length(text: str) -> int:
        """Counts."""
        return len(text)

    model = Able([ToolCall("1", "length", '{"text": "abc"}'), "three", TEXT])
    ran = run(Node.agent("judge", "Is it good?", output=Verdict, tools=[length]), llm=model)
    assert ran.output == Verdict(True, "It is short.")
    roles = [message.role for message in model.requests[-1].messages]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


def test_reasoning_and_signatures_come_back_to_the_model_unchanged() -> None:
    @tool(idempotent=True)
    def look() -> str:
        """Looks."""
        return "seen"

    parts = (ReasoningPart("I must look.", "c2ln", "gemini", "r1"), TextPart("Let me look."))
    call = ToolCall("1", "look", "{}", signature="b3BhcXVl")
    asks = ChatResponse(Message("assistant", parts, tool_calls=(call,)), "tool_calls")
    model = ScriptedModel([asks, "done"])
    assert run(Node.agent("a", "Look.", tools=[look]), llm=model).output == "done"
    said = model.requests[1].messages[1]
    assert tuple(said.content) == parts
    assert list(said.tool_calls) == [call]
    assert replace(said, tool_calls=()) == replace(asks.message, tool_calls=())


def test_runs_on_one_host_share_the_client_of_a_node():
    made: list[Any] = []

    def make():
        made.append(ScriptedModel(["ok"], repeat_last=True))
        return made[-1]

    host = Host.isolated({**COMPONENTS, ("provider", "a"): make})
    executor = Executor("a:m", host=host)
    workflow = Workflow("w").chain(Node.agent("x", "Hi"))
    for _ in range(3):
        assert executor.execute(workflow).output == "ok"
    asked = [len(model.requests) for model in made]
    assert sum(asked) == 3
    assert max(asked) == 3, "one client served all runs"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"fallbacks": "b:m"}, "list of 'provider:model'"),
        ({"policy": 3}, "names and numbers"),
        ({"output": 5}, "a type, such as a dataclass, or a JSON Schema"),
        ({"output": "nowhere:Type"}, "cannot be found"),
        ({"output": complex}, "no JSON form"),
        ({"reasoning_effort": 5}, "give text"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(settings, says):
    workflow = Workflow("w").chain(Node.agent("a", "Hi", **settings))
    with pytest.raises(ValidationError, match=says):
        Executor("scripted", host=Host.isolated(COMPONENTS)).execute(workflow)


def test_a_fallback_that_is_not_installed_is_found_before_the_run():
    host = Host.isolated({**COMPONENTS, ("provider", "a"): lambda: ScriptedModel(["ok"])})
    workflow = Workflow("w").chain(Node.agent("x", "Hi", llm="a:m", fallbacks=["nobody:m"]))
    (finding,) = Executor(host=host).validate(workflow)
    assert (finding.code, finding.node) == ("missing_provider", "x")
    assert "nobody" in finding.message


def test_fallbacks_of_a_node_and_a_client_of_the_executor_do_not_mix():
    client = LlmClient("a:m", host=Host.isolated({("provider", "a"): lambda: ScriptedModel([])}))
    ran = run(Node.agent("x", "Hi", fallbacks=["b:m"]), llm=client)
    assert "fallbacks" in str(ran.cause)
