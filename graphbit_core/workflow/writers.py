"""Finds nodes that write the same ``last`` variable although nothing says which of them comes last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from graphbit_core.errors import Finding
from graphbit_core.workflow.compiled import Compiled, Scope
from graphbit_core.workflow.sketch import Sketch

Place = list[tuple[int, int]]
"""Scope and node, of a node and of the containers around it, outermost first."""


def unordered_writers(compiled: Compiled | Sketch, where: Sequence[str]) -> Iterable[Finding]:
    """A finding per pair of nodes, also of different bodies.

    Args:
        compiled: The workflow.
        where: Path in front of the nodes of each scope.
    """
    writers: dict[str, list[Place]] = {}
    for scope in compiled.scopes:
        for i, node in enumerate(scope.nodes):
            name = node.options.writes
            declared = compiled.variables.get(name) if name is not None else None
            if name is not None and (declared is None or declared.reducer == "last"):
                writers.setdefault(name, []).append(_place(compiled, scope.number, i))
    for name, places in writers.items():
        for one, other in combinations(places, 2):
            if _is_ordered(compiled, one, other):
                continue
            first, second = (
                where[scope] + compiled.scopes[scope].ids[node] for scope, node in (one[-1], other[-1])
            )
            message = f"it writes {name!r}, and so does {first!r}; neither comes before the other"
            fix = f"connect them, or declare {name!r} with a reducer such as append"
            yield Finding("unordered_writers", message, fix, second)


def _place(compiled: Compiled | Sketch, scope: int, node: int) -> Place:
    outer = compiled.scopes[scope].outer
    return [*(_place(compiled, *outer) if outer is not None else []), (scope, node)]


def _is_ordered(compiled: Compiled | Sketch, one: Place, other: Place) -> bool:
    """Whether one comes before the other, or they exclude each other, where their ways in part."""
    for (number, left), (_, right) in zip(one, other, strict=False):
        if left != right:
            scope = compiled.scopes[number]
            before, after = compiled.ancestors(number, left), compiled.ancestors(number, right)
            return left in after or right in before or _is_exclusive(compiled, scope, left, right)
    return True  # a container, and a node in its body: it writes when that has ended


def _is_exclusive(compiled: Compiled | Sketch, scope: Scope, one: int, other: int) -> bool:
    """Whether some node above both chooses between the edges that lead to them."""
    above = set(compiled.ancestors(scope.number, one)) & set(compiled.ancestors(scope.number, other))
    choosing = [node for node in above if scope.nodes[node].type == "condition" or node in scope.selective]
    return any(
        not (_first_steps(compiled, scope, node, one) & _first_steps(compiled, scope, node, other))
        for node in choosing
    )


def _first_steps(compiled: Compiled | Sketch, scope: Scope, source: int, target: int) -> set[int]:
    """The successors of ``source`` through which ``target`` is reached."""
    on_the_way = {*compiled.ancestors(scope.number, target), target}
    return {edge.target for edge in scope.edges if edge.source == source and edge.target in on_the_way}
