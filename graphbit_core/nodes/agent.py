"""Agent: asks a chat model, and calls the tools that it asks for."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import NodeContext, NodeType
from graphbit_core.contracts.tool import Tool
from graphbit_core.errors import Finding, ValidationError
from graphbit_core.llm.structured import Answers
from graphbit_core.nodes.agent_models import AgentModels, form_of
from graphbit_core.nodes.settings import require_number, require_text
from graphbit_core.nodes.tools import CutOff, GivenTools, ToolRef, caller_of
from graphbit_core.tools.loop import ToolLoop
from graphbit_core.types.documents import Match
from graphbit_core.types.messages import (
    ChatRequest,
    ChatResponse,
    Delta,
    Message,
    Part,
    PassagePart,
    TextPart,
)
from graphbit_core.workflow.template import placeholders
from graphbit_core.workflow.values import as_text, is_passages, to_json

if TYPE_CHECKING:
    from graphbit_core.host import Resources
    from graphbit_core.llm.client import LlmClient


class AgentNode(NodeType):
    """Asks a model; the output is the text of its answer, or with ``output`` what that asks for.

    With ``tools``, calls those that the model asks for and asks again with their results, until it answers
    without asking for one. Nothing but these can be called, whatever a text says.

    What live predecessors gave and the prompt does not name is put before the prompt: passages as
    passages, all else as one titled section each and, together, as one block of JSON.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION
    inline = True

    def __init__(
        self,
        *,
        prompt: str,
        system_prompt: str | None = None,
        llm: str | None = None,
        fallbacks: Sequence[str] = (),
        policy: Mapping[str, float | int] | None = None,
        output: type | Mapping[str, Any] | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        reasoning_effort: str | None = None,
        parallel_tool_calls: bool | None = None,
        cache: bool = False,
        tools: Sequence[ToolRef] = (),
        max_iterations: int = 10,
        tool_choice: str | None = None,
        context: str | None = None,
    ) -> None:
        if not isinstance(prompt, str) or not prompt.strip():
            raise ValidationError("the prompt is empty; say what the model is to do", field="prompt")
        require_text("system_prompt", system_prompt)
        require_text("llm", llm)
        require_number("temperature", temperature, 0, 2)
        require_number("max_tokens", max_tokens, 1, whole=True)
        require_number("max_iterations", max_iterations, 1, 100, whole=True)
        require_text("tool_choice", tool_choice)
        require_text("reasoning_effort", reasoning_effort)
        require_text("context", context)
        self._prompt = prompt
        self._system_prompt = system_prompt
        self._models = AgentModels(llm, fallbacks, policy)
        self._form = None if output is None else form_of(output)
        self._options: dict[str, Any] = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "reasoning_effort": reasoning_effort,
            "parallel_tool_calls": parallel_tool_calls,
            "cache": cache,
        }
        self._tools = GivenTools(tools)
        self._max_iterations = max_iterations
        self._tool_choice = tool_choice
        self._context = context
        self._cut_off = CutOff()
        self._ready = None if self._tools.names else self._loop(self._tools.ready)
        self._named = {name.split(".")[0] for name in self.placeholders(first=False)}

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names in the prompt, the context and the system prompt."""
        return placeholders("\n".join((self._system_prompt or "", self._context or "", self._prompt)))

    def labels(self) -> Sequence[str]:
        """It never chooses."""
        return ()

    def check_resources(self, resources: Resources) -> Sequence[Finding]:
        """Installed tools that are missing; a provider, key or model that is."""
        needs = ["tools"] if self._tools.given else []
        return [*self._tools.lacking(resources), *self._models.lacking(resources, needs)]

    def run(self, context: NodeContext) -> Awaitable[Any]:
        """The text of the answer, or what ``output`` makes of it.

        Raises:
            StructuredOutputError: The answer does not fit ``output``, also after it was asked for again.
            ToolRoundsError: The model still asks for tools in its last allowed call.
            ToolError: A tool failed fatally.
        """
        return self._watched(context) if self._tools.given else self._answer(context)

    async def _watched(self, context: NodeContext) -> Any:
        with self._cut_off.watching(context.activation):
            return await self._answer(context)

    async def _answer(self, context: NodeContext) -> Any:
        client = self._models.client(context)
        loop = self._ready or self._loop(self._tools.resolve(context))
        request = self._request(context)
        if self._form is not None:
            answers = Answers(self._form, request)
            return await self._formed(client, context, loop, answers)
        ask = partial(self._ask, client, context, loop, None)
        return (await loop.run(request, ask, partial(caller_of, context), context.emit)).text

    async def _formed(
        self, client: LlmClient, context: NodeContext, loop: ToolLoop, answers: Answers[Any]
    ) -> Any:
        """Asks until the answer fits what ``output`` asks for."""
        asked = answers.request

        async def ask(request: ChatRequest, iteration: int) -> ChatResponse:
            nonlocal asked
            asked = request
            return await self._ask(client, context, loop, answers.fits, request, iteration)

        caller = partial(caller_of, context)
        while not answers.done:
            answers.read(await loop.run(answers.request, ask, caller, context.emit), asked)
        return answers.value

    async def _ask(
        self,
        client: LlmClient,
        context: NodeContext,
        loop: ToolLoop,
        fits: Callable[[ChatResponse], bool] | None,
        request: ChatRequest,
        iteration: int,
    ) -> ChatResponse:
        """One model call, counted and told."""
        if iteration > 1:
            context.spend("tool_rounds")
        context.spend("llm_calls")
        context.emit("llm.started", {"model": client.model, "iteration": iteration})
        answered: Mapping[str, Any] = {}

        def observe(kind: str, facts: Mapping[str, Any]) -> None:
            nonlocal answered
            if kind == "llm.answered":
                answered = facts
            else:
                context.emit(kind, facts)

        response = await client.respond_async(
            request,
            deadline=context.deadline,
            on_delta=self._publisher(context, iteration) if context.streaming else None,
            policy=self._models.policy,
            observe=observe,
            fits=fits,
        )
        context.add_usage(response.usage)
        about = {**_summary(response), "iteration": iteration, "usd": answered["usd"]}
        context.emit("llm.completed", about)
        context.spend("usd", answered["usd"], answered["model"])
        if response.tool_calls and loop.must_not_repeat(call.name for call in response.tool_calls):
            self._cut_off.note(context.activation)
        return response

    def _loop(self, tools: Sequence[Tool]) -> ToolLoop:
        return ToolLoop(tools, self._max_iterations, self._tool_choice)

    @staticmethod
    def _publisher(context: NodeContext, iteration: int) -> Any:
        def publish(delta: Delta) -> None:
            about = {"kind": delta.kind, "text": delta.text, "index": delta.index, "iteration": iteration}
            context.emit("llm.delta", about)

        return publish

    def _request(self, context: NodeContext) -> ChatRequest:
        messages = []
        if self._system_prompt:
            messages.append(Message("system", context.render(self._system_prompt)))
        parts = self._context_parts(context)
        if self._context:
            parts.append(TextPart(f"{context.render(self._context)}\n\n"))
        prompt = context.render(self._prompt)
        messages.append(Message("user", [*parts, TextPart(prompt)] if parts else prompt))
        return ChatRequest(messages, **self._options)

    def _context_parts(self, context: NodeContext) -> list[Part]:
        arrived = context.parents
        if not arrived:
            return []
        parents = {
            name: value
            for node_id, (name, value) in zip(context.parent_ids, arrived.items(), strict=True)
            if not self._named & {node_id, name}
        }
        passages = [match for value in parents.values() if is_passages(value) for match in value]
        parts: list[Part] = [_passage(number, match) for number, match in enumerate(passages, 1)]
        others = {
            name: value for name, value in parents.items() if not is_passages(value) and value is not None
        }
        if others:
            sections = "\n\n".join(f"## {name}\n\n{as_text(value)}" for name, value in others.items())
            data = json.dumps(to_json(others), ensure_ascii=False, indent=2)
            parts.append(TextPart(f"{sections}\n\n```json\n{data}\n```\n\n"))
        return parts


def _passage(number: int, match: Match) -> PassagePart:
    source = str(match.metadata.get("source", match.id))
    page = match.metadata.get("page")
    return PassagePart(number, match.text, source if page is None else f"{source}, page {page}")


def _summary(response: ChatResponse) -> dict[str, Any]:
    usage = response.usage
    return {
        "model": response.model,
        "finish_reason": response.finish_reason,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
    }
