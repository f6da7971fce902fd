"""A streamed answer, put together frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphbit_core import ChatResponse, Delta, Frame, StreamInterruptedError
from graphbit_core.wire import read_frame
from graphbit_google.answers import Parts
from graphbit_google.errors import error_in_body, error_of
from graphbit_google.replies import answer, first_candidate


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
        chunk = read_frame(frame.data)
        if error := error_of(chunk):
            raise error_in_body(error)
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
