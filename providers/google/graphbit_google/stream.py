"""A streamed answer, put together frame by frame."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from graphbit_core import ChatResponse, DecodeError, Delta, Frame, StreamInterruptedError
from graphbit_google.errors import error_in_body, error_of
from graphbit_google.parts import Parts
from graphbit_google.replies import answer, bad_shape, first_candidate

_parse = json.JSONDecoder().decode
"""``json.loads`` looks at its options first, which counts at one call per chunk."""


class GoogleStreamDecoder:
    """State of one streamed answer. It is complete once a finishReason came; the API sends no other end."""

    def __init__(self) -> None:
        self._parts = Parts()
        self._finish: Any = None
        self._last: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The deltas of one frame."""
        if not frame.data or frame.data == "[DONE]":  # some gateways end with it
            return ()
        chunk = _read(frame.data)
        if error := error_of(chunk):
            raise error_in_body(error)
        if not isinstance(chunk, dict):
            bad_shape("has a frame that is not an object", chunk)
        self._last.update(chunk)
        if isinstance(usage := chunk.get("usageMetadata"), dict):
            self._usage.update(usage)  # counts so far; a later chunk may leave some out
        self._parts.identity = self._parts.identity or str(chunk.get("responseId") or "")
        candidate = first_candidate(chunk)
        if candidate is None:
            return ()
        if candidate.get("finishReason"):
            self._finish = candidate["finishReason"]
        return self._parts.add(candidate)

    def finish(self) -> ChatResponse:
        """The answer. Raises StreamInterruptedError if it is not complete."""
        if self._finish is None:
            raise StreamInterruptedError("the stream ended without a finishReason", partial=self._parts.text)
        return answer(self._parts, self._finish, {**self._last, "usageMetadata": self._usage})


def _read(data: str) -> Any:
    try:
        return _parse(data)
    except (ValueError, RecursionError) as error:
        fault = str(error)  # not chained: it holds the whole frame, which may repeat a credential
    raise DecodeError(f"a frame of the stream is not JSON: {fault}", excerpt=data[:200])
