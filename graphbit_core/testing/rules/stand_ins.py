"""Stand-ins that hooks are tried on: a component of each kind, and an event of each type."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from graphbit_core.contracts import API_VERSION
from graphbit_core.types.events import EVENT_TYPES, Event
from graphbit_core.types.messages import ToolSpec

_ATTRIBUTES: Mapping[str, Any] = {
    "graphbit_api": API_VERSION,
    "capabilities": frozenset(),
    "default_model": "stand-in",
    "suffixes": frozenset({".txt"}),
    "spec": ToolSpec("stand_in", "Stands in.", {"type": "object", "properties": {}}),
    "dimensions": 2,
    "fingerprint": "stand-in",
    "inline": True,
}
_DATA: Mapping[str, Any] = {
    **dict.fromkeys(("seconds", "delay", "retry_after", "duration_ms"), 0.5),
    **dict.fromkeys(("attempt", "count", "index", "iteration", "first_seq", "limit", "used", "queued"), 1),
    **dict.fromkeys(("input_tokens", "output_tokens", "cut"), 1),
    **dict.fromkeys(("more", "handled", "abandoned", "fallback"), False),
    "degraded": [],
    "label": None,
    "port": None,
}


def contract(kind: str) -> Any:
    """The protocol of a kind of component; ``vector_store`` has VectorStore."""
    title = "".join(word.title() for word in kind.split("_"))
    return getattr(import_module(f"graphbit_core.contracts.{kind}"), title)


def stand_in(kind: str) -> type:
    """A class with all that the contract of ``kind`` names; its methods return None."""
    names = {name for base in contract(kind).__mro__ for name in {*vars(base), *_annotated(base)}}
    about: dict[str, Any] = {name: _ATTRIBUTES.get(name, _nothing) for name in names if name[0] != "_"}
    return type(f"StandIn_{kind}", (), {"__doc__": f"Stands in for a {kind}.", **about})


def parts(instance: object) -> set[str]:
    """The names by which others use an instance."""
    return {name for name in dir(instance) if name[0] != "_"}


def events() -> Iterator[Event]:
    """An event of every type: with what its data always has, with what it may have, and of a new one."""
    for name, known in EVENT_TYPES.items():
        yield _event(name, {key: _DATA.get(key, "text") for key in known.keys})
        yield _event(name, {key: _DATA.get(key, "text") for key in known.keys | known.optional})
    yield _event("added.later", {"nobody": "knows"})


def _event(name: str, data: Mapping[str, Any]) -> Event:
    node = None if name.startswith("run.") else "node"
    return Event("run", 0, time.time(), name, node, node and f"run/{node}", data)


def _annotated(base: type) -> Mapping[str, Any]:
    found: Mapping[str, Any] = vars(base).get("__annotations__", {})
    return found


def _nothing(*_: Any, **__: Any) -> None:
    """Does nothing."""
