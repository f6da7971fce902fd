"""Node types whose bodies are watched, and what became of them."""

from __future__ import annotations

import asyncio
import copy
import inspect
import time
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from graphbit_core.contracts.node_type import Frames, NodeContext
from graphbit_core.workflow.template import render

Body = Callable[[NodeContext], Any]
Around = Callable[[NodeContext, Body], Any]
"""Called in place of ``run`` and ``resume``, with the body to call."""

GRACE = 1.0
"""How long a coroutine may take to end once it is cancelled, in seconds."""


class RefusedByTheKitError(ConnectionError):
    """What a first attempt fails with; a failure of this kind may be tried again."""


def watched(component: Any, around: Around) -> Any:
    """``component`` with ``around`` around its bodies."""

    def run(self: Any, context: NodeContext) -> Any:
        return around(context, lambda seen: component.run(self, seen))

    def resume(self: Any, context: NodeContext, results: Sequence[Any]) -> Any:
        return around(context, lambda seen: component.resume(self, seen, results))

    about = {"run": run, "resume": resume, "__doc__": component.__doc__, "__module__": component.__module__}
    return type(component.__name__, (component,), about)


class Reads:
    """Notes the names that bodies look up."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def around(self, context: NodeContext, body: Body) -> Any:
        """Calls the body with a context that notes them."""
        return body(_Reading(context, self.names))


class _Reading:
    def __init__(self, context: NodeContext, names: set[str]) -> None:
        self._context = context
        self._names = names

    def lookup(self, name: str) -> Any:
        self._names.add(name)
        return self._context.lookup(name)

    def render(self, template: str) -> str:
        return render(template, self.lookup)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


class FirstAttempts:
    """Fails every first attempt when its body is done, and notes what each attempt found at its start."""

    def __init__(self) -> None:
        self.found: dict[int, Any] = {}

    def around(self, context: NodeContext, body: Body) -> Any:
        """Calls the body, and throws away what its first attempt gave."""
        if context.attempt not in self.found:
            seen = (context.value, dict(context.parents), dict(context.inputs))
            self.found[context.attempt] = copy.deepcopy(seen)
        value = body(context)
        return self._later(context, value) if inspect.isawaitable(value) else self._judged(context, value)

    async def _later(self, context: NodeContext, value: Any) -> Any:
        return self._judged(context, await value)

    @staticmethod
    def _judged(context: NodeContext, value: Any) -> Any:
        if context.attempt == 1 and not isinstance(value, Frames):
            raise RefusedByTheKitError("the first attempt does not count")
        return value


class Cancellations:
    """Cancels each coroutine body after it has gone on ``turns`` times; notes what is left of it."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self.seconds = 0.0
        """The longest time that a body took to end."""
        self.left: list[str] = []
        """Tasks that were still there."""

    def around(self, context: NodeContext, body: Body) -> Any:
        """Starts the body, and cancels it if there is something to cancel."""
        value = body(context)
        return self._cancelled(value) if inspect.isawaitable(value) else value

    async def _cancelled(self, value: Any) -> Any:
        task = asyncio.ensure_future(value)
        seconds, left = await cancelled_after(task, self._turns)
        self.seconds = max(self.seconds, seconds)
        self.left += left
        return task.result() if task.done() and not task.cancelled() else None


async def cancelled_after(value: Any, turns: int) -> tuple[float, list[str]]:
    """Cancels a coroutine after it has gone on ``turns`` times.

    Returns:
        How many seconds it took to end, and the tasks that it left behind.
    """
    task = asyncio.ensure_future(value)
    before = asyncio.all_tasks() - {task}
    for _ in range(turns):
        await asyncio.sleep(0)
    started = time.monotonic()
    task.cancel()
    await asyncio.wait([task], timeout=GRACE)
    while (left := asyncio.all_tasks() - before) and time.monotonic() - started < GRACE:
        await asyncio.sleep(0.005)
    return time.monotonic() - started, [repr(one) for one in left]


class FrameEntries:
    """Notes entries of frames that do not give exactly ``names``."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = set(names)
        self.wrong: list[list[str]] = []

    def around(self, context: NodeContext, body: Body) -> Any:
        """Calls the body, and looks at the frames that it gives."""
        value = body(context)
        return self._later(value) if inspect.isawaitable(value) else self._looked_at(value)

    async def _later(self, value: Any) -> Any:
        return self._looked_at(await value)

    def _looked_at(self, value: Any) -> Any:
        if not isinstance(value, Frames):
            return value
        if isinstance(value.inputs, AsyncIterator):
            return Frames(self._each_async(value.inputs), value.state)
        if isinstance(value.inputs, Sequence):
            for entry in value.inputs:
                self._look(entry)
            return value
        return Frames(self._each(value.inputs), value.state)

    def _each(self, entries: Iterable[Mapping[str, Any]]) -> Any:
        for entry in entries:
            self._look(entry)
            yield entry

    async def _each_async(self, entries: AsyncIterator[Mapping[str, Any]]) -> Any:
        async for entry in entries:
            self._look(entry)
            yield entry

    def _look(self, entry: Mapping[str, Any]) -> None:
        if set(entry) != self._names:
            self.wrong.append(sorted(entry))
