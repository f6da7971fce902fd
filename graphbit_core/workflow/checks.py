"""What is wrong with a workflow although its graph is sound: names, types and variables."""

from __future__ import annotations

import inspect
import types
import typing
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from graphbit_core.errors import Finding
from graphbit_core.workflow.compiled import Compiled, Scope


def check_scopes(compiled: Compiled, where: Sequence[str], findings: list[Finding]) -> tuple[str, ...]:
    """Adds what is wrong to ``findings``; returns the names that a run must be given.

    Args:
        compiled: The workflow.
        where: Path in front of the nodes of each scope.
        findings: Filled.
    """
    inputs: dict[str, None] = {}
    for scope, path in zip(compiled.scopes, where, strict=True):
        names = _Names(compiled, scope, path)
        for node in range(len(scope.nodes)):
            inputs.update(dict.fromkeys(names.inputs_of(node, findings)))
        findings += _stand_ins(scope, path)
        findings += _conditions(scope, path)
        findings += _types(scope, path)
        findings += _writers(compiled, scope, path)
    return tuple(inputs)


def _stand_ins(scope: Scope, path: str) -> list[Finding]:
    """Fallbacks without a body of their own to run: the kernel's operations, and containers."""
    return [
        Finding(
            "fallback_without_body",
            f"a node of type {scope.nodes[node].type!r} cannot take over for another",
            "name a node that runs a body; or set on_error='route', and connect this one with kind='error'",
            path + scope.ids[node],
        )
        for node in sorted(set(scope.fallbacks.values()))
        if node in scope.operations or scope.bodies[node].container() is not None
    ]


_INPUT = ("", "")
"""Stands for a name that nothing in the workflow gives."""


class _Names:
    """Finds what the names mean that the nodes of one scope use."""

    def __init__(self, compiled: Compiled, scope: Scope, path: str) -> None:
        self._compiled = compiled
        self._scope = scope
        self._path = path
        self._followers = {edge.target for edge in scope.edges}

    def inputs_of(self, node: int, findings: list[Finding]) -> list[str]:
        """Names of a node that nothing in the workflow gives."""
        runs_as = self._scope.places(node)
        given = self._scope.container is not None and self._scope.container.value is not None
        first = not given and not any(each in self._followers for each in runs_as)
        names = [*self._scope.bodies[node].placeholders(first=first), *self._in_tests(node, findings)]
        inputs = []
        for name in names:
            root = name.split(".")[0]
            if any(edge.port == root for edge in self._scope.edges if edge.target in runs_as):
                continue
            fault = self._resolve(self._scope, node, root, name)
            if fault == _INPUT:
                inputs.append(root)
            elif fault is not None:
                message, fix = fault
                where = self._path + self._scope.ids[node]
                findings.append(Finding("not_an_ancestor", message, fix, where))
        return inputs

    def _in_tests(self, node: int, findings: list[Finding]) -> list[str]:
        """Names that the conditions of its out-edges use beside its output."""
        scope, names = self._scope, []
        for edge in scope.edges:
            if edge.source != node or edge.test is None:
                continue
            for name in edge.test.placeholders():
                if scope.index.get(name.split(".")[0]) == node:
                    message = f"the condition of its edge to {scope.ids[edge.target]!r} uses {name!r}"
                    fix = "its own output is called 'value' there"
                    findings.append(Finding("own_output", message, fix, self._path + scope.ids[node]))
                else:
                    names.append(name)
        return names

    def _resolve(self, scope: Scope, node: int, root: str, name: str) -> tuple[str, str] | None:
        """None if something gives the name, ``_INPUT`` if a run must, else a fault and its fix."""
        faults = [self._resolve_at(scope, place, root, name) for place in scope.places(node)]
        return next((fault for fault in faults if fault is not None), None)

    def _resolve_at(self, scope: Scope, within: int, root: str, name: str) -> tuple[str, str] | None:
        found = scope.index.get(root, within)
        if found != within:
            if found in self._compiled.ancestors(scope.number, within):
                return None
            other = scope.ids[found]
            message = f"it uses {{{name}}}, but {other!r} does not run before it"
            return message, f"connect {other!r} to it, directly or through others"
        if scope.container is None or scope.outer is None:
            return None if root in self._compiled.variables else _INPUT
        if root in scope.container.names:
            return None
        number, holder = scope.outer
        return self._resolve(self._compiled.scopes[number], holder, root, name)


