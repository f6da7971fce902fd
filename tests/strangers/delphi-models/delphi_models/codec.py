"""What Delphi is asked, and what its answers mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graphbit_core import (
    ChatRequest,
    ChatResponse,
    Delta,
    FinishReason,
    Frame,
    Framing,
    HttpRequest,
    HttpResponse,
    Message,
    PassagePart,
    ProviderError,
    ReasoningPart,
    Secret,
    StreamInterruptedError,
    TextPart,
    Usage,
    ValidationError,
    error_for_status,
)
from graphbit_core.wire import bad_shape, check_extra, error_body, read_frame, required_text

_SPEAKERS = {"user": "pilgrim", "assistant": "pythia", "system": "priest"}
_ENDS: dict[str, FinishReason] = {"spoken": "stop", "breathless": "length"}
_WORDS = {"max_tokens": "breath", "temperature": "fervour", "seed": "fate", "stop": "hush"}


class DelphiCodec:
    """Chats with one oracle."""

    framing: Framing = "sse"

    def __init__(self, model: str, url: str, key: Secret) -> None:
        self._model, self._url, self._key = model, url, key

    def encode(self, request: ChatRequest, *, stream: bool) -> HttpRequest:
        """The request, with its credential."""
        for name in ("top_p", "reasoning_effort", "tools", "output"):
            if getattr(request, name):
                raise ValidationError(f"Delphi knows no {name}; leave it out", field=name)
        said = [[_speaker(message), _text(message)] for message in request.messages]
        body: dict[str, Any] = {"oracle": self._model, "said": said}
        wanted = {word: getattr(request, name) for name, word in _WORDS.items()}
        body |= {word: value for word, value in wanted.items() if value not in (None, ())}
        check_extra(request.extra, body)
        url = f"{self._url}/consult/aloud" if stream else f"{self._url}/consult"
        return HttpRequest.json(url, {**body, **request.extra}, {"x-drachma": self._key.reveal()})

    def decode(self, response: HttpResponse) -> ChatResponse:
        """A whole reply."""
        body = response.json()
        if not isinstance(body, dict):
            bad_shape("is not an object", body, response.status)
        if "omen" in body:
            raise ProviderError(_omen(body), status=response.status)
        return _answer(required_text(body, "verse"), body)

    def decoder(self) -> DelphiDecoder:
        """A fresh decoder for one streamed answer."""
        return DelphiDecoder()

    def error(self, response: HttpResponse) -> ProviderError:
        """What a status that is not 2xx means."""
        return error_for_status(response.status, f"HTTP {response.status}: {_omen(error_body(response))}")


class DelphiDecoder:
    """Reads one answer that is spoken aloud."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._silence: dict[str, Any] | None = None

    def feed(self, frame: Frame) -> Sequence[Delta]:
        """The line in an event ``verse``; other events than ours are skipped."""
        if frame.event == "omen":
            raise ProviderError(_omen(read_frame(frame.data)))
        if frame.event == "silence":
            self._silence = read_frame(frame.data)
        if frame.event != "verse":
            return ()
        line = required_text(read_frame(frame.data), "line")
        self._lines.append(line)
        return [Delta("text", line)]

    def finish(self) -> ChatResponse:
        """The answer, once there is silence."""
        verse = "".join(self._lines)
        if self._silence is None:
            raise StreamInterruptedError("Delphi fell silent before the answer ended", partial=verse)
        return _answer(verse, self._silence)


def _speaker(message: Message) -> str:
    if message.tool_calls or message.role == "tool":
        raise ValidationError("Delphi knows no tools", field="messages")
    return _SPEAKERS[message.role]


def _text(message: Message) -> str:
    texts = []
    for part in message.parts:
        if isinstance(part, TextPart):
            texts.append(part.text)
        elif isinstance(part, PassagePart):
            texts.append(part.as_text() + "\n\n")
        elif not isinstance(part, ReasoningPart):
            raise ValidationError(f"Delphi takes text, not a {type(part).__name__}", field="messages")
    return "".join(texts)


def _omen(body: Any) -> str:
    return str(body.get("omen", body) if isinstance(body, dict) else body)[:500]


def _answer(verse: str, end: dict[str, Any]) -> ChatResponse:
    """The answer; ``end`` is the reply, or the event ``silence``."""
    why = _ENDS.get(required_text(end, "why"), "other")
    coins = end.get("coins")
    spent = (
        [coin if isinstance(coin, int) and coin > 0 else 0 for coin in coins]
        if isinstance(coins, list)
        else []
    )
    usage = Usage(*spent) if len(spent) == 2 else Usage()
    return ChatResponse(Message("assistant", verse), why, usage, raw=end)
