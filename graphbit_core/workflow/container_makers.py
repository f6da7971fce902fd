"""Makers of the nodes that hold something of their own: a body, or an object with steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from graphbit_core.errors import ValidationError
from graphbit_core.workflow.options import NodeOptions

if TYPE_CHECKING:
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.workflow import Workflow


def closed_body(body: Any, name: str) -> Any:
    """A node's body as a workflow that can change no more; a single node becomes one of the name ``name``.

    What is neither comes back as it is: other node types call something else their body.
    """
    from graphbit_core.workflow.decorators import node_of
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.workflow import Workflow

    body = node_of(body)
    if isinstance(body, Node):
        workflow = Workflow(name)
        workflow.add_node(body)
        body = workflow
    if isinstance(body, Workflow):
        body.close(name)
    return body


def _container(type: str, name: str, body: Any, **settings: Any) -> Node:  # noqa: A002 - as Node has it
    from graphbit_core.workflow.decorators import node_of
    from graphbit_core.workflow.node import Node
    from graphbit_core.workflow.workflow import Workflow

    if not isinstance(node_of(body), Workflow | Node):
        raise ValidationError(
            f"the body of node {name!r} is a {body.__class__.__name__}; give a Workflow or a Node",
            field="body",
        )
    return Node(type, name, body=body, **settings)


class ContainerMakers:
    """What ``Node`` inherits its makers of containers and of lifecycle nodes from."""

    __slots__ = ()

    @staticmethod
    def map(
        name: str,
        body: Workflow | Node | Callable[..., Any],
        *,
        over: Callable[..., Any] | str | Sequence[Any] | None = None,
        item: str = "item",
        max_concurrency: int | None = None,
        ordered: bool = True,
        on_item_error: str = "fail",
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Runs a body once per item of a list or stream. The output is the list of what the bodies gave.

        Args:
            name: Name of the node.
            body: What runs per item: a workflow, or one node. It sees ``{item}`` and ``{index}`` (from 0),
                what comes before the node, and the run's inputs.
            over: Name of the list, as in a template without braces (``load.pages``), a function that gives
                it, or the list itself;
                default: the output of the node before.
            item: What the body calls the item.
            max_concurrency: Most items at a time, at least 1; default: no limit but the run's.
            ordered: Whether outputs are in the order of the items; else as they were completed.
            on_item_error: ``fail``: the first failed item fails the node. ``collect``: a failed item gives
                its NodeError in place of an output.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _container(
            "map",
            name,
            body,
            id=id,
            over=over,
            item=item if item != "item" else None,
            max_concurrency=max_concurrency,
            ordered=None if ordered is True else ordered,
            on_item_error=on_item_error if on_item_error != "fail" else None,
            **options,
        )

    @staticmethod
    def loop(
        name: str,
        body: Workflow | Node | Callable[..., Any],
        *,
        until: Callable[..., Any] | str,
        max_iterations: int,
        initial: Any = None,
        on_exhausted: str = "fail",
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Runs a body again and again until something holds. The output is what the last iteration gave.

        Args:
            name: Name of the node.
            body: What runs per iteration: a workflow, or one node. It sees ``{state}`` (the output of the
                iteration before), ``{iteration}`` (from 1), what comes before the node, and the run's inputs.
            until: A function, ``package.module:function`` or a safe expression about the state; the loop ends
                once it holds.
            max_iterations: Most iterations, at least 1.
            on_exhausted: ``fail``: the node fails if ``until`` does not hold by then. ``route``: the edge
                with ``when="exhausted"`` goes on, with the last state.
            initial: The first iteration's state; default: the output of the node before.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _container(
            "loop",
            name,
            body,
            id=id,
            until=until,
            max_iterations=max_iterations,
            initial=initial,
            on_exhausted=on_exhausted if on_exhausted != "fail" else None,
            **options,
        )

    @staticmethod
    def subworkflow(
        name: str,
        body: Workflow | Node | Callable[..., Any],
        *,
        inputs: Mapping[str, Any] | None = None,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Runs a workflow as one node. The output is that workflow's output.

        Args:
            name: Name of the node.
            body: The workflow. It sees what comes before the node, and the run's inputs.
            inputs: Inputs of its own by name; texts are templates.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        return _container("subworkflow", name, body, id=id, inputs=inputs, **options)

    @staticmethod
    def lifecycle(
        name: str,
        step: Any,
        *,
        id: str | None = None,  # noqa: A002
        **options: Unpack[NodeOptions],
    ) -> Node:
        """Runs an object's ``prep``, ``exec`` and ``post``, one after another.

        Args:
            name: Name of the node.
            step: The object, a class to make it of, or where that is: ``package.module:Class``.
            id: See ``Node``.
            options: See ``NodeOptions``.
        """
        from graphbit_core.workflow.node import Node

        return Node("lifecycle", name, id=id, step=step, **options)
