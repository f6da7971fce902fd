"""Rules for providers that answer in this process."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from graphbit_core.errors import GraphBitError, ValidationError
from graphbit_core.kernel import Schema
from graphbit_core.testing.rules.in_process import InProcessConformance
from graphbit_core.testing.rules.provider import AnswerRules
from graphbit_core.testing.rules.watched import GRACE
from graphbit_core.types.messages import (
    AudioPart,
    ChatRequest,
    ChatResponse,
    FilePart,
    ImagePart,
    JsonOutput,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
)

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_SILENCE = (
    b"RIFF\x34\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x10\0\0\0"
    + bytes(16)
)
_TOOL = ToolSpec("kit_probe", "Answers every question.", {"type": "object", "properties": {}})
_SCHEMA = {
    "type": "object",
    "properties": {"probe_property": {"type": "string"}},
    "required": ["probe_property"],
}
PARTS: dict[str, Any] = {
    "images": ImagePart(data=_PIXEL, media_type="image/png"),
    "audio": AudioPart(_SILENCE, "wav"),
    "files": FilePart("greeting.txt", b"Hello.", "text/plain"),
}
_ASKED = Message("user", "x")
ODD: dict[str, ChatRequest] = {
    "no text": ChatRequest((Message("user", ""),)),
    "an instruction alone": ChatRequest((Message("system", "Be brief."),)),
    "many questions": ChatRequest((_ASKED,) * 200),
    "a long question": ChatRequest((Message("user", "word " * 20_000),)),
    "odd characters": ChatRequest((Message("user", "\0\x1b 🦀\u200d e\u0301"),)),
    "the result of a tool": ChatRequest(
        (
            _ASKED,
            Message("assistant", "", tool_calls=(ToolCall("1", "kit_probe", "{}"),)),
            Message("tool", "done", tool_call_id="1", name="kit_probe"),
        )
    ),
}
"""Requests that not every model can answer; what it cannot is refused with an error of ours."""

Items = Sequence[Any]


def _calls_the_tool(items: Items, plain: ChatResponse) -> bool:
    return [call.name for call in items[-1].tool_calls] == [_TOOL.name]


def _is_json(items: Items, plain: ChatResponse) -> bool:
    return not Schema(json.dumps(_SCHEMA)).check(items[-1].text)


def _stops(items: Items, plain: ChatResponse) -> bool:
    return bool(plain.text) and plain.text.startswith(items[-1].text) and items[-1].text != plain.text


def _has_deltas(items: Items, plain: ChatResponse) -> bool:
    return len(items) > 1


def _thinks(items: Items, plain: ChatResponse) -> bool:
    return any(isinstance(part, ReasoningPart) for part in items[-1].message.content)


_SHOWN: dict[str, Callable[[Items, ChatResponse], bool]] = {
    "tools": _calls_the_tool,
    "json_output": _is_json,
    "stop": _stops,
    "stream": _has_deltas,
    "reasoning": _thinks,
}
"""Capabilities that an answer shows, and how: from all that the model gave, and its answer to ``request``."""


class ProviderConformance(AnswerRules, InProcessConformance):
    """Rules for providers that answer in this process: a subclass gives ``component``, and ``request`` where
    not every request is answered. For one behind HTTP, subclass HttpProviderConformance instead.

    They prove that blocking, async and streamed calls give the same answer, that the deltas spell it, that
    capabilities are declared as they are, and that a model can be left before it is done.
    """

    needs: ClassVar[tuple[str, ...]] = ()
    parts: ClassVar[Mapping[str, Any]] = PARTS
    """By capability: a part of a message that shows it; give others where it does not understand these."""

    def use(self, instance: Any, folder: Path) -> Any:
        model = instance.chat(self.component.default_model)
        return list(model.respond(self.request))[-1]

    @pytest.mark.parametrize("capability", sorted(_SHOWN))
    def test_a_capability_is_declared_exactly_when_an_answer_shows_it(self, capability: str) -> None:
        plain: ChatResponse = self.use(self.make(), Path())
        asks: dict[str, dict[str, Any]] = {
            "tools": {"tools": (_TOOL,), "tool_choice": "required"},
            "json_output": {"output": JsonOutput(_SCHEMA)},
            "stop": {"stop": (plain.text.split()[-1],)} if plain.text.split() else {},
        }
        request = replace(self.request, **asks.get(capability, {}))
        model = self.make().chat(self.component.default_model)
        try:
            shown = _SHOWN[capability](list(model.respond(request)), plain)
        except ValidationError:
            shown = False
        declared = capability in self.component.capabilities
        assert declared or not shown, f"{capability} works and is not declared"
        assert shown or not declared, f"{capability} is declared and does not work"

    @pytest.mark.parametrize("capability", ["audio", "files", "images", "seed"])
    def test_what_it_declares_to_take_is_taken(self, capability: str) -> None:
        """What it does not declare never comes to it: the client refuses that."""
        if capability not in self.component.capabilities:
            return
        request = replace(self.request, seed=8675309)
        if capability != "seed":
            last = request.messages[-1]
            asked = replace(last, content=(TextPart(last.text), self.parts[capability]))
            request = replace(self.request, messages=(*request.messages[:-1], asked))
        model = self.make().chat(self.component.default_model)
        try:
            one, other = (list(model.respond(request))[-1] for _ in range(2))
        except ValidationError as error:
            pytest.fail(f"{capability} is declared and refused: {error}")
        assert isinstance(one, ChatResponse), f"{capability} is declared and not answered"
        assert capability != "seed" or one == other, "seed is declared, and two answers with one seed differ"

    def test_a_reader_that_leaves_ends_the_answer_within_a_second(self) -> None:
        model = self.make().chat(self.component.default_model)
        expected = list(model.respond(self.request))[-1]
        pieces = iter(model.respond(self.request))
        next(pieces)
        started = time.monotonic()
        if callable(close := getattr(pieces, "close", None)):
            close()
        assert time.monotonic() - started < GRACE, "it goes on when nobody reads any more"
        assert list(model.respond(self.request))[-1] == expected, "it answers otherwise after a reader left"

    @pytest.mark.parametrize("case", sorted(ODD))
    def test_what_it_cannot_answer_is_refused_with_an_error_of_the_framework(self, case: str) -> None:
        model = self.make().chat(self.component.default_model)
        try:
            given = list(model.respond(ODD[case]))[-1]
        except GraphBitError:
            return
        assert isinstance(given, ChatResponse), f"the last of what it gives is {given!r:.80}"
