"""What goes between the kernel's graph and Python: plans, settlements and events, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypedDict


class NodeRules(TypedDict, total=False):
    """What a node asks beyond the defaults; every key may be left out. An unknown key is a ValidationError.

    Times are seconds. ``body`` is the index of the scope that is this container's body; ``fallback`` the
    index of a node of the same scope.
    """

    delay: float
    """The kernel runs the node by itself: it waits so long and passes on what it got."""
    pass_on: bool
    """The kernel runs the node by itself: it succeeds as soon as it is ready."""
    join: str
    """``all`` (default), ``first``, ``quorum``, ``tolerate``, ``all_settled``."""
    count: int
    """The k of ``quorum`` (default 1), the n of ``tolerate`` (default 0)."""
    rest: str
    """What becomes of branches that the join needs no more: ``cancel`` (default), ``ignore``, ``drain``."""
    optional_ports: Sequence[str]
    """Ports that need no live edge."""
    on_error: str
    """``fail`` (default), ``route``, ``value``, ``skip``, ``fallback``."""
    fallback: int
    max_attempts: int
    backoff: tuple[float, float, float]
    """Base, factor and cap of the waits between attempts; default (0.5, 2.0, 30.0), with full jitter."""
    timeout: float
    """Of an attempt; for a container with all its frames."""
    deadline: float
    """From the first start over all attempts and waits."""
    priority: int
    resource: str
    compensate: bool
    body: int
    style: str
    """Names its frames: ``map`` (default) ``each[0]``, ``loop`` ``improve#1``, ``subworkflow`` ``sub``."""
    max_concurrency: int
    """Frames open at once; default: as many as find a free permit."""
    keep_going: bool
    """Whether a frame that failed leaves its siblings alone; by default it stops them."""


PlanNode: TypeAlias = tuple[str, str, NodeRules | None]
"""Id, node type (for its admission limit), rules."""

PlanEdge: TypeAlias = tuple[int, int, str, str | None, str]
"""From and to, as indexes of nodes of the scope; ``data``, ``control`` or ``error``; the label by which it
may be chosen; the target's port (empty: the default one). A control edge counts there too."""

PlanScope: TypeAlias = tuple[Sequence[PlanNode], Sequence[PlanEdge]]
"""Scope 0 is the workflow; each further one is the body of exactly one container."""

PlanFinding: TypeAlias = tuple[str, int, int | None, str, str]
"""Code, scope, index of the node, what is wrong (with a cycle's ids joined by `` -> ``), and what to do.

Codes: ``cycle``, ``duplicate_id``, ``duplicate_edge``, ``self_edge``, ``disconnected``, ``unknown_node``,
``invalid_delay``, ``invalid_rule``, ``quorum_unreachable``, ``join_without_edges``, ``no_error_edge``,
``unused_error_edge``, ``fallback_cycle``, ``fallback_with_edges``, ``unknown_scope``, ``body_shared``,
``too_many_nodes``. Nodes are independent steps in a scope without edges; beside edges, a node that none
touches and that is no fallback is ``disconnected``."""

Taken: TypeAlias = tuple[int, int, str, int]
"""Activation, node whose body runs (another one than the activation's when a fallback took over), stage,
attempt of that body from 1. Stages: ``run``; ``feed`` (say what else to open), ``resume`` (every frame has
ended), both for containers; ``compensate``."""

Settlement: TypeAlias = tuple[int, str, object]
"""Activation, outcome, detail.

``succeeded``  None (all data and control edges go live), or what was chosen: labels or ids of targets, or
               positions among the node's out-edges. Error edges have positions, but cannot be chosen.
``failed``     (text, whether another attempt may help, seconds the next attempt has to wait at least or None)
``cancelled``  None
``opened``     (number of frames to open, whether the list is incomplete); for containers
"""

Disposition: TypeAlias = tuple[int, str, str | None]
"""Activation, what became of its failure (``failed``: nobody handles it, ``absorbed``, ``retrying``,
``fallback``, ``value``, ``route``, ``skip``), and the error where the kernel made it: an impossible choice,
a join that cannot be satisfied any more, a deadline that passed in the queue."""

RunEvent: TypeAlias = tuple[int, float, str, int | None, str | None, int, dict[str, str | int | float | bool]]
"""``seq`` (gapless, from 0), ``now``, type, activation, its path, attempt (0 before the first), data.

Types and their data: ``run.started``, ``run.succeeded`` (``degraded``: True if it is), ``run.failed``,
``run.cancelled`` (``reason`` if ``cancel`` ended it); ``node.ready``, ``node.started`` (``fallback``: id of
the node whose body runs instead), ``node.retrying`` (``attempt``: the next one, ``delay``, ``error``, and
``fallback`` if another body takes over), ``node.succeeded``, ``node.degraded`` (in place of succeeded;
``error`` and ``handled`` if a value replaced its output), ``node.failed`` (``error``, ``handled`` if it
was), ``node.skipped`` (``reason``), ``node.cancelled``, ``node.compensating``, ``node.compensated``
(``error`` if it failed); ``edge.live`` and ``edge.dead`` (``source`` and ``target``, ids; ``label`` if it
has one; a dead one's ``reason``), whose activation is the source's; ``map.started`` (``count``, ``more``),
``map.item`` (``index``, ``state``), ``map.completed`` (``count``), ``loop.iteration`` (``iteration``, from
1); ``timer.started`` (``seconds``), ``timer.fired``."""