def _conditions(scope: Scope, path: str) -> Iterable[Finding]:
    sources = {edge.source for edge in scope.edges}
    for i, node in enumerate(scope.nodes):
        if node.type == "condition" and i not in sources:
            problem = "the condition has nothing to choose from"
            yield Finding("no_targets", problem, "connect it to nodes", path + node.id)


def _types(scope: Scope, path: str) -> Iterable[Finding]:
    """Edges between types that cannot meet; only where a port gets one value, unchanged."""
    given_by = [body.output_type() for body in scope.bodies]
    typed = [edge for edge in scope.edges if given_by[edge.source] is not Any]
    arriving = Counter((edge.target, edge.port) for edge in scope.edges) if typed else Counter()
    for edge in typed:
        declared = scope.nodes[edge.target].options.ports.get(edge.port or "in")
        collects = declared is not None and declared.collect
        if edge.kind != "data" or edge.output or collects or arriving[edge.target, edge.port] > 1:
            continue
        given = given_by[edge.source]
        taken = scope.bodies[edge.target].input_type(edge.port or None)
        if not can_meet(given, taken):
            source, target = scope.ids[edge.source], scope.ids[edge.target]
            message = f"it takes {_name(taken)}, but {source!r} gives {_name(given)}"
            yield Finding("type_mismatch", message, "put a transform between them", path + target)


def can_meet(given: Any, taken: Any) -> bool:
    """Whether a value of one annotation may be one of the other; in doubt, it may."""
    given, taken = _classes(given), _classes(taken)
    if given is None or taken is None:
        return True
    number = (int, float)  # PEP 484: an int is fine where a float is asked for
    return any(
        issubclass(one, other) or issubclass(other, one) or (one in number and other in number)
        for one in given
        for other in taken
    )


def _classes(annotation: Any) -> tuple[type, ...] | None:
    """The classes that an annotation allows; None if that cannot be told."""
    if annotation is Any:  # a class since Python 3.11
        return None
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        found = [_classes(argument) for argument in typing.get_args(annotation)]
        return None if None in found else tuple(one for classes in found for one in classes or ())
    plain = origin if inspect.isclass(origin) else annotation
    if plain is None:
        return (type(None),)
    if not inspect.isclass(plain) or plain is object or getattr(plain, "_is_protocol", False):
        return None
    return (plain,)


def _name(annotation: Any) -> str:
    return annotation.__name__ if inspect.isclass(annotation) else str(annotation)


def _writers(compiled: Compiled, scope: Scope, path: str) -> Iterable[Finding]:
    """Two nodes that write the same ``last`` variable, and nothing says which comes last."""
    writers: dict[str, list[int]] = {}
    for i, node in enumerate(scope.nodes):
        name = node.options.writes
        declared = compiled.variables.get(name) if name is not None else None
        if name is not None and (declared is None or declared.reducer == "last"):
            writers.setdefault(name, []).append(i)
    for name, nodes in writers.items():
        for one, other in combinations(nodes, 2):
            if _ordered(compiled, scope, one, other) or _exclusive(compiled, scope, one, other):
                continue
            message = f"it writes {name!r}, and so does {scope.ids[one]!r}; neither comes before the other"
            fix = f"connect them, or declare {name!r} with a reducer such as append"
            yield Finding("unordered_writers", message, fix, path + scope.ids[other])


def _ordered(compiled: Compiled, scope: Scope, one: int, other: int) -> bool:
    number = scope.number
    return one in compiled.ancestors(number, other) or other in compiled.ancestors(number, one)


def _exclusive(compiled: Compiled, scope: Scope, one: int, other: int) -> bool:
    """Whether some node above both chooses between the edges that lead to them."""
    above = set(compiled.ancestors(scope.number, one)) & set(compiled.ancestors(scope.number, other))
    choosing = [node for node in above if scope.nodes[node].type == "condition" or node in scope.selective]
    return any(
        not (_first_steps(compiled, scope, node, one) & _first_steps(compiled, scope, node, other))
        for node in choosing
    )


def _first_steps(compiled: Compiled, scope: Scope, source: int, target: int) -> set[int]:
    """The successors of ``source`` through which ``target`` is reached."""
    on_the_way = {*compiled.ancestors(scope.number, target), target}
    return {edge.target for edge in scope.edges if edge.source == source and edge.target in on_the_way}
