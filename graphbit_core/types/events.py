"""What a run tells while it goes on: the event, its wire form, and all types there are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.types.plain import as_plain

EVENT_VERSION = 1


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run.

    Attributes:
        run_id: Id of the run.
        seq: Counts all events of the run from 0; whoever is given some types only sees gaps. Deltas that
            were joined for a slow reader carry the ``seq`` of the last one, and that of the first one as
            ``first_seq`` in ``data``.
        ts: Seconds since the Unix epoch.
        type: ``run.started``, ``node.succeeded``, ``llm.delta``, …; ``EVENT_TYPES`` has all.
        node: Id of the node, None for the run itself.
        activation: ``run id/node id``.
        data: What belongs to the type.
        attempt: Attempt of the node, from 1.
        trace_id: Id of the trace the run belongs to.
        v: Version of this format.
    """

    run_id: str
    seq: int
    ts: float
    type: str
    node: str | None
    activation: str | None
    data: Mapping[str, Any]
    attempt: int = 1
    trace_id: str = ""
    v: int = EVENT_VERSION

    def to_dict(self) -> dict[str, Any]:
        """The wire form, of JSON types: ``{v, run_id, seq, ts, type, node, activation, attempt, trace_id,
        data}``. What JSON has no form for is described: ``{"not_json": its type, "text": …}``.
        """
        return {
            "v": self.v,
            "run_id": self.run_id,
            "seq": self.seq,
            "ts": self.ts,
            "type": self.type,
            "node": self.node,
            "activation": self.activation,
            "attempt": self.attempt,
            "trace_id": self.trace_id,
            "data": as_plain(self.data),
        }

    @classmethod
    def from_dict(cls, wire: Mapping[str, Any]) -> Event:
        """The event of a wire form. Keys that it does not know are left out, so that later ones can be added.

        Raises:
            ValidationError: A key is missing, has a value of another type, or ``v`` is a later version.
        """
        if not isinstance(wire, Mapping):
            raise ValidationError(f"this is no event: {wire!r:.80} is no object", field="event")
        for key, types in _WIRE.items():
            if key not in wire or not isinstance(wire[key], types):
                problem = f"is {wire[key]!r:.80}" if key in wire else "is missing"
                raise ValidationError(f"this is no event: its {key!r} {problem}", field=key)
        if wire["v"] != EVENT_VERSION:
            known = f"this version reads {EVENT_VERSION}; a newer graphbit-core may read it"
            raise ValidationError(f"the event has format version {wire['v']}; {known}", field="v")
        return cls(**{key: wire[key] for key in _WIRE})


_TEXT_OR_NONE = (str, type(None))
_WIRE: dict[str, tuple[type, ...]] = {
    "v": (int,),
    "run_id": (str,),
    "seq": (int,),
    "ts": (int, float),
    "type": (str,),
    "node": _TEXT_OR_NONE,
    "activation": _TEXT_OR_NONE,
    "attempt": (int,),
    "trace_id": (str,),
    "data": (Mapping,),
}


@dataclass(frozen=True, slots=True)
class EventType:
    """What ``data`` of a type of event holds.

    Attributes:
        keys: Always there.
        optional: There where it applies.
        open: Whether a body may add keys of its own.
    """

    keys: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    open: bool = False

    def faults(self, data: Mapping[str, Any]) -> list[str]:
        """What is wrong with ``data``: keys that are missing, and keys that nobody knows."""
        missing = [f"{key} is missing" for key in sorted(self.keys - set(data))]
        unknown = set() if self.open else set(data) - self.keys - self.optional
        return missing + [f"{key} is unknown" for key in sorted(unknown)]


def _type(keys: str = "", optional: str = "", *, open: bool = False) -> EventType:  # noqa: A002
    return EventType(frozenset(keys.split()), frozenset(optional.split()), open)


EVENT_TYPES: Mapping[str, EventType] = MappingProxyType(
    {
        "run.started": _type(),
        "run.succeeded": _type(optional="degraded"),
        "run.failed": _type(optional="reason"),
        "run.cancelled": _type(optional="reason"),
        "node.ready": _type(),
        "node.started": _type(optional="fallback"),
        "node.retrying": _type("attempt delay error", "fallback"),
        "node.succeeded": _type(),
        "node.degraded": _type(optional="error handled"),
        "node.failed": _type("error", "handled"),
        "node.skipped": _type("reason"),
        "node.cancelled": _type(optional="reason"),
        "node.compensating": _type(),
        "node.compensated": _type(optional="error"),
        "edge.live": _type("source target", "label kind port"),
        "edge.dead": _type("source target reason", "label kind port"),
        "map.started": _type("count more"),
        "map.item": _type("index state"),
        "map.completed": _type("count"),
        "loop.iteration": _type("iteration"),
        "timer.started": _type("seconds"),
        "timer.fired": _type(),
        "llm.started": _type("model", "iteration", open=True),
        "llm.delta": _type("kind text index", "first_seq iteration"),
        "llm.restarted": _type("attempt reason"),
        "llm.fallback": _type("from to error"),
        "llm.completed": _type("model finish_reason input_tokens output_tokens", "iteration", open=True),
        "tool.started": _type("id name", "arguments iteration"),
        "tool.completed": _type("id name", "duration_ms output cut iteration"),
        "tool.failed": _type("id name error reason", "duration_ms abandoned iteration"),
        "resource.limited": _type("resource seconds reason"),
        "resource.breaker": _type("resource state", "retry_after"),
        "resource.shed": _type("resource queued seconds"),
        "budget.exceeded": _type("cap limit used"),
        "log": _type(open=True),
        "custom": _type(open=True),
    }
)
"""Type → what its ``data`` holds. Bodies emit ``custom`` and ``log`` with what they like."""
