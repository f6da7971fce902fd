"""Workflows, and runs of them, as pictures in text: Mermaid and DOT."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphbit_core.errors import ValidationError
from graphbit_core.nearest import nearest
from graphbit_core.workflow.edge import Edge, EdgeTest

if TYPE_CHECKING:
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.result import NodeReport, WorkflowResult
    from graphbit_core.workflow.workflow import Workflow

FORMATS = ("mermaid", "dot")
_BOX = ("[", "]", "box")
_SHAPES = {
    "agent": ("(", ")", "component"),
    "condition": ("{", "}", "diamond"),
    "delay": ("([", "])", "ellipse"),
    "document_loader": ("[(", ")]", "cylinder"),
    "retrieve": ("[(", ")]", "cylinder"),
    "split": ("{{", "}}", "hexagon"),
    "join": ("{{", "}}", "hexagon"),
    "http_request": ("[/", "/]", "parallelogram"),
    "tool": ("[/", "/]", "parallelogram"),
}
"""By node type: what opens and closes the shape in Mermaid, and its name in DOT."""
_CONTAINER = ("[[", "]]", "box3d")
_COLOURS = {
    "succeeded": ("#d7f0dc", "#2e7d32"),
    "failed": ("#f9d6d5", "#c62828"),
    "skipped": ("#eeeeee", "#9e9e9e"),
    "cancelled": ("#ffe8cc", "#e65100"),
}
"""By state: fill and line."""
_LINES = {
    "data": ("-->", "", "solid"),
    "control": ("-.->", "", "dotted"),
    "error": ("==>", "#c62828", "bold"),
    "fallback": ("-.->", "#c62828", "dashed"),
    "body": ("-.-", "#9e9e9e", "dashed"),
}
"""By kind: Mermaid's arrow, the colour (none: the default), DOT's style."""


@dataclass(frozen=True, slots=True)
class _Box:
    """A node of the picture. ``mark`` names it, ``inner`` is its body."""

    mark: str
    lines: tuple[str, ...]
    shape: tuple[str, str, str]
    state: str | None
    inner: _Picture | None


@dataclass(frozen=True, slots=True)
class _Line:
    source: str
    target: str
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class _Picture:
    boxes: tuple[_Box, ...]
    lines: tuple[_Line, ...]


def draw(workflow: Workflow, format: str = "mermaid", result: WorkflowResult | None = None) -> str:  # noqa: A002
    """See ``Workflow.draw``."""
    if format not in FORMATS:
        hint = nearest(format, FORMATS) if isinstance(format, str) else ""
        raise ValidationError(f"there is no format {format!r}; use 'mermaid' or 'dot'{hint}", field="format")
    reports = {report.id: report for report in result.nodes} if result is not None else {}
    picture = _picture(workflow, "n", "", reports)
    lines = _mermaid(picture) if format == "mermaid" else _dot(picture, workflow.name)
    return "\n".join(lines) + "\n"


def _picture(workflow: Workflow, mark: str, where: str, reports: dict[str, NodeReport]) -> _Picture:
    """``mark`` begins the names of its boxes; ``where`` is the path of the node that it is the body of."""
    marks = {node_id: f"{mark}{number}" for number, node_id in enumerate(workflow.nodes)}
    boxes, lines = [], [_line(edge, marks) for edge in workflow.edges]
    for node in workflow.nodes.values():
        own, path = marks[node.id], f"{where}{node.id}"
        body = _body(node)
        inner = _picture(body, f"{own}_", f"{path}/", reports) if body is not None else None
        shape = _CONTAINER if body is not None else _SHAPES.get(node.type, _BOX)
        report = reports.get(path)
        texts = (node.name, node.type, *([_outcome(report)] if report else []))
        boxes.append(_Box(own, texts, shape, report.state if report else None, inner))
        kind, value = node.options.on_error
        if kind == "fallback" and value in marks:
            lines.append(_Line(own, marks[value], "fallback", "fallback"))
    return _Picture(tuple(boxes), tuple(lines))


def _body(node: Node) -> Workflow | None:
    from graphbit_core.workflow.workflow import Workflow

    body = node.config.get("body")
    return body if isinstance(body, Workflow) else None


def _line(edge: Edge, marks: dict[str, str]) -> _Line:
    when = edge.when
    if isinstance(when, EdgeTest):
        function = when.function
        name = function if isinstance(function, str) else getattr(function, "__qualname__", repr(function))
        when = f"if {when.expression or name}"
    parts = [when, f".{edge.output}" if edge.output else None, f"to {edge.port}" if edge.port else None]
    return _Line(marks[edge.source], marks[edge.target], edge.kind, " · ".join(p for p in parts if p))


def _outcome(report: NodeReport) -> str:
    """State, time, attempts and reason, as far as they are known."""
    parts = [report.state]
    if report.seconds is not None:
        parts.append(
            f"{report.seconds * 1000:,.0f} ms" if report.seconds < 10 else f"{report.seconds:,.1f} s"
        )
    if (attempts := getattr(report, "attempts", 0)) > 1:
        parts.append(f"{attempts} attempts")
    if report.reason:
        parts.append(report.reason)
    if report.error is not None:
        parts.append(str(report.error)[:200])
    return " · ".join(parts)


def _mermaid(picture: _Picture) -> Iterator[str]:
    yield "flowchart TD"
    drawn: list[_Line] = []
    yield from _mermaid_scope(picture, 1, drawn)
    for number, line in enumerate(drawn):
        if colour := _LINES[line.kind][1]:
            yield f"    linkStyle {number} stroke:{colour},color:{colour}"
    boxes = list(_all_boxes(picture))
    for state, (fill, stroke) in _COLOURS.items():
        marks = [box.mark for box in boxes if box.state == state]
        if marks:
            yield f"    classDef {state} fill:{fill},stroke:{stroke},color:#1b1b1b"
            yield f"    class {','.join(marks)} {state}"


def _mermaid_scope(picture: _Picture, depth: int, drawn: list[_Line]) -> Iterator[str]:
    """``drawn`` takes up the lines in the order in which they stand: styles go by their numbers."""
    space = "    " * depth
    for box in picture.boxes:
        left, right, _ = box.shape
        first, second, *rest = map(_mermaid_text, box.lines)
        text = "<br/>".join([first, f"<i>{second}</i>", *rest])
        shown = f'{box.mark}{left}"{text}"{right}'
        if box.inner is None:
            yield space + shown
            continue
        yield f'{space}subgraph {box.mark}_body ["{first}"]'
        yield f"{space}    {shown}"
        yield from _mermaid_scope(box.inner, depth + 1, drawn)
        for entry in _entries(box.inner):
            drawn.append(_Line(box.mark, entry, "body", ""))
            yield f"{space}    {box.mark} {_LINES['body'][0]} {entry}"
        yield f"{space}end"
    for line in picture.lines:
        drawn.append(line)
        label = f'|"{_mermaid_text(line.label)}"|' if line.label else ""
        yield f"{space}{line.source} {_LINES[line.kind][0]}{label} {line.target}"


def _dot(picture: _Picture, name: str) -> Iterator[str]:
    yield f"digraph {_dot_text(name)} {{"
    yield '    node [shape=box, style=filled, fillcolor="white", fontname="sans-serif"];'
    yield '    edge [fontname="sans-serif"];'
    yield from _dot_scope(picture, 1)
    yield "}"


def _dot_scope(picture: _Picture, depth: int) -> Iterator[str]:
    space = "    " * depth
    for box in picture.boxes:
        fill, stroke = _COLOURS.get(box.state or "", ("", ""))
        colours = f', fillcolor="{fill}", color="{stroke}"' if fill else ""
        shown = f'{box.mark} [label={_dot_text(*box.lines)}, shape="{box.shape[2]}"{colours}];'
        if box.inner is None:
            yield space + shown
            continue
        yield f"{space}subgraph cluster_{box.mark} {{"
        yield f"{space}    label={_dot_text(box.lines[0])};"
        yield f"{space}    {shown}"
        yield from _dot_scope(box.inner, depth + 1)
        for entry in _entries(box.inner):
            yield f'{space}    {box.mark} -> {entry} [style="dashed", color="#9e9e9e", arrowhead="none"];'
        yield f"{space}}}"
    for line in picture.lines:
        _, colour, style = _LINES[line.kind]
        more = f', color="{colour}", fontcolor="{colour}"' if colour else ""
        more += f", label={_dot_text(line.label)}" if line.label else ""
        yield f'{space}{line.source} -> {line.target} [style="{style}"{more}];'


def _entries(picture: _Picture) -> list[str]:
    """The boxes that no line leads to."""
    targets = {line.target for line in picture.lines}
    return [box.mark for box in picture.boxes if box.mark not in targets]


def _all_boxes(picture: _Picture) -> Iterator[_Box]:
    for box in picture.boxes:
        yield box
        if box.inner is not None:
            yield from _all_boxes(box.inner)


def _mermaid_text(text: str) -> str:
    """Everything that Mermaid, Markdown or HTML could take for more than text becomes a character code."""
    coded = re.sub(r"[^\w\s.,:;()\[\]{}|/='?!·→-]", lambda found: f"#{ord(found.group())};", text)
    coded = re.sub(r"^(\s*\d*)([.)-])", lambda found: f"{found[1]}#{ord(found[2])};", coded, flags=re.M)
    return "<br/>".join(coded.splitlines())


def _dot_text(*lines: str) -> str:
    r"""Lines as one quoted string. ``\n`` and the like are Graphviz's own, and so are HTML's entities."""
    text = "\n".join(lines).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "\\n".join(text.splitlines()) + '"'
