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
        unknown = sorted(self.component.capabilities - CAPABILITIES)
        assert not unknown, f"there is no capability {unknown}; there are {sorted(CAPABILITIES)}"
        assert self.component.default_model, "give `default_model`: what is asked where no model is named"

    def test_gives_a_codec_or_a_model_without_sending_anything(self) -> None:
        chat = self.make().chat(self.component.default_model)
        forms = isinstance(chat, ChatModel), isinstance(chat, ChatCodec)
        assert any(forms), (
            f"chat() gives a {type(chat).__name__}, which has neither respond() nor all of a codec"
        )
        assert not all(forms), "chat() gives what is a ChatModel and a ChatCodec; it is one or the other"

    def test_names_its_resource_without_showing_the_key(self) -> None:
        one, other = self.make(**self.secret_settings()), self.make(**self.secret_settings())
        assert one.resource(), "resource() is empty"
        assert one.resource() == other.resource(), "two that were made alike have two resources"
        assert CANARY not in one.resource(), "resource() shows the key"

    def test_declares_embed_exactly_when_it_has_an_embedder(self) -> None:
        given = self.embedder
        declared = "embed" in self.component.capabilities
        assert given is not None or not declared, "embed is declared; give `embedder`, its class"
        assert declared or given is None, "`embedder` is given; declare embed"
        makes = callable(given) and not isinstance(given, type)  # a function or a row: what it makes counts
        is_one = makes or any(hasattr(given, form) for form in ("codec", "embed"))
        assert given is None or is_one, f"{given!r:.80} is no embedder"


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
        other = asyncio.run(client.respond_async(self.request))
        assert other == answer, f"blocking gives {answer!r:.200}, async {other!r:.200}"

    def test_the_deltas_spell_the_answer(self) -> None:
        client = self.client()
        texts: list[str] = []
        answer = client.respond(
            self.request, on_delta=lambda d: texts.append(d.text) if d.kind in ("text", "refusal") else None
        )
        assert "".join(texts) == answer.text, "the deltas spell another text than the answer"
        stream = client.stream(self.request)
        assert "".join(stream) == stream.response.text == answer.text, "the stream spells another text"

    def test_an_async_stream_spells_the_answer(self) -> None:
        async def read() -> tuple[str, ChatResponse]:
            stream = self.client().stream(self.request)
            return "".join([piece async for piece in stream]), stream.response

        text, answer = asyncio.run(read())
        check_answer(answer)
        assert text == answer.text, "the stream spells another text than the answer"


def check_answer(answer: ChatResponse) -> None:
    """An answer is from the assistant, says something or calls a tool, and ends as we name ends."""
    assert isinstance(answer, ChatResponse), f"{answer!r:.80} is no ChatResponse"
    assert answer.message.role == "assistant", (
        f"the role of an answer is assistant, not {answer.message.role!r}"
    )
    assert answer.text or answer.tool_calls, "the answer has no text and no tool call"
    known = f"finish_reason is one of {sorted(_FINISH)}, not {answer.finish_reason!r}"
    assert answer.finish_reason in _FINISH, known
    assert min(answer.usage.input_tokens, answer.usage.output_tokens) >= 0, f"{answer.usage} counts below 0"
