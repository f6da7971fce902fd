"""Functions as bodies in processes of their own, where they can be killed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphbit_core.contracts.node_type import NodeContext
from graphbit_core.errors import ValidationError
from graphbit_core.processes.call import LEAST_MEMORY, Limits, check_target
from graphbit_core.processes.calls import run_in_process
from graphbit_core.workflow.functions import BoundFunction, resolve_function

_MB = 1024 * 1024


def bound_function(
    function: Callable[..., Any] | str, isolation: str | None, memory_mb: int | None
) -> BoundFunction:
    """The function, in this process or, with ``isolation="process"``, in one of its own.

    Raises:
        ValidationError: The function, or one of the settings, is wrong.
    """
    if isolation not in (None, "process"):
        raise ValidationError(
            f"isolation is {isolation!r:.80}; the only kind there is is 'process'", field="isolation"
        )
    if isolation is None:
        if memory_mb is not None:
            raise ValidationError("memory_mb needs isolation='process' beside it", field="memory_mb")
        return BoundFunction(function)
    return IsolatedFunction(function, memory_mb)


class IsolatedFunction(BoundFunction):
    """Is given what its parameters name, as ever, but in a child process, which its cancellation kills.

    Args:
        function: ``package.module:function``, or a function of which that can be told.
        memory_mb: Most memory of the process, in MiB.
    """

    is_quick = True  # whatever the function is, this process awaits the other

    def __init__(self, function: Callable[..., Any] | str, memory_mb: int | None = None) -> None:
        super().__init__(function)
        self._target = function if isinstance(function, str) else _name_of(function)
        check_target(self._target)
        if self.wants_context:
            raise ValidationError(
                f"{self._target!r} has a parameter 'context', which cannot follow it into a process of its "
                "own; let it name the values it needs, or leave isolation out",
                field="isolation",
            )
        least = LEAST_MEMORY // _MB
        if memory_mb is not None and (type(memory_mb) is not int or memory_mb < least):
            raise ValidationError(
                f"memory_mb is {memory_mb!r:.80}; it must be a whole number, at least {least}",
                field="memory_mb",
            )
        self._limits = Limits(memory_bytes=None if memory_mb is None else memory_mb * _MB)

    async def __call__(self, context: NodeContext) -> Any:
        """What the function returns."""
        return await run_in_process(self._target, *self.arguments(context), self._limits)


def _name_of(function: Callable[..., Any]) -> str:
    """Where another process finds the function."""
    module = getattr(function, "__module__", None) or "builtins"
    name = f"{module}:{getattr(function, '__qualname__', type(function).__qualname__)}"
    check_target(name)
    try:
        found = resolve_function(name, "function")
    except ValidationError:
        found = None
    if found is not function:
        raise ValidationError(
            f"{name!r} is not where this function can be found again, so a process of its own cannot import "
            "it; give it a name in a module, and pass 'package.module:function'",
            field="function",
        )
    return name
