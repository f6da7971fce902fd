"""Loop: runs a workflow again and again, each time on what the last time gave."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from graphbit_core.contracts import API_VERSION
from graphbit_core.contracts.node_type import Choice, Container, FrameResult, Frames, NodeContext, NodeType
from graphbit_core.errors import Finding, LoopExhaustedError, OutputNotProducedError, ValidationError
from graphbit_core.nodes.settings import require_choice, require_number, require_workflow
from graphbit_core.workflow.calculation import bind
from graphbit_core.workflow.values import fresh

if TYPE_CHECKING:
    from graphbit_core.workflow.workflow import Workflow

EXHAUSTED = "exhausted"
"""Label of the edge that goes on when ``max_iterations`` are over, under ``on_exhausted="route"``."""

_GIVEN = ("state", "iteration")


class LoopNode(NodeType):
    """Runs ``body`` until ``until`` holds. A frame sees ``state`` (the output of the iteration before; at
    first ``initial``, or what came in) and ``iteration`` (from 1). The output is the last state.
    """

    graphbit_api: ClassVar[tuple[int, int]] = API_VERSION

    def __init__(
        self,
        *,
        body: Workflow,
        until: Callable[..., Any] | str,
        max_iterations: int | None = None,
        initial: Any = None,
        on_exhausted: str = "fail",
    ) -> None:
        require_workflow("body", body)
        if max_iterations is None:
            problem = Finding("unbounded_loop", "it has no bound", "give max_iterations")
            raise ValidationError("the loop has no bound", findings=[problem], field="max_iterations")
        require_number("max_iterations", max_iterations, 1, whole=True)
        require_choice("on_exhausted", on_exhausted, ("fail", "route"))
        self._until = bind(until, "until", _GIVEN)
        self._most = max_iterations
        self._initial = initial
        self._route = on_exhausted == "route"
        self.inline = self._until.is_quick
        self._container = Container(body, "loop", ("state", "iteration"), "state")

    def container(self) -> Container:
        """The body, and what it sees."""
        return self._container

    def placeholders(self, first: bool) -> Sequence[str]:
        """Names that ``until`` needs."""
        names = self._until.placeholders(first=False)
        return [name for name in names if name not in ("value", *_GIVEN)]

    def labels(self) -> Sequence[str]:
        """``exhausted``, under ``on_exhausted="route"``."""
        return (EXHAUSTED,) if self._route else ()

    def run(self, context: NodeContext) -> Frames:
        """The first iteration."""
        return _iteration(1, context.value if self._initial is None else fresh(self._initial))

    def resume(self, context: NodeContext, results: Sequence[FrameResult]) -> Any:
        """The last state, or the next iteration; awaitable if ``until`` is a coroutine function."""
        (result,) = results
        if result.error is not None:
            raise result.error
        iteration, state = result.index + 1, result.output
        if not result.has_output:
            problem = f"iteration {iteration} gave no output: its last nodes were all skipped"
            raise OutputNotProducedError(problem, run_id=context.run_id, node=context.node_id)
        done = self._until.of(context, state, {"state": state, "iteration": iteration})
        if inspect.isawaitable(done):
            return self._later(done, iteration, state)
        return self._next(done, iteration, state)

    async def _later(self, done: Any, iteration: int, state: Any) -> Any:
        return self._next(await done, iteration, state)

    def _next(self, done: Any, iteration: int, state: Any) -> Any:
        if done:
            return state
        if iteration < self._most:
            return _iteration(iteration + 1, state)
        if self._route:
            return Choice([EXHAUSTED], state)
        raise LoopExhaustedError(
            f"'until' did not hold after {iteration} iterations; raise max_iterations, or set "
            "on_exhausted='route' and connect an edge with when='exhausted'",
            iterations=iteration,
            state=state,
        )


def _iteration(number: int, state: Any) -> Frames:
    return Frames([{"state": state, "iteration": number}])
