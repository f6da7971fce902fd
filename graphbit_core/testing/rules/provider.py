"""Rules for providers: those of this process, and those behind HTTP."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any, ClassVar

from graphbit_core.contracts.provider import CAPABILITIES, ChatCodec, ChatModel
from graphbit_core.host import Host
from graphbit_core.llm.client import LlmClient
from graphbit_core.llm.models import ModelRegistry
from graphbit_core.testing.rules.component import CANARY, ComponentConformance
from graphbit_core.types.messages import ChatRequest, ChatResponse, Message

_FINISH = {"stop", "length", "tool_calls", "content_filter", "refusal", "other"}


@cache
def known_models() -> ModelRegistry:
    """What GraphBit knows of models, without what this machine's files and variables say of them."""
    return ModelRegistry(environ={})


class ProviderDescriptionConformance(ComponentConformance):
    """Rules about what a provider says of itself. They need ``component`` alone, and send nothing."""

    kind = "provider"
    embedder: ClassVar[Any] = None
    """The embedder class of the same API, where ``embed`` is declared."""

    def test_declares_only_capabilities_that_exist_and_a_default_model(self) -> None:
        assert self.component.capabilities <= CAPABILITIES
        assert self.component.default_model

    def test_gives_a_codec_or_a_model_without_sending_anything(self) -> None:
        chat = self.make().chat(self.component.default_model)
        assert isinstance(chat, ChatModel) != isinstance(chat, ChatCodec)

    def test_names_its_resource_without_showing_the_key(self) -> None:
        one, other = self.make(**self.secret_settings()), self.make(**self.secret_settings())
        assert one.resource() == other.resource() != ""
        assert CANARY not in one.resource()

    def test_declares_embed_exactly_when_it_has_an_embedder(self) -> None:
        given = self.embedder
        assert ("embed" in self.component.capabilities) == (given is not None)
        forms = ("codec", "embed")
        assert given is None or any(hasattr(given, form) for form in forms), f"{given!r:.80} is no embedder"


class AnswerRules(ProviderDescriptionConformance):
    """Rules about answers that hold for every provider, be it behind HTTP or not."""

    needs: ClassVar[tuple[str, ...]] = ("request",)
    request: ClassVar[ChatRequest] = ChatRequest((Message("user", "Say hello."),))
    """A request that the provider answers."""

    def client(self, **settings: Any) -> LlmClient:
        """A client of the provider under test."""
        host = Host.isolated(components={("provider", "tested"): self.component})
        return LlmClient("tested", host=host, registry=known_models(), **{**self.settings, **settings})

    def test_a_blocking_and_an_async_call_give_the_same_answer(self) -> None:
        client = self.client()
        answer = client.respond(self.request)
        check_answer(answer)
        assert asyncio.run(client.respond_async(self.request)) == answer

    def test_the_deltas_spell_the_answer(self) -> None:
        client = self.client()
        texts: list[str] = []
        answer = client.respond(
            self.request, on_delta=lambda d: texts.append(d.text) if d.kind in ("text", "refusal") else None
        )
        assert "".join(texts) == answer.text
        stream = client.stream(self.request)
        assert "".join(stream) == stream.response.text == answer.text

    def test_an_async_stream_spells_the_answer(self) -> None:
        async def read() -> tuple[str, ChatResponse]:
            stream = self.client().stream(self.request)
            return "".join([piece async for piece in stream]), stream.response

        text, answer = asyncio.run(read())
        check_answer(answer)
        assert text == answer.text


def check_answer(answer: ChatResponse) -> None:
    """An answer is from the assistant, says something or calls a tool, and ends as we name ends."""
    assert isinstance(answer, ChatResponse)
    assert answer.message.role == "assistant"
    assert answer.text or answer.tool_calls
    assert answer.finish_reason in _FINISH
    assert answer.usage.input_tokens >= 0
    assert answer.usage.output_tokens >= 0
