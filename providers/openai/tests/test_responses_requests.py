from __future__ import annotations

import json
from typing import Any

import pytest
from graphbit_openai import OpenAIResponsesProvider

from graphbit_core import (
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
    ValidationError,
)

HI = Message("user", "Hi")
CALLS = (ToolCall("c1", "a", "{}"), ToolCall("c2", "b", "{oops"))
WROTE_CALLS = [
    {"type": "function_call", "call_id": "c1", "name": "a", "arguments": "{}"},
    {"type": "function_call", "call_id": "c2", "name": "b", "arguments": "{oops"},
]


def sent(request: ChatRequest, model: str = "gpt-test", **settings: Any) -> dict[str, Any]:
    codec = OpenAIResponsesProvider(api_key="sk-test-1234567", **settings).chat(model)
    body: dict[str, Any] = json.loads(codec.encode(request, stream=False).body)
    return body


def items(*messages: Message, **settings: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = sent(ChatRequest(messages), **settings)["input"]
    return found


def thought(text: str = "Hm.", place: int = 0, **facts: Any) -> ReasoningPart:
    about = {"signature": "enc", "origin": "openai-responses", "id": "rs_1", **facts}
    return ReasoningPart(text, calls_before=place, **about)


def wrote(text: str = "Hm.", **facts: Any) -> dict[str, Any]:
    summary = [{"type": "summary_text", "text": text}] if text else []
    return {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "enc", **facts}


def test_nothing_is_kept_at_the_provider_unless_it_is_asked_for() -> None:
    assert sent(ChatRequest((HI,))) == {
        "model": "gpt-test",
        "input": [{"role": "user", "content": "Hi"}],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    assert sent(ChatRequest((HI,)), store=True)["store"] is True
    assert "include" not in sent(ChatRequest((HI,)), store=True)


def test_models_that_do_not_reason_are_not_asked_for_reasoning() -> None:
    for refusing in ("gpt-3.5-turbo", "gpt-4o-mini", "gpt-4.1", "gpt-5-chat-latest"):
        assert "include" not in sent(ChatRequest((HI,)), refusing)
    assert "include" not in sent(ChatRequest((HI,)), return_reasoning=False)
    assert "include" in sent(ChatRequest((HI,)), "gpt-4o-mini", return_reasoning=True)


def test_system_messages_at_the_beginning_are_instructions_and_later_ones_are_of_the_developer() -> None:
    system = Message("system", (TextPart("Be "), TextPart("brief.")))
    body = sent(ChatRequest((system, Message("system", "Be kind."), HI, Message("system", "Now German."))))
    assert body["instructions"] == "Be brief.\n\nBe kind."
    assert body["input"][1:] == [{"role": "developer", "content": "Now German."}]


def test_system_messages_alone_are_input() -> None:
    body = sent(ChatRequest((Message("system", "Say hello."),)))
    assert "instructions" not in body
    assert body["input"] == [{"role": "developer", "content": "Say hello."}]


def test_reasoning_goes_back_before_what_it_led_to() -> None:
    said = Message("assistant", (thought(), TextPart("First.")), tool_calls=CALLS)
    assert items(HI, said)[1:] == [
        wrote(),
        {"type": "message", "role": "assistant", "content": "First."},
        *WROTE_CALLS,
    ]


def test_reasoning_between_calls_keeps_its_place() -> None:
    later = thought("Then b.", 1, id="rs_2", signature="enc2")
    said = Message("assistant", (thought(), later, TextPart("Both.")), tool_calls=CALLS)
    assert items(HI, said)[1:] == [
        wrote(),
        WROTE_CALLS[0],
        wrote("Then b.", id="rs_2", encrypted_content="enc2"),
        {"type": "message", "role": "assistant", "content": "Both."},
        WROTE_CALLS[1],
    ]


def test_texts_go_back_in_their_place_and_with_their_phase() -> None:
    parts = (
        TextPart("I look", "commentary"),
        TextPart(" it up.", "commentary"),
        TextPart("One is there.", "commentary", calls_before=1),
        TextPart("So it is.", "final_answer", calls_before=2),
    )
    about = {"type": "message", "role": "assistant"}
    assert items(HI, Message("assistant", parts, tool_calls=CALLS))[1:] == [
        {**about, "phase": "commentary", "content": "I look it up."},
        WROTE_CALLS[0],
        {**about, "phase": "commentary", "content": "One is there."},
        WROTE_CALLS[1],
        {**about, "phase": "final_answer", "content": "So it is."},
    ]


def test_texts_of_one_reasoning_item_go_back_as_one_item() -> None:
    said = Message("assistant", (thought("One."), thought("Two."), TextPart("Done.")))
    [_, item, _] = items(HI, said)
    assert [part["text"] for part in item["summary"]] == ["One.", "Two."]


def test_hidden_reasoning_goes_back_in_encrypted_form_alone() -> None:
    said = Message("assistant", (thought("", hidden=True), TextPart("Done.")))
    assert items(HI, said)[1] == wrote("")


def test_words_of_an_open_model_go_back_as_words() -> None:
    part = thought("Hm.", origin="openai-responses:text", signature=None)
    [_, item, _] = items(HI, Message("assistant", (part, TextPart("Done."))))
    content = [{"type": "reasoning_text", "text": "Hm."}]
    assert item == {"type": "reasoning", "id": "rs_1", "summary": [], "content": content}


def test_a_summary_without_the_reasoning_goes_back_only_to_who_keeps_it() -> None:
    said = Message("assistant", (thought(signature=None), TextPart("Done.")))
    assert [item.get("type") for item in items(HI, said)] == [None, "message"]
    assert [item.get("type") for item in items(HI, said, store=True)] == [None, "reasoning", "message"]


def test_reasoning_of_another_api_is_left_out() -> None:
    said = Message("assistant", (thought(origin="anthropic"), TextPart("Done.")))
    assert items(HI, said)[1:] == [{"type": "message", "role": "assistant", "content": "Done."}]


def test_reasoning_that_led_to_nothing_is_left_out() -> None:
    assert items(HI, Message("assistant", (thought(),)), HI) == [{"role": "user", "content": "Hi"}] * 2


def test_a_tool_may_give_text_and_pictures() -> None:
    parts = (TextPart("Here."), ImagePart(data=b"x", media_type="image/png"))
    message = Message("tool", parts, tool_call_id="c1", name="a", is_error=True)
    [item] = items(message)
    assert item["call_id"] == "c1"
    assert [part["type"] for part in item["output"]] == ["input_text", "input_image"]


def test_a_file_goes_by_its_id_or_its_bytes() -> None:
    files = (FilePart("a.pdf", file_id="file-1"), FilePart("b.pdf", b"x", "application/pdf"))
    [item] = items(Message("user", files))
    assert item["content"] == [
        {"type": "input_file", "file_id": "file-1"},
        {"type": "input_file", "filename": "b.pdf", "file_data": "data:application/pdf;base64,eA=="},
    ]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ChatRequest((Message("user", (AudioPart(b"x"),)),)), "messages"),
        (ChatRequest((Message("system", (ImagePart(url="https://x.example"),)), HI)), "messages"),
        (ChatRequest((Message("assistant", (ImagePart(url="https://x.example"),)),)), "messages"),
        (ChatRequest((Message("tool", "x"),)), "messages"),
        (ChatRequest((HI,), stop=("x",)), "stop"),
        (ChatRequest((HI,), seed=1), "seed"),
        (ChatRequest((HI,), extra={"input": "x"}), "extra"),
        (ChatRequest((HI,), extra={"background": True}), "extra"),
    ],
)
def test_what_the_api_cannot_express_is_refused(request_: ChatRequest, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        sent(request_)
    assert caught.value.field == field


def test_a_summary_of_reasoning_is_asked_for_in_words_of_the_api() -> None:
    body = sent(ChatRequest((HI,), reasoning_effort="high"), reasoning_summary="concise")
    assert body["reasoning"] == {"effort": "high", "summary": "concise"}
    with pytest.raises(ValidationError, match="reasoning_summary is 'loud'"):
        OpenAIResponsesProvider(api_key="sk-test-1234567", reasoning_summary="loud")  # type: ignore[arg-type]


def test_extra_joins_what_the_request_says_itself() -> None:
    tool = ToolSpec("a", "Does a.", {"type": "object"})
    extra = {
        "text": {"verbosity": "low"},
        "tools": [{"type": "web_search"}],
        "include": ["reasoning.encrypted_content", "web_search_call.action.sources"],
        "previous_response_id": "resp_1",
        "store": True,
    }
    body = sent(ChatRequest((HI,), tools=(tool,), output=JsonOutput({"type": "object"}), extra=extra))
    assert body["text"]["verbosity"] == "low"
    assert body["text"]["format"]["type"] == "json_schema"
    assert [tool["type"] for tool in body["tools"]] == ["function", "web_search"]
    assert body["include"] == ["reasoning.encrypted_content", "web_search_call.action.sources"]
    assert (body["previous_response_id"], body["store"]) == ("resp_1", True)
