"""From the options of a node to the rules the kernel runs it by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graphbit_core.contracts.node_type import Container, Delay, PassOn
from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow.options import DEFAULTS

if TYPE_CHECKING:
    from graphbit_core.kernel.graph_data import NodeRules, PlanEdge
    from graphbit_core.workflow.edge import Edge
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.options import Options


def rules_of(
    node: Node,
    position: Mapping[str, int],
    operation: Delay | PassOn | None,
    container: Container | None,
    body: int | None,
) -> NodeRules | None:
    """What a node asks of the kernel beyond its defaults; None if nothing.

    Args:
        node: The node.
        position: Index of each node of its workflow, by id.
        operation: The kernel operation it compiles to.
        container: What it tells of the workflow it runs.
        body: The scope of that workflow.

    Raises:
        ValidationError: Its fallback is not a node of this workflow.
    """
    rules: NodeRules = {}
    if operation is not None:
        if isinstance(operation, Delay):
            rules["delay"] = operation.seconds
        else:
            rules["pass_on"] = True
    if container is not None and body is not None:
        rules["body"], rules["style"] = body, container.style
        rules["keep_going"] = container.keep_going
        if container.max_concurrency is not None:
            rules["max_concurrency"] = container.max_concurrency
    if node.options is not DEFAULTS:
        _from_options(rules, node.options, position)
    return rules or None


def _from_options(rules: NodeRules, options: Options, position: Mapping[str, int]) -> None:
    rules["join"], rules["rest"], rules["priority"] = options.join, options.rest, options.priority
    if options.count is not None:
        rules["count"] = options.count
    optional = ["" if name == "in" else name for name, port in options.ports.items() if not port.required]
    rules["optional_ports"] = optional
    kind, value = options.on_error
    rules["on_error"] = kind
    if kind == "fallback":
        if value not in position:
            raise ValidationError(
                f"its fallback {value!r} is no node of this workflow{nearest(value, position)}"
            )
        rules["fallback"] = position[value]
    retry = options.retry
    rules["max_attempts"], rules["backoff"] = retry.max_attempts, (retry.base, retry.factor, retry.cap)
    if options.timeout is not None:
        rules["timeout"] = options.timeout
    if options.deadline is not None:
        rules["deadline"] = options.deadline
    if options.resource is not None:
        rules["resource"] = options.resource
    rules["compensate"] = options.compensate is not None


def edge_of(edge: Edge, position: Mapping[str, int]) -> PlanEdge:
    """An edge as the kernel takes it; whether a conditional one goes live is told when its source settles."""
    label = edge.when if isinstance(edge.when, str) else None
    port = "" if edge.port in (None, "in") else edge.port or ""
    return position[edge.source], position[edge.target], edge.kind, label, port
