"""What a run tells while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run.

    Attributes:
        run_id: Id of the run.
        seq: Counts from 0 without a gap.
        ts: Seconds since the Unix epoch.
        type: ``run.started``, ``node.succeeded``, ``llm.delta``, …
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
    v: int = 1
