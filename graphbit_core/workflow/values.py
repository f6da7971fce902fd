"""How a node's output reads when it becomes part of a text or of JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from graphbit_core.types.documents import Document, Match
from graphbit_core.types.json_form import to_json as to_json
from graphbit_core.types.messages import ChatResponse


def as_text(value: Any) -> str:
    """Text as it is, documents and matches as their texts, None as nothing, all else as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Document | Match | ChatResponse):
        return value.text
    if _is_list_of(value, (Document, Match)):
        return "\n\n".join(item.text for item in value)
    return json.dumps(to_json(value), ensure_ascii=False, indent=2)


def fresh(value: Any) -> Any:
    """A value of a workflow for one run: dicts, lists and sets are copied, also those in them, so that what
    a body does to it does not reach the workflow.
    """
    if type(value) is dict:
        return {key: fresh(item) for key, item in value.items()}
    if type(value) is list:
        return [fresh(item) for item in value]
    return set(value) if type(value) is set else value


def is_passages(value: Any) -> bool:
    """Whether ``value`` is a list of matches, as the retrieve node gives."""
    return _is_list_of(value, (Match,))


def _is_list_of(value: Any, types: tuple[type, ...]) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(isinstance(item, types) for item in value)
