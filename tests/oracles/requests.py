"""Logical requests that every codec writes and every SDK is asked to send; each name says what is in it."""

from __future__ import annotations

from typing import Any

from graphbit_core import (
    ChatRequest,
    FilePart,
    ImagePart,
    JsonOutput,
    Message,
    PassagePart,
    TextPart,
    ToolCall,
    ToolSpec,
)

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003"
    "0101003cfc0a7a0000000049454e44ae426082"
)
"""One red pixel."""
PDF = b"%PDF-1.4\n%%EOF\n"
CITY: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "description": "A city."}},
    "required": ["city"],
    "additionalProperties": False,
}
WEATHER = ToolSpec("weather", "The weather in a city.", CITY)
TIME = ToolSpec("time", "The time in a city.", CITY)
ASKED = ToolCall("call_1", "weather", '{"city":"Zürich"}')
ASKED_TOO = ToolCall("call_2", "time", '{"city":"Zürich"}')
_HELLO = Message("user", "Grüß Gott 👋")

REQUESTS: dict[str, ChatRequest] = {
    "text": ChatRequest((_HELLO,)),
    "system and turns": ChatRequest(
        (Message("system", "Be brief."), _HELLO, Message("assistant", "Hello."), Message("user", "And now?"))
    ),
    "sampling": ChatRequest((_HELLO,), temperature=0.5, top_p=0.9, max_tokens=64),
    "stop": ChatRequest((_HELLO,), stop=("END", "STOP")),
    "seed": ChatRequest((_HELLO,), seed=7),
    "tools": ChatRequest((_HELLO,), tools=(WEATHER, TIME)),
    "tool choice auto": ChatRequest((_HELLO,), tools=(WEATHER,), tool_choice="auto"),
    "tool choice none": ChatRequest((_HELLO,), tools=(WEATHER,), tool_choice="none"),
    "tool choice required": ChatRequest((_HELLO,), tools=(WEATHER,), tool_choice="required"),
    "tool choice by name": ChatRequest((_HELLO,), tools=(WEATHER, TIME), tool_choice="time"),
    "one tool at a time": ChatRequest((_HELLO,), tools=(WEATHER, TIME), parallel_tool_calls=False),
    "results of parallel tools": ChatRequest(
        (
            _HELLO,
            Message("assistant", "I look.", tool_calls=(ASKED, ASKED_TOO)),
            Message("tool", "12 °C", tool_call_id="call_1", name="weather"),
            Message("tool", "no such clock", tool_call_id="call_2", name="time", is_error=True),
        ),
        tools=(WEATHER, TIME),
    ),
    "image as bytes": ChatRequest(
        (Message("user", (TextPart("What is it?"), ImagePart(data=PNG, media_type="image/png"))),)
    ),
    "image by address": ChatRequest(
        (Message("user", (TextPart("What is it?"), ImagePart(url="https://pictures.example/red.png"))),)
    ),
    "file as bytes": ChatRequest(
        (Message("user", (TextPart("Sum up."), FilePart("report.pdf", PDF, "application/pdf"))),)
    ),
    "JSON output": ChatRequest((_HELLO,), output=JsonOutput(CITY, name="place")),
    "reasoning effort": ChatRequest((_HELLO,), reasoning_effort="low", max_tokens=4096),
    "passages": ChatRequest(
        (Message("user", (PassagePart(1, "It rains.", "weather.txt"), TextPart("Does it rain?"))),)
    ),
}
