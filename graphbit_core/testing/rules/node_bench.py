"""What node types are tried on: a workflow of one, with what precedes and follows it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from graphbit_core.contracts.node_type import Container
from graphbit_core.host import Host
from graphbit_core.nodes.transform import TransformNode
from graphbit_core.testing.rules.node_description import NodeDescriptionConformance
from graphbit_core.workflow.executor import Executor
from graphbit_core.workflow.node import Node
from graphbit_core.workflow.result import WorkflowResult
from graphbit_core.workflow.workflow import Workflow


class NodeBench(NodeDescriptionConformance):
    """What a subclass may set beside ``component`` and ``settings``."""

    needs: ClassVar[tuple[str, ...]] = ("expected",)
    inputs: ClassVar[Mapping[str, Any]] = {}
    """Run inputs. Like ``parents`` they are copied for each run."""
    parents: ClassVar[Mapping[str, Any]] = {}
    """Nodes that precede it, by name, and what they give: values that ``==`` can compare."""
    services: ClassVar[Mapping[str, Any]] = {}
    """Services of the executor."""
    expected: ClassVar[Any] = ...
    """The node's output; ``...`` to check nothing but success."""
    targets: ClassVar[Sequence[str]] = ()
    """Names that a deciding node may choose; it gets one successor for each."""
    bad_settings: ClassVar[Sequence[dict[str, Any]]] = ()
    """Settings that must be refused."""
    lacking: ClassVar[Sequence[tuple[dict[str, Any], str]]] = ()
    """Settings, put over ``settings``, with which ``check_resources`` must find something where nothing is
    installed, and the code of that finding."""

    def host(self, component: Any = None) -> Host:
        """As for every kind, with the node type ``transform`` besides."""
        host = super().host(component)
        if ("node_type", "transform") not in self.components:
            host.add("node_type", "transform", TransformNode)
        return host

    def use(self, instance: Any, folder: Path) -> Any:
        return self.output(self.run_once(lambda **_: instance))

    def executor(self, component: Any = None) -> Executor:
        """An executor on such a host."""
        return Executor(host=self.host(component), services=self.services, timeout_seconds=30)

    def workflow(self, **options: Any) -> Workflow:
        """A workflow of the node, with these options, its predecessors and a successor per target."""
        workflow = Workflow("conformance")
        node = Node("under_test", "Node under test", id="node", **self.settings, **options)
        workflow.add_node(node)
        for index, name in enumerate(self.parents):
            giving = Node("transform", name, id=f"parent_{index}", expression=f"given_{index}")
            workflow.connect(workflow.add_node(giving), node)
        for target in self.targets:
            workflow.add_node(Node("transform", target, template="reached"))
            workflow.connect(node, target)
        return workflow

    def run(self, workflow: Workflow, executor: Executor | None = None) -> WorkflowResult:
        """Runs a workflow that ``workflow()`` made."""
        given = {f"given_{index}": value for index, value in enumerate(self.parents.values())}
        inputs = copy.deepcopy({**self.inputs, **given})
        return (executor or self.executor()).execute(workflow, inputs)

    def run_once(self, component: Any = None, **options: Any) -> WorkflowResult:
        """Runs the node, or ``component`` in its place, with these options."""
        return self.run(self.workflow(**options), self.executor(component))

    def assert_expected(self, result: WorkflowResult) -> None:
        """The run succeeded, and the node gave what it should."""
        output = self.output(result)
        if self.expected is not ...:
            assert output == self.expected, f"`expected` is {self.expected!r:.200}, it gave {output!r:.200}"

    def output(self, result: WorkflowResult) -> Any:
        """What the node gave in a run, which must have succeeded."""
        for error in result.errors:
            if error.__cause__ is None and " chose " in str(error):
                raise AssertionError(f"give `targets`: each label that it may choose; {error}")
        return result.raise_for_failure().get_node_output("node")

    def with_failing_frames(self) -> Any:
        """The component, with a workflow that fails in place of its own."""
        component = self.component

        def container(instance: Any) -> Container:
            held: Container = component.container(instance)
            failing = Workflow("fails")
            failing.add_node(Node("transform", "fails", function=_fail))
            return replace(held, workflow=failing)

        return type(component.__name__, (component,), {"container": container})


def _fail() -> None:
    raise ArithmeticError("the kit lets every frame fail")
