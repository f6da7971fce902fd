"""Edges: from one node to another, and what goes along them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow.options import function_or_path, variable_name

EDGE_KINDS = ("data", "control", "error")
_OUTPUT = re.compile(r"[\w-]+(\.[\w-]+)*")


@dataclass(frozen=True, slots=True)
class EdgeTest:
    """Decides about a conditional edge when its source has succeeded. One of the two is set.

    Attributes:
        expression: A safe expression; it sees the source's output as ``value``, and the variables.
        function: Called with the source's output; or where it is: ``package.module:function``.
    """

    expression: str | None = None
    function: Callable[..., Any] | str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """From one node to another, by id.

    Attributes:
        source: Where it starts.
        target: Where it ends.
        kind: ``data``; ``control`` orders the two and carries nothing; ``error`` carries the NodeError of a
            source with ``on_error="route"`` that failed.
        when: The label by which a condition chooses it, or an EdgeTest; None: live if the source succeeded.
        output: What of the source's value it carries, as ``summary``, ``0`` or ``a.b``; None: all of it.
        port: Input port of the target; None: the default one.
    """

    source: str
    target: str
    kind: str = "data"
    when: str | EdgeTest | None = None
    output: str | None = None
    port: str | None = None


def make_edge(
    source: str, target: str, kind: Any = "data", when: Any = None, output: Any = None, port: Any = None
) -> Edge:
    """An edge of what users wrote.

    Raises:
        ValidationError: A setting is wrong, or does not go with the kind; ``field`` names it.
    """
    if kind == "data" and when is None and output is None and port is None:
        return Edge(source, target)
    where = f"edge {source!r} to {target!r}"
    if kind not in EDGE_KINDS:
        hint = nearest(kind, EDGE_KINDS) if isinstance(kind, str) else ""
        raise _wrong(where, "kind", kind, f"write {', '.join(EDGE_KINDS)}{hint}")
    if kind == "error" and when is not None:
        raise _wrong(where, "when", when, "an error edge goes on whenever its source fails; take it out")
    carried = {"output": output, "port": port}
    if kind == "control" and (given := [key for key, value in carried.items() if value is not None]):
        fix = "a control edge carries nothing; make it kind='data', or take it out"
        raise _wrong(where, given[0], carried[given[0]], fix)
    when = _when(where, when)
    if isinstance(output, int) and not isinstance(output, bool) and output >= 0:
        output = str(output)
    if output is not None and not (isinstance(output, str) and _OUTPUT.fullmatch(output)):
        raise _wrong(where, "output", output, "name a key or an index of the value: 'summary', '0', 'a.b'")
    if port is not None:
        try:
            port = variable_name(port)
        except ValueError as error:
            raise _wrong(where, "port", port, str(error)) from None
    return Edge(source, target, kind, when, output, port)


def _when(where: str, when: Any) -> str | EdgeTest | None:
    if when is None or isinstance(when, str | EdgeTest):
        return when
    if callable(when):
        return EdgeTest(function=when)
    if isinstance(when, Mapping) and len(when) == 1:
        if isinstance(expression := when.get("if"), str) and expression.strip():
            return EdgeTest(expression=expression)
        if (function := when.get("function")) is not None:
            try:
                return EdgeTest(function=function_or_path(function))
            except ValueError as error:
                raise _wrong(where, "when", when, str(error)) from None
    fix = "give a label as text (in quotes: YAML reads yes, no and 1 as other types), or {'if': 'expression'}"
    raise _wrong(where, "when", when, f"{fix} or {{'function': 'package.module:function'}}")


def _wrong(where: str, field: str, value: Any, fix: str) -> ValidationError:
    return ValidationError(f"{where}: {field} is {value!r:.80}; {fix}", field=field)
