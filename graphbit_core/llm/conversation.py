"""From what callers write to a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.types.messages import ChatRequest, Message, Part, Role, TextPart

Prompt = str | Sequence[Part] | ChatRequest
Turn = Message | tuple[str, str]

_ROLES = get_args(Role)
_OPTIONS = frozenset(field.name for field in fields(ChatRequest)) - {"messages"}


def as_request(prompt: Prompt, system: str | None, options: Mapping[str, Any]) -> ChatRequest:
    """A request for one prompt; a request that is one already stays as it is.

    Raises:
        ValidationError: The prompt is empty, an option is unknown, or a whole request came with ``system`` or
            options, which it holds itself.
    """
    if isinstance(prompt, ChatRequest):
        if system is not None or options:
            raise ValidationError("a ChatRequest holds its system message and options itself", field="prompt")
        return prompt
    if not _says_something(prompt):
        raise ValidationError("the prompt is empty; say what the model is to do", field="prompt")
    check_options(options)
    messages = [Message("system", system)] if system is not None else []
    return ChatRequest((*messages, Message("user", prompt)), **options)


def _says_something(prompt: str | Sequence[Part]) -> bool:
    """Whether there is a word in it, or a part that is no text, such as an image."""
    if isinstance(prompt, str):
        return bool(prompt.strip())
    return any(not isinstance(part, TextPart) or part.text.strip() for part in prompt)


def as_conversation(messages: Iterable[Turn], system: str | None, options: Mapping[str, Any]) -> ChatRequest:
    """A request that goes on from ``messages``, each a Message or a pair of role and text.

    Raises:
        ValidationError: A role or an option is unknown, or something is neither a message nor a pair.
    """
    check_options(options)
    turns = [Message("system", system)] if system is not None else []
    return ChatRequest((*turns, *map(_message, messages)), **options)


def check_options(options: Mapping[str, Any]) -> None:
    """Raises ValidationError for options that a request does not have."""
    for name in options:
        if name not in _OPTIONS:
            near = nearest(name, _OPTIONS) or f"; it has {', '.join(sorted(_OPTIONS))}"
            raise ValidationError(f"a request has no option {name!r}{near}", field=name)


def _message(turn: Turn) -> Message:
    if isinstance(turn, Message):
        return turn
    if not isinstance(turn, tuple | list) or len(turn) != 2 or not all(isinstance(one, str) for one in turn):
        raise ValidationError(
            f"a message is a Message or a pair of role and text, not {turn!r:.80}", field="messages"
        )
    role, text = turn
    if role not in _ROLES:
        problem = f"a message has the role {role!r:.40}{nearest(role, _ROLES)}"
        raise ValidationError(f"{problem}; it is one of {', '.join(_ROLES)}", field="messages")
    return Message(role, text)  # type: ignore[arg-type]
