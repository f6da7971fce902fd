"""What goes to a chat model and what comes back: the union of what real model APIs need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "other"]


@dataclass(frozen=True, slots=True)
class TextPart:
    """Text of a message.

    Attributes:
        text: The text.
        phase: Which step of an answer it is, in the API's own word, such as ``commentary`` or
            ``final_answer``; an API that said so wants it back in the next turn. Empty: nothing was said.
        calls_before: How many tool calls of its message came before it.
    """

    text: str
    phase: str = ""
    calls_before: int = 0


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image, as a URL or as bytes with their media type (``image/png``)."""

    url: str | None = None
    data: bytes | None = field(default=None, repr=False)
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class AudioPart:
    """Audio as bytes; ``format`` is ``wav`` or ``mp3``."""

    data: bytes = field(repr=False)
    format: str = "wav"


@dataclass(frozen=True, slots=True)
class FilePart:
    """A file, as bytes with their media type, or by the id the provider gave it."""

    name: str
    data: bytes | None = field(default=None, repr=False)
    media_type: str | None = None
    file_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """What a model thought before it answered, or between its tool calls.

    Attributes:
        text: The thought, or a summary of it; empty where the API keeps it to itself.
        signature: Opaque; the API that gave it wants it back unchanged in the next turn.
        origin: The dialect that made it, such as ``anthropic`` or ``gemini``. A codec sends back only
            reasoning of its own dialect; that of others says nothing to it and is left out.
        id: The API's own name of it, where it has one.
        hidden: The API gave it in encrypted form only, as ``signature``.
        calls_before: How many tool calls of its message came before it.
    """

    text: str
    signature: str | None = None
    origin: str = ""
    id: str | None = None
    hidden: bool = False
    calls_before: int = 0


@dataclass(frozen=True, slots=True)
class PassagePart:
    """A passage that the answer may rest on; the model cites it as ``[number]``.

    It is a part of its own, so that nothing in a passage can be taken for the question or for another
    passage. A codec whose API has no such thing sends ``as_text()``.
    """

    number: int
    text: str
    source: str

    def as_text(self) -> str:
        """The passage as text, its number and source first."""
        return f"[{self.number}] {self.source}\n{self.text}"


NOT_FOUND = "Not found in the documents."
"""What a model is asked to say when no passage answers the question; the extractive model says it too."""

Part = TextPart | PassagePart | ImagePart | AudioPart | FilePart | ReasoningPart


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model asks for a tool.

    Attributes:
        id: Names the call; its result refers to it.
        name: Name of the tool.
        arguments: JSON text as the model wrote it, not yet checked.
        signature: Opaque; an API that gave one wants it back unchanged in the next turn.
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation.

    Attributes:
        role: Who speaks.
        content: Text, or parts in order.
        tool_calls: Calls an assistant asked for.
        tool_call_id: On a ``tool`` message, the call it answers.
        name: Name of the speaker or tool, where an API wants one.
        is_error: On a ``tool`` message: the tool failed, and the content says how.
    """

    role: Role
    content: str | Sequence[Part] = ""
    tool_calls: Sequence[ToolCall] = ()
    tool_call_id: str | None = None
    name: str | None = None
    is_error: bool = False

    @property
    def parts(self) -> Sequence[Part]:
        """The content as parts; a text is one."""
        return (TextPart(self.content),) if isinstance(self.content, str) else self.content

    @property
    def text(self) -> str:
        """The text of all text parts, joined."""
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content if isinstance(part, TextPart))

    def in_order(self) -> Iterator[Part | ToolCall]:
        """Parts and tool calls in the order in which the model gave them, as ``calls_before`` tells it."""
        given = 0
        for part in self.parts:
            if isinstance(part, TextPart | ReasoningPart) and part.calls_before > given:
                yield from self.tool_calls[given : part.calls_before]
                given = part.calls_before
            yield part
        yield from self.tool_calls[given:]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as a model sees it; ``parameters`` is a JSON Schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JsonOutput:
    """Asks for an answer that is JSON and fits ``schema``."""

    schema: Mapping[str, Any]
    name: str = "answer"
    strict: bool = True


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call of a chat model. None means "not sent": the provider's default holds.

    Attributes:
        messages: The conversation, oldest first.
        tools: Tools the model may ask for.
        tool_choice: ``auto``, ``none``, ``required``, or the name of one tool.
        parallel_tool_calls: Whether one answer may ask for several tools.
        output: Ask for JSON that fits a schema.
        max_tokens: Most tokens to generate, at least 1.
        temperature: 0 to 2; many reasoning models refuse it.
        top_p: 0 to 1.
        stop: Texts that end the answer.
        seed: For providers that can repeat an answer.
        reasoning_effort: The provider's own word: ``low``, ``medium``, ``high``, …
        cache: Ask for prompt caching where it must be asked for.
        extra: Fields put into the body as they are, for what this class does not know.
        metadata: For hooks and in-process models; never sent.
    """

    messages: Sequence[Message]
    tools: Sequence[ToolSpec] = ()
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    output: JsonOutput | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    reasoning_effort: str | None = None
    cache: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call used.

    Attributes:
        input_tokens: Tokens read, cached and newly cached ones included.
        output_tokens: Tokens written, reasoning included.
        cached_tokens: Of the input, those that came from the provider's cache.
        cache_write_tokens: Of the input, those that went into it.
        reasoning_tokens: Of the output, those that were reasoning.
        cost: US dollars, where the API itself says what the call cost.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: float | None = None

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            other.cost if self.cost is None else self.cost + (other.cost or 0.0),
        )


@dataclass(frozen=True, slots=True)
class ChatResponse:
    """A complete answer.

    Attributes:
        message: The assistant's message, with its tool calls.
        finish_reason: Why it ended, in our words.
        usage: Tokens; zeros where the provider said nothing.
        model: The model that answered, as the provider names it.
        id: The provider's id of this answer.
        raw: The provider's own reply, as decoded JSON (for a stream, of its last frame).
        cached: It comes from the response cache; then it has no ``raw`` and used no tokens.
    """

    message: Message
    finish_reason: FinishReason = "stop"
    usage: Usage = Usage()
    model: str = ""
    id: str = ""
    raw: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)
    cached: bool = False

    @property
    def text(self) -> str:
        """The text of the answer."""
        return self.message.text

    @property
    def tool_calls(self) -> Sequence[ToolCall]:
        """Tools the model asks for."""
        return self.message.tool_calls


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed answer.

    Attributes:
        kind: What the piece belongs to; ``restart`` says that all pieces before it are void, because the call
            is made again (only where it was allowed to be).
        text: The piece; for ``tool_call`` a fragment of the arguments.
        index: Which tool call, counted from 0.
        tool_call: Id and name, on the first piece of a tool call.
    """

    kind: Literal["text", "reasoning", "refusal", "tool_call", "restart"]
    text: str
    index: int = 0
    tool_call: ToolCall | None = None
