"""A conversation as the API has it: the system prompt apart, results of tools as a user turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from graphbit_anthropic.parts import (
    Block,
    assistant_blocks,
    result_block,
    shortened,
    text_blocks,
    user_blocks,
)
from graphbit_core import Message, ValidationError
from graphbit_core.wire import split_system

Turn = tuple[str, list[Block]]
_UNCACHEABLE = ("thinking", "redacted_thinking")


def write_messages(messages: Sequence[Message], mark: dict[str, Any] | None) -> dict[str, Any]:
    """The fields ``system`` and ``messages``.

    System messages at the beginning are the system prompt. A later one stays where it is: it must not
    apply to what was said before it, and moving it would void the prompt cache.

    Args:
        messages: The conversation.
        mark: What marks the end of what is to be cached; None if nothing is.
    """
    leading, rest = split_system(messages)
    system = [block for message in leading for block in text_blocks(message)]
    turns = _turns(rest)
    if not turns:
        raise ValidationError("the conversation has no user message to answer", field="messages")
    if mark:
        for blocks in (system, turns[-1][1]):
            _mark_last(blocks, mark)
    written: dict[str, Any] = {"system": shortened(system)} if system else {}
    return {**written, "messages": [{"role": role, "content": shortened(blocks)} for role, blocks in turns]}


def _turns(messages: Sequence[Message]) -> list[Turn]:
    turns: list[Turn] = []
    for role, group in groupby(messages, key=lambda message: message.role):
        if role == "tool":  # the results of one answer's calls belong into one turn
            turns.append(("user", [result_block(message) for message in group]))
        else:
            turns += [turn for message in group if (turn := _turn(message))]
    return turns


def _turn(message: Message) -> Turn | None:
    """None for an assistant that said nothing, which models do and the API does not take back."""
    if message.role == "assistant":
        blocks = assistant_blocks(message)
        return (message.role, blocks) if blocks else None
    blocks = text_blocks(message) if message.role == "system" else user_blocks(message)
    if not blocks:
        raise ValidationError(f"Anthropic takes no empty {message.role} message", field="messages")
    return message.role, blocks


def _mark_last(blocks: list[Block], mark: dict[str, Any]) -> None:
    for block in reversed(blocks):
        if block["type"] not in _UNCACHEABLE:
            block["cache_control"] = mark
            return
