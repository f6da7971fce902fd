"""From what a body returned to how its activation is settled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphbit_core.contracts.node_type import Choice, Frames
from graphbit_core.errors import ValidationError
from graphbit_core.types.plain import utf8

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import Settlement
    from graphbit_core.workflow.activation import Activation
    from graphbit_core.workflow.frames import OpenFrames


def settlement_of(activation: Activation, value: Any, frames: OpenFrames) -> Settlement:
    """How an activation that ended without an error is settled; its output and its writes are noted.

    Raises:
        ValidationError: What it returned cannot be used.
    """
    if activation.stage == "compensate":
        return activation.id, "succeeded", None
    if activation.stage == "feed":
        return frames.feed(activation, value)
    if isinstance(value, Frames):
        return frames.open(activation, value)
    chosen: list[str] | list[int] | None
    if isinstance(value, Choice):
        chosen, value = _names(value), value.value
    else:
        chosen = _positions(activation, value)
    _note(activation, value, frames)
    return activation.id, "succeeded", chosen


def _note(activation: Activation, value: Any, frames: OpenFrames) -> None:
    frame, node = activation.frame, activation.node
    frame.values[node] = value
    writes = activation.writes
    if activation.stage == "resume":
        errors, handled, inner = frames.close(activation)
        frame.handled += [*errors, *handled]
        writes = [*inner, *writes]
    variable = frame.scope.writes.get(node)
    if variable is not None:
        writes.append((variable, value))
        frame.state.variables_written = True
    if writes:
        frame.writes[node] = writes


def _names(choice: Choice) -> list[str]:
    targets = choice.targets
    if not isinstance(targets, list | tuple) or not all(isinstance(target, str) for target in targets):
        raise ValidationError(
            f"the targets of a Choice are a list of labels or node ids, not {targets!r:.80}", field="targets"
        )
    return [utf8(target) for target in targets]


def _positions(activation: Activation, value: Any) -> list[int] | None:
    """Which out-edges go live, by position; None for all. A labelled one does only if it is chosen."""
    edges = activation.frame.scope.selective.get(activation.node)
    if edges is None:
        return None
    return [
        position
        for position, edge in edges
        if edge.kind != "error" and edge.label is None and (edge.test is None or edge.test(activation, value))
    ]
