"""Rules for node types."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts.node_type import Delay
from graphbit_core.host import Host
from graphbit_core.testing.component import ComponentConformance
from graphbit_core.workflow.executor import Executor
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.workflow import Workflow


class NodeTypeConformance(ComponentConformance):
    """A subclass sets ``component``, ``settings`` that make a working node, and what a run needs."""

    inputs: ClassVar[Mapping[str, Any]] = {}
    """Run inputs."""
    parents: ClassVar[Mapping[str, Any]] = {}
    """Nodes that precede it, by name, and what they give."""
    services: ClassVar[Mapping[str, Any]] = {}
    """Services of the executor."""
    components: ClassVar[Mapping[tuple[str, str], Any]] = {}
    """Other components it uses, by kind and name."""
    expected: ClassVar[Any] = ...
    """The node's output; ``...`` to check nothing but success."""
    targets: ClassVar[Sequence[str]] = ()
    """Names that a deciding node may choose; it gets one successor for each."""
    bad_settings: ClassVar[Sequence[dict[str, Any]]] = ()
    """Settings that must be refused."""

    def run_once(self) -> WorkflowResult:
        """Runs a workflow of the node, its predecessors and a successor per target."""
        host = Host.isolated({("node_type", "under_test"): self.component, **_CORE, **self.components})
        workflow = Workflow("conformance")
        node = Node("under_test", "Node under test", id="node", **self.settings)
        workflow.add_node(node)
        for name, value in self.parents.items():
            workflow.connect(workflow.add_node(_giving(name, value)), node)
        for target in self.targets:
            workflow.add_node(Node("transform", target, template="reached"))
            workflow.connect(node, target)
        return Executor(host=host, services=self.services, timeout_seconds=30).execute(workflow, self.inputs)

    def test_runs_in_a_workflow_and_gives_its_output(self) -> None:
        result = self.run_once().raise_for_failure()
        if self.expected is not ...:
            assert result.get_node_output("node") == self.expected

    def test_gives_the_same_from_eight_threads_at_once(self) -> None:
        results: list[WorkflowResult] = []
        threads = [threading.Thread(target=lambda: results.append(self.run_once())) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert [result.state for result in results] == ["succeeded"] * 8
        if self.expected is not ...:
            assert all(result.get_node_output("node") == self.expected for result in results)

    def test_works_inside_a_running_event_loop(self) -> None:
        async def inside() -> WorkflowResult:
            return self.run_once()

        assert asyncio.run(inside()).is_success()

    def test_names_its_placeholders_without_braces(self) -> None:
        for name in self.make().placeholders(first=True):
            assert "{" not in name
            assert "}" not in name

    def test_refuses_wrong_settings_with_a_validation_error(self) -> None:
        for settings in self.bad_settings:
            host = Host.isolated({("node_type", "under_test"): self.component})
            workflow = Workflow("conformance")
            workflow.add_node(Node("under_test", "node", **settings))
            assert workflow.validate(host), f"{settings} was accepted"

    def test_has_a_body_or_is_a_kernel_operation(self) -> None:
        instance = self.make()
        operation = instance.operation()
        assert operation is None or isinstance(operation, Delay)
        assert isinstance(instance.inline, bool)
        assert callable(instance.run)
        if inspect.iscoroutinefunction(instance.run):
            assert instance.inline, "a coroutine body runs on the event loop: declare inline = True"


def _giving(name: str, value: Any) -> Node:
    return Node("transform", name, function=lambda: value)


def _core() -> dict[tuple[str, str], Any]:
    from graphbit_core.nodes.transform import TransformNode

    return {("node_type", "transform"): TransformNode}


_CORE = _core()
