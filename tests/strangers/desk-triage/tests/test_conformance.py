"""What ``graphbit plugins check`` and pytest try the node type by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest
from desk_triage import TriageNode

from graphbit_core import Executor, Node, Workflow
from graphbit_core.testing import NodeTypeConformance

RULES = {"urgent": ["down", "at once"], "billing": ["invoice", "refund"]}


class TestTriageNode(NodeTypeConformance):
    """Every rule of node types."""

    component = TriageNode
    settings: ClassVar[dict[str, Any]] = {"rules": RULES, "otherwise": "rest"}
    parents: ClassVar[Mapping[str, Any]] = {"mail": "Where is my refund?"}
    targets: ClassVar[Sequence[str]] = ("urgent", "billing", "rest")
    expected: ClassVar[Any] = "Where is my refund?"
    bad_settings: ClassVar[Sequence[dict[str, Any]]] = (
        {"rules": {}},
        {"rules": {"urgent": "down"}},
        {"rules": {"urgent": []}},
        {"otherwise": "billing"},
    )


@pytest.mark.parametrize(
    ("mail", "label"),
    [
        ("The site is DOWN, and my invoice?", "urgent"),
        ("An invoice, please", "billing"),
        ("Downtown?", "rest"),
    ],
)
def test_the_first_rule_that_fits_counts(mail: str, label: str) -> None:
    with_rules = TestTriageNode()
    workflow = Workflow("Desk")
    workflow.add_node(Node.transform("mail", template="{text}"))
    workflow.add_node(Node("under_test", "sort", **TestTriageNode.settings))
    workflow.connect("mail", "sort")
    for target in TestTriageNode.targets:
        workflow.add_node(Node.transform(target, template=target))
        workflow.connect("sort", target, when=target)
    assert Executor(host=with_rules.host()).execute(workflow, {"text": mail}).output == label
