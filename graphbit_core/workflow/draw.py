"""Workflows as pictures in text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from graphbit_core.workflow.workflow import Workflow

_SHAPES = {"condition": ("{", "}"), "delay": ("([", "])")}


def mermaid(workflow: Workflow) -> str:
    """A Mermaid flowchart, top to bottom; labels of conditional edges stand on the edges."""
    ids = {node_id: f"n{number}" for number, node_id in enumerate(workflow.nodes)}
    lines = ["flowchart TD"]
    for node in workflow.nodes.values():
        left, right = _SHAPES.get(node.type, ("[", "]"))
        lines.append(f'    {ids[node.id]}{left}"{_escape(node.name)}<br/><i>{_escape(node.type)}</i>"{right}')
    for edge in workflow.edges:
        label = f'|"{_escape(edge.when)}"|' if edge.when else ""
        lines.append(f"    {ids[edge.source]} -->{label} {ids[edge.target]}")
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    text = text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")
    return "<br/>".join(text.splitlines())
