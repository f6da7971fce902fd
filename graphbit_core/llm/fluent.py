"""One call of a model, written as a chain: ``model("gpt-4o").prompt("Hello").execute()``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Self, TypeVar

from graphbit_core.clock import now
from graphbit_core.contracts.tool import Tool
from graphbit_core.errors import ValidationError
from graphbit_core.llm.calls.exchange import Observe
from graphbit_core.llm.client import LlmClient
from graphbit_core.llm.conversation import Turn, as_conversation, check_options
from graphbit_core.llm.stream import ChatStream
from graphbit_core.tools.call import Caller
from graphbit_core.tools.decorator import tool
from graphbit_core.tools.loop import ToolLoop
from graphbit_core.types.messages import ChatRequest, ChatResponse, Message, Part
from graphbit_core.workers import wait_for

T = TypeVar("T")


class ModelCall:
    """A call that is being written. Each step gives another one; what was written stays as it was, and all
    that come from one ``model(…)`` share its client.

    Steps are checked when the call is made, except for what only their names can be wrong in.
    """

    __slots__ = ("_client", "_options", "_rounds", "_streams", "_tools", "_turns")

    def __init__(self, client: LlmClient) -> None:
        self._client = client
        self._turns: tuple[Turn, ...] = ()
        self._options: Mapping[str, Any] = {}
        self._tools: tuple[Tool, ...] = ()
        self._rounds = 10
        self._streams = False

    @property
    def client(self) -> LlmClient:
        """The client."""
        return self._client

    # --- what is said ---

    def system(self, text: str) -> Self:
        """Instructions."""
        return self._with(_turns=(*self._turns, Message("system", text)))

    def prompt(self, prompt: str | Sequence[Part]) -> Self:
        """The user's turn: a text, or parts such as images. After others it goes on with the conversation."""
        return self._with(_turns=(*self._turns, Message("user", prompt)))

    def messages(self, messages: Sequence[Turn]) -> Self:
        """Turns of a conversation: messages, or pairs of role and text."""
        return self._with(_turns=(*self._turns, *messages))

    # --- how ---

    def temperature(self, value: float) -> Self:
        """0 to 2."""
        return self.options(temperature=value)

    def max_tokens(self, value: int) -> Self:
        """Most tokens to generate."""
        return self.options(max_tokens=value)

    def top_p(self, value: float) -> Self:
        """0 to 1."""
        return self.options(top_p=value)

    def stop(self, *texts: str) -> Self:
        """Texts that end the answer."""
        return self.options(stop=texts)

    def options(self, **options: Any) -> Self:
        """Other fields of ChatRequest. Raises ValidationError for one that there is not."""
        check_options(options)
        return self._with(_options={**self._options, **options})

    def tools(self, *tools: Tool | Callable[..., Any], max_iterations: int = 10) -> Self:
        """What the model may call: tools and functions. They are called until it answers without asking for
        one, with ``max_iterations`` model calls at most.
        """
        made = tuple(one if isinstance(one, Tool) else tool(one) for one in tools)
        return self._with(_tools=(*self._tools, *made), _rounds=max_iterations)

    def streaming(self, on: bool = True) -> Self:
        """Whether ``execute`` has the answer sent piece by piece, so that a long one is not silence."""
        return self._with(_streams=on)

    # --- the call ---

    def execute(self) -> str:
        """The text of the answer. Raises as ``LlmClient.respond``."""
        return self.execute_full().text

    async def execute_async(self) -> str:
        """As ``execute``, on the running event loop."""
        return (await self.execute_full_async()).text

    def execute_full(self) -> ChatResponse:
        """The whole answer. With tools, the one in which the model asks for none."""
        if self._tools:
            return wait_for(self.execute_full_async)
        return self._client.respond(self._request(), on_delta=_ignore if self._streams else None)

    async def execute_full_async(self) -> ChatResponse:
        """As ``execute_full``, on the running event loop."""
        on_delta = _ignore if self._streams else None

        async def ask(request: ChatRequest, iteration: int) -> ChatResponse:
            del iteration
            return await self._client.respond_async(request, deadline=deadline, on_delta=on_delta)

        deadline = now() + self._client.timeout
        request = self._request()
        if not self._tools:
            return await ask(request, 1)
        loop = ToolLoop(self._tools, self._rounds, request.tool_choice)
        return await loop.run(replace(request, tool_choice=None), ask, Caller, lambda kind, facts: None)

    def execute_as(self, kind: type[T], *, repairs: int = 2) -> T:
        """The answer as an instance of ``kind``; see ``LlmClient.complete_as``."""
        return self._client.complete_as(kind, self._without_tools("execute_as"), repairs=repairs)

    async def execute_as_async(self, kind: type[T], *, repairs: int = 2) -> T:
        """As ``execute_as``, on the running event loop."""
        request = self._without_tools("execute_as_async")
        return await self._client.complete_as_async(kind, request, repairs=repairs)

    def execute_streaming(self, *, observe: Observe | None = None) -> ChatStream:
        """The answer as it arrives, for ``for`` and ``async for``; see ``LlmClient.stream``."""
        return self._client.stream(self._without_tools("execute_streaming"), observe=observe)

    def __repr__(self) -> str:
        return f"model({self._client.endpoints[0].name!r})"

    def _request(self) -> ChatRequest:
        if not self._turns:
            raise ValidationError("nothing is said yet; add .prompt('…')", field="prompt")
        return as_conversation(self._turns, None, self._options)

    def _without_tools(self, step: str) -> ChatRequest:
        if self._tools:
            fix = "use execute(), or an agent node, whose events have the pieces"
            raise ValidationError(f"{step}() takes no tools; {fix}", field="tools")
        return self._request()

    def _with(self, **changes: Any) -> Self:
        other = object.__new__(type(self))
        for name in ModelCall.__slots__:
            setattr(other, name, changes.get(name, getattr(self, name)))
        return other


def model(name: str | LlmClient, **options: Any) -> ModelCall:
    """A call of a model, to be written step by step.

        model("gpt-4o").system("Be brief.").prompt("Hello").temperature(0.7).execute()

    Args:
        name: The model, as ``LlmClient`` takes it, or a client.
        options: Of ``LlmClient``: ``fallbacks``, ``timeout``, ``api_key``, …

    Raises:
        ComponentNotFoundError: There is no such model or provider.
        ConfigError: A setting of the provider is missing or wrong.
        ValidationError: Options were given for a client that is made already.
    """
    if isinstance(name, LlmClient):
        if options:
            raise ValidationError("a client that is made has its options already", field=next(iter(options)))
        return ModelCall(name)
    return ModelCall(LlmClient(name, **options))


def _ignore(_: Any) -> None:
    """The pieces are in the answer."""
