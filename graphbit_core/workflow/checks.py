"""What is wrong with a workflow beside its graph: names, labels, ports, types and variables."""

from __future__ import annotations

import inspect
import types
import typing
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from graphbit_core.errors import Finding
from graphbit_core.workflow.calculation import EdgeCondition
from graphbit_core.workflow.compiled import Compiled, Scope
from graphbit_core.workflow.sketch import Sketch
from graphbit_core.workflow.writers import unordered_writers


def check_scopes(
    compiled: Compiled | Sketch, where: Sequence[str], findings: list[Finding]
) -> dict[str, str]:
    """Adds what is wrong to ``findings``; returns the names that a run must be given, with who asks first.

    Args:
        compiled: The workflow.
        where: Path in front of the nodes of each scope.
        findings: Filled.
    """
    inputs: dict[str, str] = {}
    for scope, path in zip(compiled.scopes, where, strict=True):
        names = _Names(compiled, scope, path)
        for node, node_id in enumerate(scope.ids):
            for name in names.inputs_of(node, findings):
                inputs.setdefault(name, path + node_id)
        findings += _stand_ins(scope, path)
        findings += _conditions(scope, path)
        findings += _labels(scope, path)
        findings += _ports(scope, path)
        findings += _types(scope, path)
    findings += unordered_writers(compiled, where)
    return inputs


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

    def __init__(self, compiled: Compiled | Sketch, scope: Scope, path: str) -> None:
        self._compiled = compiled
        self._scope = scope
        self._path = path
        self._ports: dict[int, set[str]] = {}
        """Ports that edges lead to, by node."""
        self._tests: dict[int, list[EdgeCondition]] = {}
        """Conditions of the edges that leave a node."""
        for edge in scope.edges:
            self._ports.setdefault(edge.target, set()).add(edge.port)
            if edge.test is not None:
                self._tests.setdefault(edge.source, []).append(edge.test)
        self._protected: dict[int, list[int]] = {}
        """For each stand-in, the nodes it takes over for."""
        for node, stand_in in scope.fallbacks.items():
            self._protected.setdefault(stand_in, []).append(node)

    def inputs_of(self, node: int, findings: list[Finding]) -> list[str]:
        """Names of a node that nothing in the workflow gives."""
        runs_as = self._runs_as(node)
        given = self._scope.container is not None and self._scope.container.value is not None
        first = not given and not any(each in self._ports for each in runs_as)
        inputs = []
        needed = list(self._scope.bodies[node].placeholders(first=first))
        needed += [name for test in self._tests.get(node, ()) for name in test.names]
        for name in dict.fromkeys(needed):
            root = name.split(".")[0]
            if any(root in self._ports.get(each, ()) for each in runs_as):
                continue
            fault = None
            for each in runs_as:
                fault = fault or self._resolve(self._scope, each, root, name)
            if fault == _INPUT:
                inputs.append(root)
            elif fault is not None:
                message, fix = fault
                where = self._path + self._scope.ids[node]
                findings.append(Finding("not_an_ancestor", message, fix, where))
        return inputs

    def _runs_as(self, node: int) -> list[int]:
        """The nodes in whose place a body runs: its own, or those it takes over for."""
        if node not in self._protected:
            return [node]
        return [place for each in self._protected[node] for place in self._runs_as(each)]

    def _resolve(self, scope: Scope, within: int, root: str, name: str) -> tuple[str, str] | None:
        """None if something gives the name, ``_INPUT`` if a run must, else a fault and its fix."""
        while True:
            found = scope.index.get(root, within)
            if found != within:
                if found in self._compiled.ancestors(scope.number, within):
                    return None
                other = scope.ids[found]
                message = f"it uses {{{name}}}, but {other!r} does not run before it"
                return message, f"connect {other!r} to it, directly or through others"
            if scope.container is None or scope.outer is None:
                break
            if root in scope.container.names:
                return None
            number, within = scope.outer
            scope = self._compiled.scopes[number]
        return None if root in self._compiled.variables else _INPUT


def _conditions(scope: Scope, path: str) -> Iterable[Finding]:
    sources = {edge.source for edge in scope.edges}
    for i, node in enumerate(scope.nodes):
        if node.type == "condition" and i not in sources:
            problem = "the condition has nothing to choose from"
            yield Finding("no_targets", problem, "connect it to nodes", path + node.id)


def _labels(scope: Scope, path: str) -> Iterable[Finding]:
    """Edges with a label that their source never chooses, so that nothing comes along them."""
    for edge in scope.edges:
        # A node that takes over for the source may choose as well.
        labels = scope.bodies[edge.source].labels() if edge.source not in scope.fallbacks else None
        if edge.label is None or labels is None or edge.label in labels:
            continue
        source, target = scope.nodes[edge.source], scope.ids[edge.target]
        message = f"it is not reached from {source.id!r}, which never chooses the label {edge.label!r}"
        fix = "put a condition between them, or connect them without when="
        if labels:
            fix = f"it chooses {', '.join(map(repr, labels))}; use that as when="
        yield Finding("unreachable", message, fix, path + target)


def _ports(scope: Scope, path: str) -> Iterable[Finding]:
    """Ports that must get a value although no edge leads to them."""
    reached = {(edge.target, edge.port) for edge in scope.edges}
    stand_ins = set(scope.fallbacks.values())
    for i, node in enumerate(scope.nodes):
        for name, port in node.options.ports.items():
            if name != "in" and port.required and i not in stand_ins and (i, name) not in reached:
                message = f"its port {name!r} must get a value, and no edge leads to it"
                fix = f"connect a node with port={name!r}, or declare the port optional"
                yield Finding("unconnected_port", message, fix, path + node.id)


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
