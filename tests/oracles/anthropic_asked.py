"""The table of requests as a user of Anthropic's SDK writes them, and what the SDK then sends.

The tests ask the locked SDK. What the older style sends is a recording: only one version can be locked.

    pip install --target OLD anthropic==0.125.0
    PYTHONPATH=OLD:tests/support .venv/bin/python -m tests.oracles.anthropic_asked > RECORDING
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from typing import Any

import anthropic_wire as wire

from graphbit_core.testing import Reply
from graphbit_core.testing.model_server import Received
from tests.oracles.compare import sent
from tests.oracles.requests import CITY, PDF, PNG

KEY = "sk-ant-oracle-1234567"
MODEL = "claude-haiku-5-5"
HEADERS = ("anthropic-version", "authorization", "x-api-key", "accept", "content-type")
HELLO = {"role": "user", "content": "Grüß Gott 👋"}
WEATHER, TIME = (
    {"name": name, "description": f"The {name} in a city.", "input_schema": CITY}
    for name in ("weather", "time")
)
ALWAYS: dict[str, Any] = {"model": MODEL, "max_tokens": 8192, "messages": [HELLO]}


def _with(part: dict[str, Any], text: str = "What is it?") -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": text}, part]}]}


def _base64(media_type: str, data: bytes) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": b64encode(data).decode()}


ASKED: dict[str, dict[str, Any]] = {
    "text": {},
    "system and turns": {
        "system": "Be brief.",
        "messages": [
            HELLO,
            {"role": "assistant", "content": "Hello."},
            {"role": "user", "content": "And now?"},
        ],
    },
    "stop": {"stop_sequences": ["END", "STOP"]},
    "tools": {"tools": [WEATHER, TIME]},
    "tool choice auto": {"tools": [WEATHER], "tool_choice": {"type": "auto"}},
    "tool choice none": {"tools": [WEATHER], "tool_choice": {"type": "none"}},
    "tool choice required": {"tools": [WEATHER], "tool_choice": {"type": "any"}},
    "tool choice by name": {"tools": [WEATHER, TIME], "tool_choice": {"type": "tool", "name": "time"}},
    "one tool at a time": {
        "tools": [WEATHER, TIME],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
    },
    "results of parallel tools": {
        "tools": [WEATHER, TIME],
        "messages": [
            HELLO,
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "I look."},
                    {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Zürich"}},
                    {"type": "tool_use", "id": "call_2", "name": "time", "input": {"city": "Zürich"}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "call_1", "content": "12 °C"},
                    {
                        "type": "tool_result",
                        "tool_use_id": "call_2",
                        "content": "no such clock",
                        "is_error": True,
                    },
                ],
            },
        ],
    },
    "image as bytes": _with({"type": "image", "source": _base64("image/png", PNG)}),
    "image by address": _with(
        {"type": "image", "source": {"type": "url", "url": "https://pictures.example/red.png"}}
    ),
    "file as bytes": _with(
        {"type": "document", "source": _base64("application/pdf", PDF), "title": "report.pdf"}, "Sum up."
    ),
    "JSON output": {"output_config": {"format": {"type": "json_schema", "schema": CITY}}},
    "reasoning effort": {
        "max_tokens": 4096,
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
    },
    "passages": {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "[1] weather.txt\nIt rains."},
                    {"type": "text", "text": "Does it rain?"},
                ],
            }
        ]
    },
}
SAMPLING: dict[str, Any] = {"temperature": 0.5, "top_p": 0.9, "max_tokens": 64}
"""What only the older style has."""


def client(url: str) -> Any:
    """The SDK that is installed."""
    from anthropic import Anthropic

    return Anthropic(api_key=KEY, base_url=url, max_retries=0)


def sdk_sends(asked: dict[str, Any]) -> Received:
    """The request that the SDK makes of a user's."""

    def ask(url: str) -> None:
        with client(url) as sdk:
            sdk.messages.create(**{**ALWAYS, **asked})

    return sent(Reply.json(wire.message(wire.text("Hello"))), ask)


def main() -> None:
    """Prints a recording."""
    from anthropic import __version__

    told = {name: sdk_sends(asked) for name, asked in {**ASKED, "sampling": SAMPLING}.items()}
    common = [
        {"path": request.path.split("/", 2)[2]}
        | {header: request.headers[header] for header in HEADERS if header in request.headers}
        for request in told.values()
    ]
    if any(one != common[0] for one in common):
        raise SystemExit("path or headers differ between requests; a recording holds them once")
    recording = {
        "made by": "tests/oracles/anthropic_asked.py",
        "sdk": f"anthropic {__version__}",
        **common[0],
        "bodies": {name: request.json() for name, request in told.items()},
    }
    json.dump(recording, sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
