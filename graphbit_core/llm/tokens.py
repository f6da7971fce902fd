"""Counting tokens: exactly where a tokenizer for the model is installed, else by a stated estimate."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphbit_core.errors import ComponentNotFoundError
from graphbit_core.host import default_host
from graphbit_core.llm.models import ModelInfo, default_registry
from graphbit_core.types.messages import (
    AudioPart,
    ChatRequest,
    FilePart,
    ImagePart,
    Message,
    PassagePart,
    ReasoningPart,
    TextPart,
    Usage,
)

if TYPE_CHECKING:
    from graphbit_core.host import Host

_BYTES_PER_TOKEN = ((r"gpt|^o\d|text-embedding|gemini|gemma|grok", 4.0), (r"claude", 3.2))
"""What the name of a model holds → UTF-8 bytes of ordinary prose per token, rounded down; else 3.5."""
_OTHERS = 3.5
_MARGIN = 1.3
"""Put on an estimate where it is to be enough: code, JSON and Chinese have more tokens than prose."""
_MESSAGE = 4
"""Tokens around each message, and before the answer."""
_IMAGE = 1600
_AUDIO_BYTES_PER_TOKEN = 250
_FILE_BYTES_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class TokenCount:
    """How many tokens something has.

    Attributes:
        tokens: The number.
        exact: Whether it is what the model counts, or an estimate.
        tokenizer: The tokenizer that counted text; empty: none, it was estimated from the number of bytes.
    """

    tokens: int
    exact: bool
    tokenizer: str = ""


def count_tokens(what: str | ChatRequest, model: str | ModelInfo, *, host: Host | None = None) -> TokenCount:
    """How many input tokens ``what`` has for a model.

    A text is counted exactly where the registry names the model's tokenizer and that is installed. What
    surrounds the messages of a request is known of no API, and images, audio, files and tools are counted by
    rule of thumb; so a request is never exact.

    Args:
        what: A text, or a whole request.
        model: The model, or its name as ``LlmClient`` takes it; a name that nobody knows is estimated.
        host: Where tokenizers are found.
    """
    name, tokenizer_name = _named(model)
    tokenizer = _tokenizer(tokenizer_name, host or default_host())
    found = tokenizer_name if tokenizer is not None else ""
    if isinstance(what, str):
        count = tokenizer.count(what) if tokenizer else _estimated([what], name)
        return TokenCount(count, tokenizer is not None, found)
    texts = list(_texts(what))
    count = sum(map(tokenizer.count, texts)) if tokenizer else _estimated(texts, name)
    return TokenCount(count + _around(what), False, found)


def estimate(request: ChatRequest, model: ModelInfo) -> tuple[int, float | None]:
    """The most that a call is likely to use, for budgets: tokens, and US dollars or None without a price.

    It is quick: no tokenizer is loaded, and 30 % are put on the estimate. Without ``max_tokens`` the model's
    own maximum is taken.
    """
    read = math.ceil(_estimated(list(_texts(request)), model.name) * _MARGIN) + _around(request)
    written = request.max_tokens or model.max_output_tokens or 4096
    return read + written, model.cost(Usage(read, written, cache_write_tokens=read if request.cache else 0))


def estimate_texts(texts: Sequence[str], model: ModelInfo) -> int:
    """The most tokens that ``texts`` are likely to have together; as ``estimate``, for embedders."""
    return math.ceil(_estimated(texts, model.name) * _MARGIN)


def _named(model: str | ModelInfo) -> tuple[str, str]:
    if isinstance(model, ModelInfo):
        return model.name, model.tokenizer
    try:
        found = default_registry().find(model)
    except ComponentNotFoundError:
        return model, ""
    return found.model, found.info.tokenizer if found.info else ""


def _tokenizer(name: str, host: Host) -> Any:
    if not name:
        return None
    try:
        return host.create("tokenizer", name)
    except ComponentNotFoundError:
        return None


def _estimated(texts: Sequence[str], model: str) -> int:
    ratio = next((one for pattern, one in _BYTES_PER_TOKEN if re.search(pattern, model)), _OTHERS)
    return math.ceil(sum(len(text.encode(errors="replace")) for text in texts) / ratio)


def _texts(request: ChatRequest) -> Iterator[str]:
    """Everything in a request that is sent as text."""
    for message in request.messages:
        yield from _message_texts(message)
    for tool in request.tools:
        yield json.dumps([tool.name, tool.description, dict(tool.parameters)], ensure_ascii=False)
    if request.output is not None:
        yield json.dumps(dict(request.output.schema), ensure_ascii=False)


def _message_texts(message: Message) -> Iterator[str]:
    if isinstance(message.content, str):
        yield message.content
    else:
        for part in message.content:
            if isinstance(part, TextPart | ReasoningPart):
                yield part.text
            elif isinstance(part, PassagePart):
                yield part.as_text()
    for call in message.tool_calls:
        yield call.name
        yield call.arguments


def _around(request: ChatRequest) -> int:
    """What no text says: the frame of each message, and media."""
    total = _MESSAGE * (len(request.messages) + 1)
    for message in request.messages:
        for part in () if isinstance(message.content, str) else message.content:
            if isinstance(part, ImagePart):
                total += _IMAGE
            elif isinstance(part, AudioPart):
                total += math.ceil(len(part.data) / _AUDIO_BYTES_PER_TOKEN)
            elif isinstance(part, FilePart):
                total += math.ceil(len(part.data or b"") / _FILE_BYTES_PER_TOKEN)
    return total
