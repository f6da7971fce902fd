"""A form of answers that every model can be asked for: with a field of its API, or else in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from graphbit_core.types.messages import ChatRequest, JsonOutput, Message


class Wanted(JsonOutput):
    """A schema that goes into the instructions where an API takes none, as whoever asks checks the answer.

    So it is no need of a request: an endpoint without ``json_output`` may still be asked.
    """

    __slots__ = ()


def instructed(request: ChatRequest, schema: Mapping[str, Any]) -> ChatRequest:
    """The request with the schema as an instruction, for APIs that do not take one."""
    text = json.dumps(schema, ensure_ascii=False)
    order = f"Answer with JSON that fits this JSON Schema, and with nothing else:\n{text}"
    messages = list(request.messages)
    first = messages[0] if messages else None
    if first is not None and first.role == "system" and isinstance(first.content, str):
        messages[0] = replace(first, content=f"{first.content}\n\n{order}")
    else:
        messages.insert(0, Message("system", order))
    return replace(request, messages=messages, output=None)
