"""Rules for what a provider behind HTTP sends: each thing a request says is written, or refused aloud."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from graphbit_core.errors import ValidationError
from graphbit_core.testing.rules.http.replies import HttpRules
from graphbit_core.types.messages import (
    AudioPart,
    ChatRequest,
    FilePart,
    ImagePart,
    JsonOutput,
    Message,
    ReasoningPart,
    TextPart,
    ToolCall,
    ToolSpec,
)

ASKED = Message("user", "x")
TOOLS = tuple(ToolSpec(name, "d", {"type": "object", "properties": {}}) for name in ("probe_a", "probe_b"))
_SCHEMA = {"type": "object", "properties": {"probe_property": {"type": "string"}}}


def _with_part(part: Any) -> ChatRequest:
    return ChatRequest((Message("user", (TextPart("x"), part)),))


PROBES: dict[str, tuple[ChatRequest, bytes]] = {
    "tools": (ChatRequest((ASKED,), tools=TOOLS), b"probe_a"),
    "json_output": (ChatRequest((ASKED,), output=JsonOutput(_SCHEMA)), b"probe_property"),
    "images": (_with_part(ImagePart(data=b"probe-image", media_type="image/png")), b"cHJvYmUtaW1hZ2U"),
    "audio": (_with_part(AudioPart(b"probe-audio", "wav")), b"cHJvYmUtYXVkaW8"),
    "files": (_with_part(FilePart("probe.pdf", b"probe-file", "application/pdf")), b"cHJvYmUtZmlsZQ"),
    "seed": (ChatRequest((ASKED,), seed=8675309), b"8675309"),
    "stop": (ChatRequest((ASKED,), stop=("probe-stop",)), b"probe-stop"),
}
"""A request that needs a capability, and what must then be in its body."""

PARTS: dict[str, tuple[ChatRequest, bytes]] = {
    "image by address": (_with_part(ImagePart(url="https://probe.example/a.png")), b"probe.example/a.png"),
    "file by id": (_with_part(FilePart("f", media_type="application/pdf", file_id="probe-id")), b"probe-id"),
    "instruction": (ChatRequest((Message("system", "probe-system"), ASKED)), b"probe-system"),
    "late instruction": (ChatRequest((ASKED, Message("system", "probe-late"), ASKED)), b"probe-late"),
    "own field": (ChatRequest((ASKED,), extra={"probe_field": "probe-extra"}), b"probe-extra"),
}
"""Requests that every provider writes or refuses, and what is then in the body."""

SAID: dict[str, dict[str, Any]] = {
    "max_tokens": {"max_tokens": 17},
    "temperature": {"temperature": 0.25},
    "top_p": {"top_p": 0.375},
    "reasoning_effort": {"reasoning_effort": "low"},
}
"""Fields of a request that change its body, or are refused."""

CHOICES: dict[str, dict[str, Any]] = {
    "none": {"tool_choice": "none"},
    "required": {"tool_choice": "required"},
    "one": {"tool_choice": "probe_a"},
    "another": {"tool_choice": "probe_b"},
    "one at a time": {"parallel_tool_calls": False},
}
"""Ways to choose among tools; each is another body than all others, or is refused."""


class RequestRules(HttpRules):
    """Rules that look at the bodies of requests."""

    @pytest.mark.parametrize("capability", sorted(PROBES))
    def test_a_capability_is_declared_exactly_when_its_request_is_sent(self, capability: str) -> None:
        request, marker = PROBES[capability]
        try:
            sent = marker in self._body(request)
            refused = False
        except ValidationError:
            sent, refused = False, True
        declared = self._declares(capability)
        did = "refuses it" if refused else "leaves it out of the body"
        assert sent or not declared, (
            f"{capability} is declared, and encode() {did}; write it, or declare it not"
        )
        assert declared or not sent, f"{capability} is written and not declared; add it to `capabilities`"
        # A seed is a wish; without any of the others the answer would be to another question.
        assert sent or refused or capability == "seed", (
            f"{capability} is left out in silence; raise ValidationError"
        )

    @pytest.mark.parametrize("case", sorted(PARTS))
    def test_a_part_is_sent_or_refused(self, case: str) -> None:
        request, marker = PARTS[case]
        body = self._sent(request)
        assert body is None or marker in body, (
            f"{case}: it is left out in silence; write it, or raise ValidationError"
        )

    @pytest.mark.parametrize("case", sorted(SAID))
    def test_what_a_request_says_is_sent_or_refused(self, case: str) -> None:
        plain = ChatRequest((ASKED,))
        said = self._sent(replace(plain, **SAID[case]))
        assert said != self._body(plain), f"{case} is left out in silence; write it, or raise ValidationError"

    def test_each_way_to_choose_among_tools_is_sent_or_refused(self) -> None:
        if not self._declares("tools"):
            return
        plain = ChatRequest((ASKED,), tools=TOOLS)
        bodies = {"auto": self._body(plain)}
        bodies |= {
            name: body
            for name, said in CHOICES.items()
            if (body := self._sent(replace(plain, **said))) is not None
        }
        alike = {name for name, body in bodies.items() if list(bodies.values()).count(body) > 1}
        assert not alike, f"these say the same: {sorted(alike)}"

    @pytest.mark.parametrize("failed", [False, True])
    def test_calls_and_their_results_go_back_in_order(self, failed: bool) -> None:
        if not self._declares("tools"):
            return
        calls = [ToolCall(f"probe-{at}", spec.name, f'{{"at":"arg-{at}"}}') for at, spec in enumerate(TOOLS)]
        results = [
            Message("tool", f"result-{at}", tool_call_id=call.id, name=call.name, is_error=failed)
            for at, call in enumerate(calls)
        ]
        said = Message("assistant", "probe-said", tool_calls=calls)
        body = self._body(ChatRequest((ASKED, said, *results), tools=TOOLS)).decode()
        places = [body.find(marker) for marker in ("probe-said", "arg-0", "arg-1", "result-0", "result-1")]
        assert -1 not in places, f"the text, an argument or a result is not in the body: {body:.500}"
        assert places == sorted(places), "calls and results are in another order"

    def test_a_failed_tool_is_marked_exactly_where_the_api_has_a_mark(self) -> None:
        if not self._declares("tools"):
            return
        call = ToolCall("probe-1", "probe_a", "{}")
        result = Message("tool", "probe-result", tool_call_id="probe-1", name="probe_a")
        history = (ASKED, Message("assistant", "", tool_calls=(call,)))
        fine, failed = (
            self._body(ChatRequest((*history, replace(result, is_error=bad)), tools=TOOLS))
            for bad in (False, True)
        )
        marked = fine != failed
        assert marked == self.marks_failed_tools, (
            "`is_error` is written; say marks_failed_tools = True"
            if marked
            else "write `is_error`: it has no mark"
        )

    def test_arguments_that_are_no_json_are_not_lost(self) -> None:
        if not self._declares("tools"):
            return
        call = ToolCall("probe-1", "probe_a", '{"city": "probe-malformed')
        result = Message("tool", "not JSON", tool_call_id="probe-1", name="probe_a", is_error=True)
        history = (ASKED, Message("assistant", "", tool_calls=(call,)), result)
        body = self._sent(ChatRequest(history, tools=TOOLS))
        assert body is None or b"probe-malformed" in body, "they are not in the body; write them as text"

    def test_signatures_go_back_unchanged_and_those_of_others_do_not(self) -> None:
        """Both for what came whole and for what came streamed."""
        for canned in self._canned():
            for answer in self._both_ways(canned):
                parts = _reasoning(answer.message)
                ours = [part.signature for part in parts] + [call.signature for call in answer.tool_calls]
                body = self._body(_continued(answer.message))
                for signature in filter(None, ours):  # as text, or as the JSON that it spells
                    assert json.dumps(signature)[1:-1].encode() in body or signature.encode() in body
                foreign = self._body(_continued(_of_another(answer.message)))
                for part in parts:
                    assert part.origin, "reasoning without an origin would go to every API"
                    assert not part.signature or part.signature.encode() not in foreign

    def _sent(self, request: ChatRequest) -> bytes | None:
        """The body; None where the request is refused."""
        try:
            return self._body(request)
        except ValidationError:
            return None


def _reasoning(message: Message) -> list[ReasoningPart]:
    return [part for part in message.content if isinstance(part, ReasoningPart)]


def _continued(message: Message) -> ChatRequest:
    """The next turn: results for the calls, or another question."""
    names = {call.name for call in message.tool_calls}
    results = [Message("tool", "12", tool_call_id=call.id, name=call.name) for call in message.tool_calls]
    tools = tuple(replace(TOOLS[0], name=name) for name in sorted(names))
    return ChatRequest((ASKED, message, *(results or [ASKED])), tools=tools)


def _of_another(message: Message) -> Message:
    """The message as another dialect would have made it."""
    parts = [
        replace(part, origin="another") if isinstance(part, ReasoningPart) else part
        for part in (message.content if not isinstance(message.content, str) else [TextPart(message.content)])
    ]
    calls = [replace(call, signature=None) for call in message.tool_calls]
    return replace(message, content=parts, tool_calls=calls)
