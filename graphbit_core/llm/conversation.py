"""From what callers write to a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, get_args

from graphbit_core.contracts.tool import Tool
from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.types.messages import ChatRequest, Message, Part, Role, TextPart, ToolSpec

Prompt = str | Sequence[Part] | ChatRequest
Turn = Message | tuple[str, str] | Mapping[str, str]

_ROLES = get_args(Role)
_OPTIONS = frozenset(field.name for field in fields(ChatRequest)) - {"messages"}
_OF_A_CALL = "give it to respond(ChatRequest(…), …), or to stream"
_OF_A_CLIENT = "give it to the client: LlmClient(…)"
_ELSEWHERE = {
    **dict.fromkeys(("deadline", "on_delta", "observe"), _OF_A_CALL),
    "policy": "give it to the client, or to respond(ChatRequest(…), policy=…)",
    **dict.fromkeys(("api_key", "base_url", "budget", "fallbacks", "limits", "router"), _OF_A_CLIENT),
    "timeout": "give it to the client, LlmClient(…, timeout=…), or respond a deadline",
    "model": "a client has its model from the beginning: LlmClient('provider:model')",
    "messages": "give them to chat(messages)",
}
"""Names that are looked for among the options of a request, and where they belong."""


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
    if not isinstance(prompt, Sequence):
        raise ValidationError(f"the prompt is a text or a list of parts, not {prompt!r:.80}", field="prompt")
    if not _says_something(prompt):
        raise ValidationError("the prompt is empty; say what the model is to do", field="prompt")
    check_options(options)
    messages = [Message("system", system)] if system is not None else []
    return ChatRequest((*messages, Message("user", prompt)), **_with_specs(options))


def as_requests(
    prompts: Iterable[Prompt], system: str | None, options: Mapping[str, Any]
) -> list[ChatRequest]:
    """A request for each of ``prompts``; one text is not taken for a list of letters."""
    if isinstance(prompts, str):
        raise ValidationError("prompts is a list of prompts; put the one in a list", field="prompts")
    return [as_request(prompt, system, options) for prompt in prompts]


def _says_something(prompt: str | Sequence[Part]) -> bool:
    """Whether there is a word in it, or a part that is no text, such as an image."""
    if isinstance(prompt, str):
        return bool(prompt.strip())
    return any(not isinstance(part, TextPart) or part.text.strip() for part in prompt)


def as_conversation(messages: Iterable[Turn], system: str | None, options: Mapping[str, Any]) -> ChatRequest:
    """A request that goes on from ``messages``, each a Message, or role and text: as a pair, or as a
    mapping of ``role`` and ``content``.

    Raises:
        ValidationError: A role or an option is unknown, or something is neither a message nor a pair.
    """
    check_options(options)
    if isinstance(messages, str):
        raise ValidationError("a conversation is a list of messages; complete takes a text", field="messages")
    turns = [Message("system", system)] if system is not None else []
    return ChatRequest((*turns, *map(_message, messages)), **_with_specs(options))


def check_options(options: Mapping[str, Any]) -> None:
    """Raises ValidationError for options that a request does not have."""
    for name in options:
        if name in _ELSEWHERE:
            raise ValidationError(f"{name!r} is no option of a request; {_ELSEWHERE[name]}", field=name)
        if name not in _OPTIONS:
            near = nearest(name, _OPTIONS) or f"; it has {', '.join(sorted(_OPTIONS))}"
            raise ValidationError(f"a request has no option {name!r}{near}", field=name)


def _with_specs(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options with what the model is shown of each tool, where tools or functions were given."""
    given = options.get("tools", ())
    if all(isinstance(one, ToolSpec) for one in given):
        return options
    from graphbit_core.tools.decorator import tool

    made = (one if isinstance(one, ToolSpec | Tool) else tool(one) for one in given)
    return {**options, "tools": tuple(one if isinstance(one, ToolSpec) else one.spec for one in made)}


def _message(turn: Turn) -> Message:
    if isinstance(turn, Message):
        return turn
    if isinstance(turn, Mapping) and set(turn) == {"role", "content"}:
        turn = turn["role"], turn["content"]
    if not isinstance(turn, tuple | list) or len(turn) != 2 or not all(isinstance(one, str) for one in turn):
        raise ValidationError(
            f"a message is a Message or a pair of role and text, such as ('user', 'Hello'), not {turn!r:.80}",
            field="messages",
        )
    role, text = turn
    if role not in _ROLES:
        problem = f"a message has the role {role!r:.40}{nearest(role, _ROLES)}"
        raise ValidationError(f"{problem}; it is one of {', '.join(_ROLES)}", field="messages")
    return Message(role, text)  # type: ignore[arg-type]
