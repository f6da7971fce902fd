"""What a tool's value and a tool's failure read like to a model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import ToolError
from graphbit_core.llm.redact import redact
from graphbit_core.types.json_form import to_json
from graphbit_core.types.messages import ToolCall
from graphbit_core.types.plain import text_of, utf8

_LONGEST_ERROR = 2000
"""Characters of an error's message that a model is told."""


@dataclass(frozen=True, slots=True)
class ToolResult:
    """How one call ended.

    Attributes:
        call: What was asked for.
        text: What a model is told: the value as text or JSON, or the error's class and message.
        value: What the tool returned; None if it failed.
        error: Why it failed; None if it did not.
        seconds: How long it took.
        cut: Bytes of the text that were left out.
        abandoned: Whether a function that cannot be stopped was left to itself.
    """

    call: ToolCall
    text: str
    value: Any = None
    error: ToolError | None = None
    seconds: float = 0.0
    cut: int = 0
    abandoned: bool = False

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.error is None

    @property
    def execution_time_ms(self) -> float:
        """How long it took, in milliseconds."""
        return self.seconds * 1000


def value_text(value: Any, most: int) -> tuple[str, int]:
    """The value as text of at most ``most`` bytes, a note on what was cut included as an extra; bytes cut.

    Raises:
        TypeError, ValueError, RecursionError: The value has no JSON form.
    """
    text = (
        value if isinstance(value, str) else json.dumps(to_json(value), ensure_ascii=False, allow_nan=False)
    )
    if len(text) * 4 <= most:
        return utf8(text), 0
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= most:
        return data.decode(), 0
    cut = len(data) - most
    kept = data[:most].decode("utf-8", "ignore")
    return f"{kept}\n[cut: {cut} of {len(data)} bytes are left out]", cut


def error_text(error: ToolError) -> str:
    """Class and message of what went wrong, without a traceback and without what looks like a key."""
    cause = error.__cause__
    kind = type(cause if cause is not None and error.reason == "raised" else error).__name__
    return f"Error ({kind}): {error.message}"


def said(error: BaseException) -> str:
    """The message of an error, redacted and bounded."""
    text = utf8(redact(text_of(error)[: 2 * _LONGEST_ERROR]))
    return text if len(text) <= _LONGEST_ERROR else text[:_LONGEST_ERROR] + "…"
