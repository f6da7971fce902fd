"""Records what an SDK sends and compares it with what a codec writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from graphbit_core._native import Schema
from graphbit_core.testing import ModelServer, Reply
from graphbit_core.testing.model_server import Received


def sent(reply: Reply, ask: Callable[[str], Any], asked: int = 1) -> Received:
    """The last of ``asked`` requests that ``ask`` sends to the URL it is given, where ``reply`` waits."""
    with ModelServer() as server:
        url = server.script(reply)
        ask(url)
        requests = server.requests(url)
    assert len(requests) == asked, [request.path for request in requests]
    return requests[-1]


def meaning(value: Any) -> Any:
    """JSON without fields that say nothing: null counts as left out, and JSON in a string as what it spells.

    Numbers keep their value (1 is 1.0); the order of keys does not matter, that of lists does.
    """
    if isinstance(value, dict):
        return {name: meaning(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [meaning(part) for part in value]
    if isinstance(value, str) and value[:1] == "{":
        try:
            return meaning(json.loads(value))
        except ValueError:
            return value
    return value


def misfits(kind: Any, body: Any) -> list[tuple[str, str]]:
    """What is wrong with a body by an SDK's type of it, which here takes no field it does not name."""
    return _closed_schema(kind).check(json.dumps(body))


@cache
def _closed_schema(kind: Any) -> Schema:
    schema = TypeAdapter(kind).json_schema()
    _close(schema)
    return Schema(json.dumps(schema))


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for part in schema.values():
            _close(part)
    elif isinstance(schema, list):
        for part in schema:
            _close(part)
