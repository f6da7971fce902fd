"""Lifecycle: a node in three steps, prep → exec → post, over variables that nodes share."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Choice, NodeContext, NodeType
from graphbit_core.errors import ValidationError
from graphbit_core.workflow.functions import resolve_function


class Shared(MutableMapping[str, Any]):
    """The run's inputs and variables, and what this node has set. Setting a name writes the variable, which
    others see once this node has settled; what is changed inside a value is not seen, so set it again.
    """

    def __init__(self, context: NodeContext) -> None:
        self._context = context
        self._set: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._set[name] if name in self._set else self._context.inputs[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._set[name] = value
        self._context.set_variable(name, value)

    def __delitem__(self, name: str) -> None:
        raise TypeError(f"a variable cannot be taken away; set {name!r} to None")

    def __iter__(self) -> Iterator[str]:
        return iter({**self._context.inputs, **self._set})

    def __len__(self) -> int:
        return len({**self._context.inputs, **self._set})


class Lifecycle:
    """What a lifecycle node runs; its three steps may be plain or coroutine functions.

    Attributes:
        batch: Whether ``prep`` gives a list, and ``exec`` is called for each of its items.
        concurrency: How many items of a batch a coroutine ``exec`` works on at once.
    """

    batch: bool = False
    concurrency: int = 1

    def prep(self, shared: MutableMapping[str, Any]) -> Any:
        """What ``exec`` gets, read from the shared variables."""
        return None

    def exec(self, prepared: Any) -> Any:
        """The work, without the shared variables. What it returns is the node's output."""
        return prepared

    def post(self, shared: MutableMapping[str, Any], prepared: Any, result: Any) -> str | list[str] | None:
        """Writes shared variables; returns the labels of the edges that go on, or None for those without."""
        return None


class LifecycleNode(NodeType):
    """Runs the three steps of ``step``: an object, a class, or where it is as ``package.module:Class``.

    If all are plain functions they run on a worker thread, one after the other; otherwise all run on the
    event loop, so the plain ones among them must be quick.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(self, *, step: Any) -> None:
        found: Any = resolve_function(step, "step") if isinstance(step, str) else step
        made: Any = found() if inspect.isclass(found) else found
        missing = [name for name in ("prep", "exec", "post") if not callable(getattr(made, name, None))]
        if missing:
            raise ValidationError(
                f"the step {made!r:.80} has no {', '.join(missing)}; inherit from graphbit_core.Lifecycle",
                field="step",
            )
        self._step: Lifecycle = made
        steps = (made.prep, made.exec, made.post)
        self.inline = any(inspect.iscoroutinefunction(step) for step in steps)

    def run(self, context: NodeContext) -> Any:
        """What ``exec`` gave, as a Choice if ``post`` names edges."""
        return self._on_loop(context) if self.inline else self._on_thread(context)

    def _on_thread(self, context: NodeContext) -> Any:
        step, shared = self._step, Shared(context)
        prepared = step.prep(shared)
        result = [step.exec(item) for item in _items(prepared)] if step.batch else step.exec(prepared)
        return _chosen(step.post(shared, prepared, result), result)

    async def _on_loop(self, context: NodeContext) -> Any:
        step, shared = self._step, Shared(context)
        prepared = await _awaited(step.prep(shared))
        result = await (self._batch(_items(prepared)) if step.batch else _awaited(step.exec(prepared)))
        return _chosen(await _awaited(step.post(shared, prepared, result)), result)

    async def _batch(self, items: Sequence[Any]) -> list[Any]:
        """The results in the order of the items; the first failure cancels the rest."""
        free = asyncio.Semaphore(max(1, self._step.concurrency))

        async def one(item: Any) -> Any:
            async with free:
                return await _awaited(self._step.exec(item))

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(item)) for item in items]
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        return [task.result() for task in tasks]


def _items(prepared: Any) -> Sequence[Any]:
    if isinstance(prepared, list | tuple):
        return prepared
    raise ValidationError(
        f"prep gave a {type(prepared).__name__}; with batch = True it gives a list", field="step"
    )


def _chosen(action: Any, result: Any) -> Any:
    if action is None:
        return result
    return Choice([action] if isinstance(action, str) else action, result)


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value
