"""How a server's chat completions differ from OpenAI's: one row of data, which the codec honours."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal, get_args

from graphbit_core import ValidationError

TokenLimitField = Literal["max_completion_tokens", "max_tokens"]
EffortField = Literal["reasoning_effort", "reasoning.effort"]
ForcedTool = Literal["required", "any", "refused"]
Replay = Literal["never", "with_calls", "with_calls_always", "details", "chunks"]

_FIELD_OF = {"json_output": "output"}
_CAPABILITIES = ("tools", "json_output", "images", "audio", "files", "seed", "stop")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Differences from OpenAI's own API, which the defaults describe.

    What does no harm elsewhere needs no quirk and is understood from every server: reasoning under
    ``reasoning_content``, ``reasoning`` or ``reasoning_details``, content as a list of chunks, usage in
    ``x_groq``, other words for finish reasons, errors in other shapes, empty lines before a body.

    Attributes:
        max_tokens_field: What the limit of tokens is called; most servers but OpenAI know only
            ``max_tokens``.
        seed_field: What the seed is called; Mistral: ``random_seed``.
        effort_field: What the reasoning effort is called; OpenRouter: ``reasoning.effort``.
        forced_tool: How "some tool must be called" is said: ``any`` for Mistral and Fireworks. ``refused``
            where no tool can be forced, not by its name either (Moonshot).
        refuses: Names of request fields that the server does not take, ours (``stop``, ``seed``, ``output``,
            ``parallel_tool_calls``, …), kinds of parts (``images``, ``audio``, ``files``), ``name`` for that
            of a message, or fields of ``extra`` (``frequency_penalty``). To ask for one is a ValidationError.
            Nearly every server refuses something.
        max_temperature: The highest temperature; Moonshot: 1.
        flat_text: Content of several texts is joined to one string, for servers whose text models take
            nothing else (Moonshot, DeepSeek, AI21).
        include_usage: Whether a stream is asked for its usage; False where ``stream_options`` is refused
            (Mistral, Perplexity: they send it anyway).
        replay: Which of the server's own reasoning goes back to it: ``never``; ``with_calls``, under
            ``reasoning_content`` of turns that call tools (DeepSeek); ``with_calls_always``, there a
            space at least (Moonshot); ``details``, ``reasoning_details`` as they came (OpenRouter);
            ``chunks``, as chunks of content (Mistral).
        require_done: A stream is complete only after ``[DONE]``.
        require_finish: A stream or reply is complete only with a finish reason; False where it may be null
            or empty (AI21, xAI), which then means ``stop``.
        reasoning_apart: Whether completion_tokens leave out the reasoning tokens (xAI).
        cost: Where in ``usage`` the price stands, names joined by dots (OpenRouter: ``cost``).
        cost_unit: US dollars in one unit of it; xAI counts ticks of 1e-10.
    """

    max_tokens_field: TokenLimitField = "max_completion_tokens"
    seed_field: str = "seed"
    effort_field: EffortField = "reasoning_effort"
    forced_tool: ForcedTool = "required"
    refuses: frozenset[str] = frozenset()
    max_temperature: float = 2.0
    flat_text: bool = False
    include_usage: bool = True
    replay: Replay = "never"
    require_done: bool = True
    require_finish: bool = True
    reasoning_apart: bool = False
    cost: str = ""
    cost_unit: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "refuses", frozenset(self.refuses))
        for name, words in _WORDS.items():
            if getattr(self, name) not in words:
                raise _wrong(name, f"is {getattr(self, name)!r}; it must be one of {list(words)}")
        if not (self.require_done or self.require_finish):
            raise _wrong("require_done", "and require_finish are both False: no stream would have an end")

    def changed(self, changes: Quirks | Mapping[str, Any] | None) -> Quirks:
        """These with some changed by name, or others altogether.

        Raises:
            ValidationError: There is no quirk of that name, or it cannot have that value.
        """
        if changes is None or isinstance(changes, Quirks):
            return changes or self
        known = [field.name for field in dataclasses.fields(self)]
        if unknown := sorted(changes.keys() - set(known)):
            raise _wrong(unknown[0], f"does not exist; there are {', '.join(known)}")
        return dataclasses.replace(self, **changes)

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server can do, as far as it follows from what it refuses."""
        able = (name for name in _CAPABILITIES if _FIELD_OF.get(name, name) not in self.refuses)
        return frozenset({"stream", *able})


_WORDS = {
    "max_tokens_field": get_args(TokenLimitField),
    "effort_field": get_args(EffortField),
    "forced_tool": get_args(ForcedTool),
    "replay": get_args(Replay),
}


def _wrong(name: str, what: str) -> ValidationError:
    return ValidationError(f"the quirk {name!r} {what}", field="quirks")
