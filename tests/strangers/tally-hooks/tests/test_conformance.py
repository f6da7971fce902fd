"""What ``graphbit plugins check`` and pytest try the hooks by."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from tally_hooks import hooks

from graphbit_core import API_VERSION, Executor, Node, NodeType, Workflow
from graphbit_core.testing import HooksConformance


class Twice(NodeType):
    """Says it twice."""

    graphbit_api = API_VERSION

    def run(self, context: Any) -> Any:
        return context.value * 2


class TestTally(HooksConformance):
    """Every rule of hooks."""

    component: ClassVar[Any] = hooks
    wraps: ClassVar[Sequence[tuple[str, str]]] = (("node_type", "any"),)
    settings: ClassVar[dict[str, Any]] = {"kinds": ["node_type"]}

    def settings_in(self, folder: Path) -> dict[str, Any]:
        """The file of counts."""
        return {"file": str(folder / "tally.jsonl")}


def test_a_run_leaves_its_counts_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "tally.jsonl"
    with TestTally().registered(file=str(file)) as host:
        host.add("node_type", "twice", Twice)
        workflow = Workflow("w").chain(Node("twice", "one"), Node("twice", "other"))
        assert Executor(host=host).execute(workflow, {"word": "ha"}).state == "failed"  # a dict came in
    assert json.loads(file.read_text()) == {"node_type:twice": 1}
